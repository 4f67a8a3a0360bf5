// The recount of a month: every reading on disk is counted and compared with the ledger.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Audit } from "../../api/types";
import { decimal } from "../../format/number";
import { isoDate } from "../../format/time";
import { useWords, type Words } from "../../i18n";
import { HealthIcon } from "../icons";
import type { NameOf } from "./letters";
import { OrderButton, OrderNote, useOrder } from "./order";

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

function headline(audit: Audit, { t, lang }: Words): string {
  const shown = (n: number) => decimal(n, 0, lang);
  const [kept, onDisk] = [shown(audit.kept), shown(audit.on_disk)];
  if (audit.differences.length === 0) return t.data.agree(kept, onDisk);
  return audit.missing > 0 ? t.data.lacking(kept, onDisk, shown(audit.missing)) : t.data.disagree(kept, onDisk);
}

function notesOf(audit: Audit, { t, lang }: Words): string[] {
  const words = t.data;
  const shown = (n: number) => decimal(n, 0, lang);
  const notes: string[] = [];
  // What came in while the disk was read is in the ledger only; the daemon allows for it.
  if (audit.differences.length === 0 && audit.kept > audit.on_disk) notes.push(words.cameMeanwhile(shown(audit.kept - audit.on_disk)));
  if (audit.not_kept > 0) notes.push(`${words.notKept(shown(audit.not_kept))}${lang === "zh" ? "。" : "."}`);
  for (const sink of audit.sinks) {
    const parts = [words.recountSink(sink.sink, shown(sink.delivered + sink.recovered)), sink.owed === null ? words.recountOwedMany : sink.owed > 0 ? words.recountOwed(shown(sink.owed)) : words.recountAll];
    if (sink.dead_letters > 0) parts.push(words.recountRefused(shown(sink.dead_letters)));
    notes.push(parts.join(lang === "zh" ? "，" : ", "));
  }
  return notes;
}

function Differences({ audit, nameOf }: { audit: Audit; nameOf: NameOf }) {
  const { t, lang } = useWords();
  const heads = [t.data.source, t.data.day, t.data.byLedger, t.data.onDisk];
  return audit.differences.length === 0 ? null : (
    <table class="differences">
      <caption>{t.data.differences}</caption>
      <thead><tr>{heads.map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead>
      <tbody>
        {audit.differences.map(({ device, date, kept, on_disk }) => (
          <tr key={`${device}/${date}`} data-difference={`${device}/${date}`}>
            <th scope="row">{nameOf(device)}</th><td>{date}</td>
            <td class="figure">{decimal(kept, 0, lang)}</td><td class="figure">{decimal(on_disk, 0, lang)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Result({ audit, nameOf }: { audit: Audit; nameOf: NameOf }) {
  const words = useWords();
  const { data } = words.t;
  // Days are written so that their order is that of their letters.
  if (audit.from > audit.to) return <p data-testid="recount">{data.recountNothing(audit.month)}</p>;
  const health = audit.missing > 0 ? "fault" : audit.differences.length > 0 || audit.not_kept > 0 ? "degraded" : "ok";
  return (
    <div class={`recount-result health-${health}`}>
      <p class="muted">{data.recountDays(audit.from, audit.to)}</p>
      <p class="recount-text" data-testid="recount"><HealthIcon health={health} /><b>{headline(audit, words)}</b></p>
      {notesOf(audit, words).map((note) => <p key={note}>{note}</p>)}
      <Differences audit={audit} nameOf={nameOf} />
    </div>
  );
}

export function Recount({ now, nameOf }: { now: number; nameOf: NameOf }) {
  const { data } = useWords().t;
  const order = useOrder();
  const [audit, setAudit] = useState<Audit | null>(null);
  const [wrong, setWrong] = useState(false);
  const thisMonth = isoDate(now).slice(0, 7);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const month = String(new FormData(event.currentTarget as HTMLFormElement).get("month"));
    setWrong(!MONTH.test(month));
    if (MONTH.test(month)) void order.give(async () => setAudit(await api.audit(month)));
  };
  return (
    <section class={audit === null ? "card recount on-screen" : "card recount"} aria-labelledby="recount-title">
      <div class="card-head"><h2 id="recount-title">{data.recountTitle}</h2></div>
      <form class="on-screen" onSubmit={submit} noValidate>
        <label class="field"><span>{data.month}</span><input type="month" name="month" defaultValue={thisMonth} max={thisMonth} required /></label>
        <OrderButton order={order} busy={data.recounting}>{data.recount}</OrderButton>
      </form>
      <p class="muted recount-hint on-screen">{data.recountHint}</p>
      {wrong ? <p class="form-error" role="alert">{data.monthWrong}</p> : null}
      {order.state.at === "failed" ? <OrderNote order={order} /> : null}
      {/* An older result would be taken for that of the month that is being counted. */}
      <div role="status">{audit !== null && order.state.at === "taken" ? <Result audit={audit} nameOf={nameOf} /> : null}</div>
    </section>
  );
}
