// Any other day, week, quarter or year.
import { useState } from "preact/hooks";
import { useWords } from "../../i18n/reports";
import { typed } from "../ask";
import { addressOf, periodOf } from "./address";

export function OtherPeriod() {
  const { report } = useWords().t;
  const [wrong, setWrong] = useState(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const period = periodOf(typed(new FormData(event.currentTarget as HTMLFormElement), "period"));
    setWrong(period === null);
    if (period !== null) window.location.hash = addressOf(period);
  };
  return (
    <section class="card on-screen" aria-labelledby="other-title">
      <form class="other-period" onSubmit={submit} onInput={() => setWrong(false)} noValidate>
        <label class="field">
          <span id="other-title">{report.ask}</span>
          <input name="period" maxLength={12} placeholder={report.askExample} autocomplete="off" aria-describedby="other-hint" aria-invalid={wrong ? "true" : undefined} required />
        </label>
        <button type="submit" class="button">{report.show}</button>
      </form>
      {wrong ? <p class="form-error" role="alert" id="other-hint">{report.askWrong}</p> : <p class="muted hint-line" id="other-hint">{report.askHint}</p>}
    </section>
  );
}
