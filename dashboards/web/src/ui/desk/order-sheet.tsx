// One work order: what, who, its clocks, what can be done next, and all that was done.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { OrderClock, Vendor, WorkOrder, Worded } from "../../api/desk";
import { coming, moment, serviceTime } from "../../format/time";
import { useWords } from "../../i18n/desk";
import { serverNow } from "../../state/clock";
import { put } from "../../state/store";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { Dialog } from "../dialog";
import { Assigned, Who, lookOf, verbOf } from "./order-words";
import { StepDialog } from "./step-dialog";

const REREAD_MS = 10_000;
/** Vendors change with the configuration only. */
const VENDORS_MS = 300_000;

function Facts({ order, vendors }: { order: WorkOrder; vendors: readonly Vendor[] }) {
  const { t, say, label, lang } = useWords();
  const { orders } = t;
  const { assigned, contract, closed } = order;
  return (
    <>
      <p class={`drawer-health ${lookOf(order)}`}><b>{label(order.state_text)}</b><span data-person={order.origin === "alert" ? undefined : true}>{say(order.what)}</span></p>
      <dl class="pairs">
        <div><dt>{orders.device}</dt><dd><button type="button" class="link-button" onClick={() => put("drawer", order.device)}>{say(order.device_name)}</button></dd></div>
        <div><dt>{orders.model}</dt><dd><code>{order.profile}</code></dd></div>
        <div><dt>{orders.opened(moment(order.opened_ms, serverNow(), lang))}</dt><dd>{orders.origin[order.origin]}{order.rule ? ` · ${orders.from(order.rule)}` : ""}</dd></div>
        <div><dt>{orders.assignedTo}</dt><dd><Assigned order={order} />{assigned?.phone ? <> · <a href={`tel:${assigned.phone}`}>{assigned.phone}</a></> : null}</dd></div>
        {order.reports > 0 ? <div><dt>{orders.origin.public}</dt><dd>{orders.reports(order.reports)}</dd></div> : null}
        {contract ? <div><dt>{orders.contract}</dt><dd data-person>{vendors.find((vendor) => vendor.id === contract.vendor)?.name ?? contract.vendor}</dd></div> : null}
      </dl>
      {closed ? (
        <p class="order-closed">
          {orders.closedAs(moment(closed.at_ms, serverNow(), lang))} · <Who by={closed.by} kind={closed.by_kind} /> · <span data-person={closed.by_kind === "person" ? true : undefined}>{say(closed.reason)}</span>
          {" · "}{closed.proven ? orders.proven : orders.unproven}
        </p>
      ) : null}
    </>
  );
}

function ClockRow({ name, clock, limit }: { name: string; clock: OrderClock; limit: number | null }) {
  const words = useWords();
  const { t } = words;
  const { orders } = t;
  return (
    <div class={clock.late ? "sheet-clock is-late" : "sheet-clock"} data-clock>
      <dt>{name} <span class="muted">{clock.running ? orders.running : orders.stopped}</span>{clock.late ? <b class="late">{orders.late}</b> : null}</dt>
      <dd>
        <b>{serviceTime(clock.service_ms, t)}</b>
        <span class="muted">{orders.wall(serviceTime(clock.wall_ms, t))}</span>
        {limit === null ? null : <span>{orders.limit(serviceTime(limit, t))}</span>}
        {clock.due_ms === null || !clock.running ? null : <span>{orders.due(coming(clock.due_ms, serverNow(), words))}</span>}
      </dd>
    </div>
  );
}

function Past({ order }: { order: WorkOrder }) {
  const { t, say, label, lang } = useWords();
  const { orders } = t;
  return (
    <>
      {order.parts.length === 0 ? null : (
        <section>
          <h3>{orders.parts}</h3>
          <ul class="sheet-parts">{order.parts.map((part) => <li key={part.name}><span data-person>{part.name}</span> {orders.times(String(part.count))}</li>)}</ul>
        </section>
      )}
      <section>
        <h3>{orders.history}</h3>
        <ol class="sheet-steps">
          {order.steps.map((step, i) => (
            <li key={i} data-step={step.state}>
              <p><b>{label(step.state_text)}</b> <span class="muted">{moment(step.at_ms, serverNow(), lang)} · <Who by={step.by} kind={step.by_kind} /></span></p>
              {say(step.note) === "" ? null : <p><q data-person={step.by_kind === "person" ? true : undefined}>{say(step.note)}</q></p>}
            </li>
          ))}
        </ol>
      </section>
    </>
  );
}

export function OrderSheet({ id, onClose, onStep }: { id: string; onClose: () => void; onStep: () => void }) {
  const words = useWords();
  const { t } = words;
  const { orders } = t;
  const [changed, setChanged] = useState(0);
  const [taking, setTaking] = useState<Worded | null>(null);
  const { data: order, failed } = useWhileOpen(useVisible(), () => api.order(id), REREAD_MS, changed);
  const { data: vendors } = useWhileOpen(true, api.vendors, VENDORS_MS);
  const stepped = () => {
    setChanged((n) => n + 1);
    onStep();
  };
  return (
    <Dialog class="sheet" title={<>{orders.details} <code>{id}</code></>} onClose={onClose}>
      <div class="drawer-scroll">
        {failed ? <p class="form-error" role="alert">{orders.unknown}</p> : null}
        {order ? (
          <>
            <Facts order={order} vendors={vendors?.vendors ?? []} />
            <section>
              <h3>{orders.clocks}</h3>
              <dl class="sheet-clocks">
                <ClockRow name={orders.response} clock={order.response} limit={order.contract?.response_ms ?? null} />
                <ClockRow name={orders.repair} clock={order.repair} limit={order.contract?.repair_ms ?? null} />
              </dl>
              {order.contract ? null : <p class="muted">{orders.noContract}</p>}
            </section>
            <section>
              <h3>{orders.steps}</h3>
              {order.next.length === 0 ? <p class="muted">{orders.over}</p> : (
                <div class="sheet-next">
                  {order.next.map((next) => <button key={next.state} type="button" class="button" data-next={next.state} onClick={() => setTaking(next)}>{verbOf(next, words)}</button>)}
                </div>
              )}
            </section>
            <Past order={order} />
          </>
        ) : failed ? null : <p class="muted">{t.loading}</p>}
      </div>
      {taking && order ? <StepDialog order={order} next={taking} onClose={() => setTaking(null)} onStep={stepped} /> : null}
    </Dialog>
  );
}
