// The months and what else was closed: how far each is, and its files.
import { useState } from "preact/hooks";
import type { Period, Reports } from "../../api/reports";
import { useWords } from "../../i18n/reports";
import { addressOf } from "./address";
import { Files } from "./files";
import { OtherPeriod } from "./other-period";
import { Signatures, StageMark, stageOf } from "./stage";

/** A year and the month that runs. */
const SHOWN = 13;

function Row({ period, forms }: { period: Period; forms: readonly string[] }) {
  const { t, say } = useWords();
  const { report } = t;
  const newest = period.revisions[0];
  const without = stageOf(period) === "open" ? <a class="go-close on-screen" href={addressOf(period.period)}>{report.goClose}</a> : <span class="muted">{t.none}</span>;
  return (
    <tr data-period={period.period}>
      <th scope="row"><a class="period-link" href={addressOf(period.period)}>{say(period.text)}</a></th>
      <td><StageMark period={period} /></td>
      <td class={stageOf(period) === "running" ? "wide-cell is-none" : "wide-cell"}>{newest ? <Signatures revision={newest} /> : without}</td>
      <td class="wide-cell"><Files period={period.period} what={say(period.text)} which={{}} forms={forms} /></td>
    </tr>
  );
}

function Table({ periods, forms, label }: { periods: readonly Period[]; forms: readonly string[]; label: string }) {
  const { report } = useWords().t;
  return (
    <table class="desk-table period-table" aria-label={label}>
      <thead><tr>{[report.period, report.state, report.signatures, report.files].map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead>
      <tbody>{periods.map((period) => <Row key={period.period} period={period} forms={forms} />)}</tbody>
    </table>
  );
}

export function List({ reports }: { reports: Reports }) {
  const { report } = useWords().t;
  const [all, setAll] = useState(false);
  const { months, others, forms } = reports;
  const left = all ? 0 : Math.max(0, months.length - SHOWN);
  return (
    <>
      <section class="card" aria-labelledby="months-title">
        <div class="card-head"><h3 id="months-title">{report.months}</h3></div>
        {months.length === 0 ? <p class="muted">{report.noMonths}</p> : <Table periods={left > 0 ? months.slice(0, SHOWN) : months} forms={forms} label={report.months} />}
        {left > 0 ? <button type="button" class="button show-all" onClick={() => setAll(true)}>{report.showAll(left)}</button> : null}
      </section>
      {others.length === 0 ? null : (
        <section class="card" aria-labelledby="others-title">
          <div class="card-head"><h3 id="others-title">{report.others}</h3></div>
          <Table periods={others} forms={forms} label={report.others} />
        </section>
      )}
      <OtherPeriod />
    </>
  );
}
