// Any other day, week, month, quarter or year: of what kind, and one day of it.
import { useState } from "preact/hooks";
import { isoDate, startOfDate } from "../../format/time";
import { useWords } from "../../i18n/reports";
import { serverNow } from "../../state/clock";
import { typed } from "../ask";
import { Choice } from "../choice";
import { addressOf, KINDS, periodOn, type Kind } from "./address";

export function OtherPeriod() {
  const { report } = useWords().t;
  const [today] = useState(() => isoDate(serverNow()));
  const [kind, setKind] = useState<Kind>("week");
  const [wrong, setWrong] = useState(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const date = typed(new FormData(event.currentTarget as HTMLFormElement), "date");
    const begun = startOfDate(date) <= startOfDate(today);
    setWrong(!begun);
    if (begun) window.location.hash = addressOf(periodOn(kind, date));
  };
  return (
    <section class="card on-screen" aria-labelledby="other-title">
      <div class="card-head"><h3 id="other-title">{report.ask}</h3></div>
      <form class="other-period" onSubmit={submit} onInput={() => setWrong(false)} noValidate>
        <Choice legend={report.askKind} name="kind" options={KINDS.map((key) => [key, report.kinds[key]] as const)} value={kind} onChange={setKind} />
        <label class="field">
          <span>{kind === "day" ? report.askDay : report.askDayOf(report.kinds[kind])}</span>
          <input type="date" name="date" defaultValue={today} max={today} aria-describedby={wrong ? "other-wrong" : undefined} aria-invalid={wrong ? "true" : undefined} required />
        </label>
        <button type="submit" class="button">{report.show}</button>
      </form>
      {wrong ? <p class="form-error" role="alert" id="other-wrong">{report.askWrong}</p> : null}
    </section>
  );
}
