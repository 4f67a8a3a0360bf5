// An order in words: who has it, and how its clocks stand.
import type { ByKind, OrderClock, WorkOrder, Worded } from "../../api/desk";
import { coming, serviceTime } from "../../format/time";
import { useWords, type Words } from "../../i18n/desk";

/** What a person typed stays as typed, in any language. */
export function Who({ by, kind }: { by: string | null; kind: ByKind }) {
  const { orders } = useWords().t;
  if (by !== null) return <b data-person>{by}</b>;
  return <b>{kind === "public" ? orders.byPublic : orders.byProgram}</b>;
}

export function Assigned({ order }: { order: WorkOrder }) {
  const { orders } = useWords().t;
  return order.assigned ? <span data-person>{order.assigned.name}</span> : <span class="muted">{orders.nobody}</span>;
}

/** What somebody does who takes an order there; the daemon's own word for a state that this page does not know. */
export function verbOf(next: Worded, { t, label }: Words): string {
  const verbs = t.orders.verb as Readonly<Record<string, string>>;
  return verbs[next.state] ?? label(next.text);
}

/** How an order stands, in the colours that the board has for health. */
export function lookOf(order: WorkOrder): string {
  if (order.closed !== null || order.next.length === 0) return "health-waiting";
  if (order.response.late || order.repair.late) return "health-fault";
  return order.state === "done" ? "health-ok" : order.assigned === null ? "health-degraded" : "health-maintenance";
}

/** One clock on one line: how long, until when, and whether that is too long. */
export function Clock({ label, clock, limit, now }: { label: string; clock: OrderClock; limit: number | null; now: number }) {
  const words = useWords();
  const { t } = words;
  const { orders } = t;
  const parts = [orders.used(serviceTime(clock.service_ms, t))];
  if (limit !== null) parts.push(orders.limit(serviceTime(limit, t)));
  if (clock.running && clock.due_ms !== null) parts.push(orders.due(coming(clock.due_ms, now, words)));
  return (
    <span class={clock.late ? "order-clock is-late" : "order-clock"}>
      <span class="muted">{label}</span> {parts.join(" · ")}{clock.late ? <b class="late">{orders.late}</b> : null}
    </span>
  );
}
