// What is to be done about a period now: wait, settle what stands in the way, close, sign.
import { useState } from "preact/hooks";
import type { Report, Revision, Role } from "../../api/reports";
import { useWords } from "../../i18n/reports";
import { METERS_ADDRESS } from "./address";
import { CloseDialog } from "./close-dialog";
import { Obstacles } from "./obstacles";
import { SignDialog } from "./sign-dialog";
import { nextRole } from "./stage";

interface Props {
  period: string;
  what: string;
  running: boolean;
  newest: Revision | undefined;
  /** Entries since the newest revision. */
  since: number;
  /** Null while they are being added up. */
  report: Report | null;
  /** They are those of now, not those of a revision. */
  current: boolean;
  onDone: () => void;
}

function Ways({ report, newest, current }: Pick<Props, "newest" | "current"> & { report: Report }) {
  const { t } = useWords();
  const { obstacles } = report;
  if (obstacles.length === 0) return newest || report.running ? null : <p>{t.report.clear}</p>;
  const sealed = newest && !current;
  return (
    <div class="in-the-way" data-testid="obstacles">
      <p><b>{sealed ? t.report.obstaclesOfRevision(t.report.revision(newest.revision), obstacles.length) : t.report.obstacles(obstacles.length)}</b></p>
      <Obstacles obstacles={obstacles} />
      {sealed ? null : <p class="muted">{t.report.obstaclesHint} <a class="on-screen" href={METERS_ADDRESS}>{t.report.toMeters}</a></p>}
    </div>
  );
}

export function NextStep({ period, what, running, newest, since, report, current, onDone }: Props) {
  const { t } = useWords();
  const words = t.report;
  const [asking, setAsking] = useState<"close" | Role | null>(null);
  const role = newest ? nextRole(newest) : null;
  const obstacles = report && current ? report.obstacles : [];
  const told = running ? words.notOver : !newest ? words.nextClose : role ? words.nextSign(words.roles[role]) : words.done;
  const end = () => setAsking(null);
  return (
    <section class="card next-step" aria-labelledby="next-title">
      <div class="card-head"><h3 id="next-title">{words.next}</h3></div>
      <p class="next-told" role="status" data-testid="next">{told}</p>
      {newest && since > 0 ? <p class="in-the-way" data-testid="changed-since">{words.changedSince(since)}</p> : null}
      {report ? <Ways report={report} newest={newest} current={current} /> : null}
      {running ? null : (
        <div class="next-deeds on-screen">
          {role ? <button type="button" class="button button-main" data-deed="sign" onClick={() => setAsking(role)}>{words.sign(words.roles[role])}</button> : null}
          <button type="button" class={newest ? "button" : "button button-main"} data-deed="close" disabled={!newest && !report} onClick={() => setAsking("close")}>
            {newest ? words.closeAgain(newest.revision + 1) : obstacles.length > 0 ? words.closeDespite : words.close}
          </button>
        </div>
      )}
      {newest ? <p class="muted hint-line on-screen">{words.closeAgainHint}</p> : null}
      {asking === "close" ? <CloseDialog period={period} what={what} obstacles={obstacles} before={newest?.revision ?? 0} onClose={end} onDone={onDone} /> : null}
      {asking !== null && asking !== "close" && newest ? <SignDialog period={period} what={what} revision={newest} role={asking} onClose={end} onDone={onDone} /> : null}
    </section>
  );
}
