// Sends the readings of some days to a database once more.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import { isoDate, nextDate, startOfDate } from "../../format/time";
import { useWords } from "../../i18n";
import { OrderButton, OrderNote, useOrder } from "./order";

const DAY_MS = 86_400_000;

export function Resend({ sink, now, onOrder }: { sink: string; now: number; onOrder: () => void }) {
  const { data } = useWords().t;
  const order = useOrder();
  const [wrong, setWrong] = useState(false);
  const today = isoDate(now);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const from = startOfDate(String(form.get("from")));
    const to = String(form.get("to"));
    // The last day is meant as a whole.
    const end = Number.isNaN(startOfDate(to)) ? NaN : startOfDate(nextDate(to));
    setWrong(!(from < end));
    if (from < end) void order.give(() => api.resend(sink, { from_ms: from, to_ms: end })).then((taken) => { if (taken) onOrder(); });
  };
  return (
    <details class="resend on-screen">
      <summary>{data.resendTitle}</summary>
      <form onSubmit={submit} noValidate>
        <label class="field"><span>{data.from}</span><input type="date" name="from" defaultValue={isoDate(now - DAY_MS)} max={today} required /></label>
        <label class="field"><span>{data.to}</span><input type="date" name="to" defaultValue={today} max={today} required /></label>
        <OrderButton order={order} busy={data.ordering}>{data.resend}</OrderButton>
      </form>
      <p class="muted">{data.resendHint}</p>
      {wrong ? <p class="form-error" role="alert">{data.datesWrong}</p> : <OrderNote order={order} taken={data.ordered} />}
    </details>
  );
}
