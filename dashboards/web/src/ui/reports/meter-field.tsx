// Which meter, in both forms.
import type { Meter } from "../../api/reports";
import { useWords } from "../../i18n/reports";

export function MeterField({ meters, value, onChange }: { meters: readonly Meter[]; value: string; onChange: (id: string) => void }) {
  const { t, say } = useWords();
  return (
    <label class="field">
      <span>{t.report.meter}</span>
      <select name="meter" value={value} onChange={(event) => onChange(event.currentTarget.value)} required>
        {meters.map((meter) => <option key={meter.id} value={meter.id}>{say(meter.name)}</option>)}
      </select>
    </label>
  );
}

/** NaN where nothing that is a number was typed. */
export const numberOf = (typed: string): number => (typed === "" ? NaN : Number(typed));
