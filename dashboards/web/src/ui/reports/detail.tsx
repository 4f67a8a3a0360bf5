// One period: its figures, what is to be done about it, and what it was closed as.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Period, Report, Reports, Revision } from "../../api/reports";
import { useWords } from "../../i18n/reports";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { explain } from "../explain";
import { ChevronIcon } from "../icons";
import { LIST_ADDRESS } from "./address";
import { Figures } from "./figures";
import { Files } from "./files";
import { NextStep } from "./next-step";
import { Revisions } from "./revisions";
import { StageMark } from "./stage";

/** Adding up a month is much work; what is entered or closed here shows at once anyway. */
const REREAD_MS = 300_000;
type Of = "sealed" | "now";

interface Answer { readonly of: Of; readonly report: Report }

function Which({ newest, of, onOf }: { newest: Revision; of: Of; onOf: (of: Of) => void }) {
  const { report } = useWords().t;
  return (
    <div class="chips spans on-screen" role="group" aria-label={report.whichFigures}>
      {(["sealed", "now"] as const).map((entry) => (
        <button key={entry} type="button" class="chip" data-of={entry} aria-pressed={entry === of} onClick={() => onOf(entry)}>
          {entry === "now" ? report.now : report.sealed(newest.revision)}
        </button>
      ))}
    </div>
  );
}

function Remarks({ report }: { report: Report }) {
  const { t, say } = useWords();
  return report.remarks.length === 0 ? null : (
    <section class="card" aria-labelledby="remarks-title">
      <div class="card-head"><h3 id="remarks-title">{t.report.remarks}</h3></div>
      <ul class="remarks">{report.remarks.map((remark) => <li key={remark.en} data-remark>{say(remark)}</li>)}</ul>
    </section>
  );
}

function Loading({ failure, waiting }: { failure: unknown; waiting: boolean }) {
  const words = useWords();
  if (failure !== null) return <p class="form-error" role="alert">{explain(failure, words)}</p>;
  return waiting ? <p class="muted" role="status">{words.t.report.working}</p> : null;
}

export function Detail({ period, reports, onDone }: { period: string; reports: Reports; onDone: () => void }) {
  const { t, say } = useWords();
  const words = t.report;
  const known: Period | undefined = reports.months.concat(reports.others).find((entry) => entry.period === period);
  const newest = known?.revisions[0];
  const [wanted, setWanted] = useState<Of>("sealed");
  const of: Of = newest ? wanted : "now";
  const [changed, setChanged] = useState(0);
  const read = async (): Promise<Answer> => ({ of, report: await api.report(period, of === "now" ? { now: true } : {}) });
  const { data, failure } = useWhileOpen(useVisible(), read, REREAD_MS, `${of}/${newest?.revision ?? 0}/${changed}`);
  const report = data?.of === of ? data.report : null;
  const what = known ? say(known.text) : period;
  const done = () => {
    // Who closes looks at what was closed.
    setWanted("sealed");
    setChanged((n) => n + 1);
    onDone();
  };
  return (
    <>
      <header class="period-head">
        <a class="back on-screen" href={LIST_ADDRESS}><ChevronIcon />{words.back}</a>
        <h2>{what}</h2>
        {known || report ? <StageMark period={known ?? { running: report?.running ?? true, revisions: [] }} /> : null}
        {data ? <span class="muted">{words.days(data.report.first, data.report.last)}</span> : null}
      </header>
      {failure !== null && data === null ? <Loading failure={failure} waiting={false} /> : (
        <div class="period-cards">
          <section class="card" aria-labelledby="figures-title">
            <div class="card-head">
              <h3 id="figures-title">{words.figures}</h3>
              {newest ? <Which newest={newest} of={of} onOf={setWanted} /> : null}
            </div>
            <Loading failure={failure} waiting={report === null} />
            {newest && of === "now" ? <p class="muted hint-line">{words.nowHint}</p> : null}
            {report ? <Figures report={report} /> : null}
            <Files period={period} what={what} which={of === "now" ? { now: true } : {}} forms={reports.forms} />
          </section>
          <NextStep period={period} what={what} running={known?.running ?? report?.running ?? true} newest={newest} since={known?.entries_since ?? 0} report={report} current={of === "now"} onDone={done} />
          {known ? <Revisions period={known} what={what} forms={reports.forms} /> : null}
          {report ? <Remarks report={report} /> : null}
        </div>
      )}
    </>
  );
}
