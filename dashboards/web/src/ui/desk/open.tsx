// The open alerts with all that is known of them, and what somebody can do about them.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { WorkOrder } from "../../api/desk";
import type { Alert, Hall } from "../../api/types";
import { useWords } from "../../i18n";
import { useTopic } from "../../state/store";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { AckDialog } from "../ack-dialog";
import { AlertRow } from "../alert-row";
import { Resolved } from "../alerts";
import { BellOffIcon, ChevronIcon } from "../icons";
import { byUrgency } from "../urgency";
import { Cost } from "./cost";
import { ANY, Filters, isAlone, passes } from "./filter";
import { folded, type Fold } from "./fold";
import { NewOrderDialog } from "./new-order";
import { SilenceDialog } from "./silence-dialog";
import { Suspects } from "./suspects";
import { addressOf } from "./tabs";

/** More than this help nobody; the filters do. */
const SHOWN_LIMIT = 150;
const ORDERS_LIMIT = 1_000;
const REREAD_MS = 15_000;
/** A channel is said to fail after its first tries. */
const FAILING_MS = 60_000;

type Deed = "acknowledge" | "silence" | "maintenance" | "order";
interface Asked { readonly deed: Deed; readonly alert: Alert }
type Ordered = ReadonlyMap<string, WorkOrder>;

function byAlert(orders: readonly WorkOrder[]): Ordered {
  const ordered = new Map<string, WorkOrder>();
  for (const order of orders) for (const id of order.alerts) ordered.set(id, order);
  return ordered;
}

/** Channels that fail, and since when: what was raised after that has not reached them yet. */
type Failing = ReadonlyMap<string, number>;

function Deeds({ alert, order, failing, onAsk }: { alert: Alert; order: WorkOrder | undefined; failing: Failing; onAsk: (asked: Asked) => void }) {
  const { t, say } = useWords();
  const missed = alert.told.filter((name) => (failing.get(name) ?? Infinity) <= alert.raised_ms + FAILING_MS);
  const told = alert.told.filter((name) => missed.indexOf(name) < 0);
  const button = (deed: Deed, label: string) => (
    <button type="button" class="button" data-deed={deed} onClick={() => onAsk({ deed, alert })}>{label}</button>
  );
  return (
    <div class="deeds">
      <p class="deed-facts">
        <Cost alert={alert} />
        {told.length > 0 ? <span class="muted">{t.alerts.told(told)}</span> : null}
        {missed.length > 0 ? <span class="deed-missed" data-testid="missed">{t.alerts.missed(missed)}</span> : null}
        {alert.told.length === 0 ? <span class="muted">{t.alerts.toldNobody}</span> : null}
        {order ? <a class="deed-order" href={addressOf("orders", order.id)}>{t.alerts.order(order.id, say(order.state_text))}</a> : null}
      </p>
      {button("acknowledge", alert.acknowledged ? t.alerts.again : t.acknowledge)}
      {button("silence", t.alerts.silence)}
      {alert.device === null ? null : button("maintenance", t.alerts.maintain)}
      {alert.device === null || order ? null : button("order", t.alerts.makeOrder)}
    </div>
  );
}

function FoldRow({ fold, ordered, failing, onAsk }: { fold: Fold; ordered: Ordered; failing: Failing; onAsk: (asked: Asked) => void }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const { alert, under } = fold;
  const deeds = (entry: Alert) => <Deeds alert={entry} order={ordered.get(entry.id)} failing={failing} onAsk={onAsk} />;
  return (
    <AlertRow alert={alert} full>
      {deeds(alert)}
      {under.length === 0 ? null : (
        <div class="folded">
          <button type="button" class="fold" aria-expanded={open} onClick={() => setOpen(!open)}><ChevronIcon />{t.alerts.folded(under.length)}</button>
          {open ? <ul class="alert-list">{under.map((entry) => <AlertRow key={entry.id} alert={entry} full>{deeds(entry)}</AlertRow>)}</ul> : null}
        </div>
      )}
    </AlertRow>
  );
}

function Asking({ asked, hall, onClose, onOrder }: { asked: Asked; hall: Hall; onClose: () => void; onOrder: () => void }) {
  const { deed, alert } = asked;
  const { device, rule } = alert;
  if (deed === "acknowledge") return <AckDialog alert={alert} onClose={onClose} />;
  if (deed === "order") return <NewOrderDialog alert={alert} onClose={onClose} onMade={onOrder} />;
  const preset = deed === "maintenance" ? { device } : { device, rule };
  return <SilenceDialog hall={hall} effect={deed} preset={preset} onClose={onClose} />;
}

export function OpenAlerts({ hall }: { hall: Hall }) {
  const { t } = useWords();
  const alerts = useTopic("alerts");
  const [filter, setFilter] = useState(ANY);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [made, setMade] = useState(0);
  const visible = useVisible();
  const { data } = useWhileOpen(visible, () => api.orders("open", ORDERS_LIMIT), REREAD_MS, made);
  const { data: channels } = useWhileOpen(visible, api.channels, REREAD_MS);
  if (alerts === null) return <p class="loading muted">{t.loading}</p>;
  const ordered = byAlert(data?.orders ?? []);
  const failing: Failing = new Map((channels?.channels ?? []).map((one) => [one.name, one.failing_since_ms ?? Infinity] as const));
  const folds = folded(alerts.slice().sort(byUrgency));
  const wanted = folds.filter(({ alert, under }) => [alert, ...under].some((entry) => passes(entry, filter, ordered)));
  const alone = folds.filter(({ alert }) => isAlone(alert, ordered)).length;
  const shown = wanted.slice(0, SHOWN_LIMIT);
  const count = shown.reduce((sum, fold) => sum + 1 + fold.under.length, 0);
  return (
    <>
      <Filters alerts={alerts} alone={alone} hall={hall} filter={filter} onChange={setFilter} />
      {count === alerts.length ? null : <p class="muted desk-note" role="status">{t.alerts.shown(count, alerts.length)}</p>}
      {alerts.length === 0 ? <div class="card empty"><BellOffIcon /><p>{t.alertsNone}</p><p class="muted">{t.alertsNoneHint}</p></div> : null}
      {alerts.length > 0 && shown.length === 0 ? <p class="muted desk-note">{t.alerts.noMatch}</p> : null}
      <ul class="desk-alerts" data-testid="desk-alerts">
        {shown.map((fold) => <FoldRow key={fold.alert.id} fold={fold} ordered={ordered} failing={failing} onAsk={setAsked} />)}
      </ul>
      <Suspects />
      <Resolved />
      {asked ? <Asking asked={asked} hall={hall} onClose={() => setAsked(null)} onOrder={() => setMade((n) => n + 1)} /> : null}
    </>
  );
}
