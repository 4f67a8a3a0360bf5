// What people entered. Nothing is ever deleted: what is taken back stays, struck through.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Entry } from "../../api/reports";
import { momentInYears } from "../../format/time";
import { useWords } from "../../i18n/reports";
import { Ask, NOTE_LIMIT, typed } from "../ask";

function Row({ entry, now, onTake }: { entry: Entry; now: number; onTake: () => void }) {
  const { t, say, lang } = useWords();
  const { report } = t;
  const taken = entry.taken_back;
  const what = <><b>{say(entry.name)}</b> {say(entry.what)}</>;
  return (
    <li class="entry" data-entry={entry.id}>
      <div class="entry-words">
        <p>{taken === undefined ? what : <del>{what}</del>}</p>
        <p class="muted">
          <span data-person>{entry.who}</span> · {momentInYears(entry.at_ms, now, lang)}{entry.why === "" ? null : <> · <q data-person>{entry.why}</q></>}
        </p>
        {taken === undefined ? null : <p class="entry-taken"><b>{report.takenBack}</b> <q data-person>{taken}</q></p>}
      </div>
      {taken === undefined ? (
        <button type="button" class="button on-screen" data-deed="take-back" aria-label={report.takeBackOf(`${say(entry.name)} ${say(entry.what)}`)} onClick={onTake}>{report.takeBack}</button>
      ) : null}
    </li>
  );
}

function TakeBackDialog({ entry, onClose, onDone }: { entry: Entry; onClose: () => void; onDone: () => void }) {
  const { t, say } = useWords();
  const { report } = t;
  const read = (form: FormData, by: string) => {
    const why = typed(form, "why");
    return why === "" ? report.whyNeeded : () => api.takeBack(entry.id, by, why).then(onDone);
  };
  return (
    <Ask title={report.takeBackTitle} about={<><b>{say(entry.name)}</b> {say(entry.what)}</>} submit={report.takeBack} read={read} onClose={onClose}>
      <label class="field"><span>{report.why}</span><textarea name="why" rows={2} maxLength={NOTE_LIMIT} required /></label>
      <p class="muted">{report.takeBackHint}</p>
    </Ask>
  );
}

export function Entries({ entries, now, onDone }: { entries: readonly Entry[]; now: number; onDone: () => void }) {
  const { report } = useWords().t;
  const [taking, setTaking] = useState<Entry | null>(null);
  return (
    <section class="card" aria-labelledby="entries-title">
      <div class="card-head"><h3 id="entries-title">{report.entries}</h3></div>
      {entries.length === 0 ? <p class="muted">{report.noEntries}</p> : (
        <ul class="entries">{entries.map((entry) => <Row key={entry.id} entry={entry} now={now} onTake={() => setTaking(entry)} />)}</ul>
      )}
      {taking ? <TakeBackDialog entry={taking} onClose={() => setTaking(null)} onDone={onDone} /> : null}
    </section>
  );
}
