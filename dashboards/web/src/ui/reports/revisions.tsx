// Every time that a period was closed: by whom, why, who signed, and its files.
import type { Period } from "../../api/reports";
import { dated } from "../../format/time";
import { useWords } from "../../i18n/reports";
import { Files } from "./files";
import { Signatures } from "./stage";

const HASH_SHOWN = 12;

export function Revisions({ period, what, forms }: { period: Period; what: string; forms: readonly string[] }) {
  const { t, lang } = useWords();
  const { report } = t;
  return period.revisions.length === 0 ? null : (
    <section class="card" aria-labelledby="revisions-title">
      <div class="card-head"><h3 id="revisions-title">{report.revisions}</h3></div>
      <ol class="revisions">
        {period.revisions.map((revision) => {
          const name = report.revision(revision.revision);
          return (
            <li key={name} class="revision" data-revision={revision.revision}>
              <p class="revision-head">
                <b>{name}</b>
                <span>{dated(revision.at_ms, "momentOfYear", lang)}</span>
                <span><span class="muted">{report.closedBy}</span> <span data-person>{revision.who}</span></span>
                <span title={report.hashTitle(revision.hash)}><span class="muted">{report.hash}</span> <code>{revision.hash.slice(0, HASH_SHOWN)}…</code></span>
              </p>
              {revision.why === "" ? null : <p><span class="muted">{report.because}</span> <q data-person>{revision.why}</q></p>}
              <div class="revision-foot">
                <Signatures revision={revision} />
                <Files period={period.period} what={`${what} ${name}`} which={{ revision: revision.revision }} forms={forms} />
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
