// What was counted in some days that no register knows.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Meter } from "../../api/reports";
import { isoDate, startOfDate } from "../../format/time";
import { useWords } from "../../i18n/reports";
import { serverNow } from "../../state/clock";
import { Ask, NOTE_LIMIT, typed } from "../ask";
import { MeterField, numberOf } from "./meter-field";

export function AmountDialog({ meters, first, onClose, onDone }: { meters: readonly Meter[]; first: string; onClose: () => void; onDone: () => void }) {
  const { report } = useWords().t;
  const [today] = useState(() => isoDate(serverNow()));
  const [id, setId] = useState(first);
  const meter = meters.find((entry) => entry.id === id);
  const read = (form: FormData, by: string) => {
    const [from, to] = [typed(form, "first"), typed(form, "last")];
    const number = numberOf(typed(form, "value"));
    const why = typed(form, "why");
    if (!meter) return report.meterNeeded;
    if (!(startOfDate(from) <= startOfDate(to) && startOfDate(to) <= startOfDate(today))) return report.daysNeeded;
    if (!Number.isFinite(number)) return report.valueNeeded;
    if (why === "") return report.whyNeeded;
    return () => api.enter({ meter: meter.id, by, why, value: number, first: from, last: to, ...(form.has("estimated") ? { estimated: true } : {}), ...(number < 0 ? { correction: true } : {}) }).then(onDone);
  };
  return (
    <Ask wide title={report.amountTitle} about={report.amountHint} submit={report.save} read={read} onClose={onClose}>
      <MeterField meters={meters} value={id} onChange={setId} />
      <div class="field-grid">
        <label class="field"><span>{report.first}</span><input type="date" name="first" max={today} required /></label>
        <label class="field"><span>{report.last}</span><input type="date" name="last" max={today} required /></label>
      </div>
      <label class="field"><span>{report.counted(meter?.unit ?? "")}</span><input type="number" name="value" step="any" inputMode="decimal" autocomplete="off" required /></label>
      <label class="tick-line"><input type="checkbox" name="estimated" /><span>{report.estimated}</span></label>
      <label class="field"><span>{report.why}</span><textarea name="why" rows={2} maxLength={NOTE_LIMIT} placeholder={report.whyPlaceholder} required /></label>
    </Ask>
  );
}
