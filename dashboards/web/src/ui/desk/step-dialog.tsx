// The next step of a work order, with what that step has to say.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { NewStep, Part, WorkOrder, Worded } from "../../api/desk";
import { useWords, type Words } from "../../i18n/desk";
import { useWhileOpen } from "../../state/while-open";
import { Ask, NOTE_LIMIT, typed } from "../ask";
import { NAME_LIMIT } from "../person";
import { verbOf } from "./order-words";

const VENDORS_MS = 300_000;
const PARTS_MAX = 20;
const COUNT_MAX = 1_000;
/** The value of "somebody else" among the vendors; no id has a space. */
const PERSON = " ";
const TAKES_PARTS: readonly string[] = ["repairing", "waiting_for_part", "done"];
const TAKES_REASON: readonly string[] = ["closed", "cancelled"];

/** Rows that are empty were not meant. */
function partsOf(form: FormData): Part[] | null {
  const names = form.getAll("part").map((name) => String(name).trim());
  const counts = form.getAll("count").map((count) => Number(count));
  const parts: Part[] = names.map((name, i) => ({ name, count: counts[i] ?? NaN })).filter((part) => part.name !== "");
  return parts.every(({ count }) => Number.isInteger(count) && count >= 1 && count <= COUNT_MAX) ? parts : null;
}

function wishOf(form: FormData, by: string, state: string, { t }: Words): string | NewStep {
  const { orders } = t;
  const step: NewStep = { state, by, note: typed(form, "note") };
  if (state === "assigned") {
    const vendor = String(form.get("to") ?? "");
    const to = vendor === PERSON ? typed(form, "person") : vendor;
    return to === "" ? orders.toNeeded : { ...step, to };
  }
  if (TAKES_PARTS.indexOf(state) >= 0) {
    const parts = partsOf(form);
    return parts === null ? orders.partsWrong : { ...step, parts };
  }
  if (TAKES_REASON.indexOf(state) >= 0) {
    const reason = typed(form, "reason");
    return reason === "" ? orders.reasonNeeded : { ...step, reason };
  }
  return step;
}

function To({ order }: { order: WorkOrder }) {
  const { orders } = useWords().t;
  const { data } = useWhileOpen(true, api.vendors, VENDORS_MS);
  const [to, setTo] = useState(order.contract?.vendor ?? "");
  const vendors = data?.vendors ?? [];
  // Without vendors there is nobody to choose but a person.
  const person = to === PERSON || (data !== null && vendors.length === 0);
  return (
    <>
      <label class="field">
        <span>{orders.to}</span>
        <select name="to" value={person ? PERSON : to} onChange={(event) => setTo(event.currentTarget.value)}>
          <option value="">{orders.nobody}</option>
          {vendors.map((vendor) => <option key={vendor.id} value={vendor.id} data-person>{vendor.name}</option>)}
          <option value={PERSON}>{orders.person}</option>
        </select>
      </label>
      {person ? <label class="field"><span>{orders.personName}</span><input name="person" maxLength={NAME_LIMIT} autocomplete="off" /></label> : null}
    </>
  );
}

function Parts() {
  const { orders } = useWords().t;
  const [rows, setRows] = useState(1);
  return (
    <fieldset class="choice">
      <legend>{orders.parts}</legend>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class="part-row">
          <input name="part" maxLength={NAME_LIMIT} placeholder={orders.part} aria-label={orders.part} autocomplete="off" />
          <input name="count" type="number" min={1} max={COUNT_MAX} defaultValue="1" aria-label={orders.count} />
        </div>
      ))}
      {rows < PARTS_MAX ? <button type="button" class="text-button" onClick={() => setRows(rows + 1)}>+ {orders.addPart}</button> : null}
    </fieldset>
  );
}

export function StepDialog({ order, next, onClose, onStep }: { order: WorkOrder; next: Worded; onClose: () => void; onStep: () => void }) {
  const words = useWords();
  const { t, say } = words;
  const { orders } = t;
  const { state } = next;
  const read = (form: FormData, by: string) => {
    const wish = wishOf(form, by, state, words);
    return typeof wish === "string" ? wish : () => api.stepOrder(order.id, wish).then(onStep);
  };
  return (
    <Ask title={verbOf(next, words)} about={<><b>{say(order.device_name)}</b> <span data-person={order.origin === "alert" ? undefined : true}>{say(order.what)}</span></>} read={read} onClose={onClose}>
      {state === "assigned" ? <To order={order} /> : null}
      {TAKES_PARTS.indexOf(state) >= 0 ? <Parts /> : null}
      {TAKES_REASON.indexOf(state) >= 0 ? <label class="field"><span>{orders.reason}</span><textarea name="reason" rows={2} maxLength={NOTE_LIMIT} required /></label> : null}
      <label class="field"><span>{orders.note}</span><textarea name="note" rows={2} maxLength={NOTE_LIMIT} /></label>
    </Ask>
  );
}
