// Reports: the months, one of them, and what people enter of meters.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Reports } from "../../api/reports";
import { useWords } from "../../i18n/reports";
import { usePart } from "../../state/route";
import { useTopic } from "../../state/store";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { LIST_ADDRESS, METERS, METERS_ADDRESS } from "./address";
import { Detail } from "./detail";
import { Entries } from "./entries";
import { List } from "./list";
import { Meters } from "./meters";

const REREAD_MS = 30_000;
type Tab = "list" | "meters";

function Tabs({ tab }: { tab: Tab }) {
  const { report } = useWords().t;
  return (
    <nav class="desk-tabs" aria-label={report.tabsLabel}>
      {([["list", LIST_ADDRESS], ["meters", METERS_ADDRESS]] as const).map(([entry, address]) => (
        <a key={entry} href={address} aria-current={entry === tab ? "page" : undefined}>{report.tabs[entry]}</a>
      ))}
    </nav>
  );
}

function Shown({ part, reports, onDone }: { part: string; reports: Reports; onDone: () => void }) {
  if (part === METERS) return <><Meters reports={reports} onDone={onDone} /><Entries entries={reports.entries} now={reports.now_ms} onDone={onDone} /></>;
  return part === "" ? <List reports={reports} /> : <Detail key={part} period={part} reports={reports} onDone={onDone} />;
}

export function ReportsView() {
  const { t } = useWords();
  const [part = ""] = usePart();
  /** What is entered or closed shows at once, not with the next round. */
  const [changed, setChanged] = useState(0);
  const lost = useTopic("connection") === "down";
  const { data, failed, missing } = useWhileOpen(useVisible(), api.reports, REREAD_MS, `${lost}/${changed}`);
  return (
    <main class="desk reports" id="reports" tabIndex={-1} aria-labelledby="reports-title">
      <h2 class="visually-hidden" id="reports-title">{t.reports.title}</h2>
      <Tabs tab={part === METERS ? "meters" : "list"} />
      {failed ? <p class="form-error" role="alert">{missing ? t.report.missing : t.report.failed}</p> : null}
      {data && !missing ? <Shown part={part} reports={data} onDone={() => setChanged((n) => n + 1)} /> : failed ? null : <p class="loading muted">{t.loading}</p>}
    </main>
  );
}
