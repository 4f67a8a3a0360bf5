// Some hours of some days, again and again.
import type { On } from "../../api/desk";
import { useWords } from "../../i18n";
import { typed } from "../ask";
import { Choice } from "../choice";

export type Repeats = "none" | "all" | "working" | "rest" | "weekdays";
const REPEATS: readonly Repeats[] = ["none", "all", "working", "rest", "weekdays"];
const WEEKDAYS = ["1", "2", "3", "4", "5", "6", "7"] as const;
const TIME = /^\d\d:\d\d$/;

interface Hours { readonly on: On; readonly from: string; readonly to: string }

/** Null where it does not repeat. */
export function repeatOf(form: FormData, repeats: Repeats): Hours | null | "wrong" {
  if (repeats === "none") return null;
  const [from, to] = [typed(form, "from").slice(0, 5), typed(form, "to").slice(0, 5)];
  const weekdays = form.getAll("weekday").map(Number);
  if (!TIME.test(from) || !TIME.test(to) || from === to || (repeats === "weekdays" && weekdays.length === 0)) return "wrong";
  return { on: repeats === "weekdays" ? { weekdays } : repeats, from, to };
}

export function RepeatFields({ repeats, onChange }: { repeats: Repeats; onChange: (repeats: Repeats) => void }) {
  const { alerts: words } = useWords().t;
  return (
    <>
      <Choice legend={words.repeats} name="repeats" options={REPEATS.map((key) => [key, words.on[key]] as const)} value={repeats} onChange={onChange} />
      {repeats !== "weekdays" ? null : (
        <fieldset class="choice">
          <legend>{words.weekdays}</legend>
          <div class="choice-row">
            {WEEKDAYS.map((day) => (
              <label key={day} class="choice-chip"><input type="checkbox" name="weekday" value={day} /><span>{words.weekday[day]}</span></label>
            ))}
          </div>
        </fieldset>
      )}
      {repeats === "none" ? null : (
        <div class="field-grid">
          <label class="field"><span>{words.from}</span><input type="time" name="from" defaultValue="12:00" required /></label>
          <label class="field"><span>{words.to}</span><input type="time" name="to" defaultValue="13:00" required /></label>
        </div>
      )}
    </>
  );
}
