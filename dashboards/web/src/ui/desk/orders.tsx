// The work orders, and how well the hall is repaired.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { WorkOrder } from "../../api/desk";
import type { Hall } from "../../api/types";
import { moment } from "../../format/time";
import { useWords } from "../../i18n/desk";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { Figures } from "./figures";
import { NewOrderDialog } from "./new-order";
import { OrderSheet } from "./order-sheet";
import { Assigned, Clock, lookOf } from "./order-words";
import { addressOf } from "./tabs";
import { Trouble } from "./trouble";

const REREAD_MS = 10_000;
const LIMIT = 300;
type Which = "open" | "closed";

function Row({ order, now }: { order: WorkOrder; now: number }) {
  const { t, say, label, lang } = useWords();
  const { orders } = t;
  const over = order.closed !== null;
  return (
    <li class={`order ${lookOf(order)}`} data-order={order.id}>
      <a class="order-link" href={addressOf("orders", order.id)}>
        <span class="order-head">
          <span class="order-state">{label(order.state_text)}</span>
          <b>{say(order.device_name)}</b>
          <code>{order.id}</code>
          <span class="order-opened muted">{order.closed ? orders.closedAs(moment(order.closed.at_ms, now, lang)) : orders.opened(moment(order.opened_ms, now, lang))}</span>
        </span>
        <span class="order-what" data-person={order.origin === "alert" ? undefined : true}>{say(order.what)}</span>
        <span class="order-facts">
          <span><span class="muted">{orders.assignedTo}</span> <Assigned order={order} /></span>
          {order.reports > 0 ? <span class="muted">{orders.reports(order.reports)}</span> : null}
          {over ? <span class="muted">{order.closed?.proven ? orders.proven : orders.unproven}</span> : null}
          {over || !order.response.running ? null : <Clock label={orders.response} clock={order.response} limit={order.contract?.response_ms ?? null} now={now} />}
          <Clock label={orders.repair} clock={order.repair} limit={order.contract?.repair_ms ?? null} now={now} />
        </span>
      </a>
    </li>
  );
}

export function Orders({ hall, about }: { hall: Hall; about: string | undefined }) {
  const { t } = useWords();
  const { orders } = t;
  const [which, setWhich] = useState<Which>("open");
  const [changed, setChanged] = useState(0);
  const [making, setMaking] = useState(false);
  const { data, failed, missing } = useWhileOpen(useVisible(), () => api.orders(which, LIMIT), REREAD_MS, `${which}/${changed}`);
  const again = () => setChanged((n) => n + 1);
  // The answer to the other question may be on the page still.
  const list = data?.orders.filter((order) => (order.closed === null && order.next.length > 0) === (which === "open")) ?? null;
  const close = () => { window.location.hash = addressOf("orders"); };
  const made = (order: WorkOrder) => {
    again();
    window.location.hash = addressOf("orders", order.id);
  };
  return (
    <>
      <section class="card" aria-label={t.alerts.tabs.orders}>
        <div class="desk-actions">
          <button type="button" class="button button-main" data-new="order" onClick={() => setMaking(true)}>{orders.make}</button>
          <div class="chips" role="group" aria-label={orders.which}>
            {(["open", "closed"] as const).map((entry) => (
              <button key={entry} type="button" class="chip" data-which={entry} aria-pressed={entry === which} onClick={() => setWhich(entry)}>{orders[entry]}</button>
            ))}
          </div>
        </div>
        <Trouble failed={failed} missing={missing} />
        {list === null ? (failed ? null : <p class="muted">{t.loading}</p>) : list.length === 0 ? <p class="muted">{which === "open" ? orders.noneOpen : orders.noneClosed}</p> : null}
        <ul class="order-list">{(list ?? []).map((order) => <Row key={order.id} order={order} now={data?.now_ms ?? 0} />)}</ul>
      </section>
      {missing ? null : <Figures hall={hall} again={changed} />}
      {making ? <NewOrderDialog alert={null} onClose={() => setMaking(false)} onMade={made} /> : null}
      {about ? <OrderSheet key={about} id={about} onClose={close} onStep={again} /> : null}
    </>
  );
}
