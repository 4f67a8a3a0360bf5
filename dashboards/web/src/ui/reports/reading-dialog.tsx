// What a register shows: beside what it showed last, so that a slip is seen before it is sent.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Meter } from "../../api/reports";
import { duration, formMoment, momentInYears, momentOf } from "../../format/time";
import { useWords } from "../../i18n/reports";
import { serverNow } from "../../state/clock";
import { Ask, NOTE_LIMIT, typed } from "../ask";
import { MeterField, numberOf } from "./meter-field";
import { valueOf } from "./meters";

/** How much more, or less, than last time. */
function Difference({ meter, value, at }: { meter: Meter; value: number; at: number }) {
  const { t, lang } = useWords();
  const { last, unit } = meter;
  if (!last || Number.isNaN(value) || !(at > last.at_ms)) return null;
  const more = value - last.value;
  if (more < 0) return <span class="warn-text">{t.report.less(valueOf(-more, unit, lang))}</span>;
  return <span>{t.report.more(valueOf(more, unit, lang), duration(at - last.at_ms, t))}</span>;
}

export function ReadingDialog({ meters, first, onClose, onDone }: { meters: readonly Meter[]; first: string; onClose: () => void; onDone: () => void }) {
  const { t, lang } = useWords();
  const { report } = t;
  const [now] = useState(() => formMoment(serverNow()));
  const [id, setId] = useState(first);
  const [value, setValue] = useState("");
  const [at, setAt] = useState(now);
  const [fresh, setFresh] = useState(false);
  const meter = meters.find((entry) => entry.id === id);
  const read = (form: FormData, by: string) => {
    const at_ms = momentOf(typed(form, "at"));
    const number = numberOf(typed(form, "value"));
    const why = typed(form, "why");
    if (!meter) return report.meterNeeded;
    if (!(at_ms <= serverNow())) return report.timeNeeded;
    if (!Number.isFinite(number) || number < 0) return report.valueNeeded;
    return () => api.enter({ meter: meter.id, by, value: number, at_ms, ...(why === "" ? {} : { why }), ...(fresh ? { first_of_new: true } : {}) }).then(onDone);
  };
  return (
    <Ask title={report.readTitle} submit={report.save} read={read} onClose={onClose}>
      <MeterField meters={meters} value={id} onChange={setId} />
      <label class="field">
        <span>{report.at}</span>
        <input type="datetime-local" name="at" defaultValue={now} max={now} onInput={(event) => setAt(event.currentTarget.value)} required />
      </label>
      <label class="field">
        <span>{report.shows(meter?.unit ?? "")}</span>
        <input type="number" name="value" step="any" min="0" inputMode="decimal" autocomplete="off" aria-describedby="reading-last" onInput={(event) => setValue(event.currentTarget.value)} required />
      </label>
      {!meter ? null : (
        <p class="reading-last" id="reading-last" role="status">
          <span>{meter.last ? report.lastOf(valueOf(meter.last.value, meter.unit, lang), momentInYears(meter.last.at_ms, serverNow(), lang)) : report.never}</span>
          {fresh ? null : <Difference meter={meter} value={numberOf(value)} at={momentOf(at)} />}
        </p>
      )}
      <label class="tick-line"><input type="checkbox" name="first_of_new" checked={fresh} onChange={(event) => setFresh(event.currentTarget.checked)} /><span>{report.firstOfNew}</span></label>
      <label class="field"><span>{t.note}</span><textarea name="why" rows={2} maxLength={NOTE_LIMIT} /></label>
    </Ask>
  );
}
