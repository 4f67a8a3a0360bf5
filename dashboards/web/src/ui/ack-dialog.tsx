// "I am on it": asks for a name, remembered on this screen, a note, and for how long that counts.
import { useState } from "preact/hooks";
import { ApiError } from "../api/http";
import type { Alert } from "../api/types";
import { useWords, type Words } from "../i18n";
import { acknowledge } from "../state/session";
import { Ask, NOTE_LIMIT, typed } from "./ask";
import { Choice } from "./choice";
import { explain } from "./explain";

const HOURS = ["1", "4", "8", "24"] as const;
type For = "default" | (typeof HOURS)[number];

function tell(failure: unknown, words: Words): string {
  const status = failure instanceof ApiError ? failure.status : 0;
  return status === 409 ? words.t.alreadyResolved : status === 404 ? words.t.alertUnknown : explain(failure, words);
}

export function AckDialog({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const { t, say } = useWords();
  const [hours, setHours] = useState<For>("default");
  const read = (form: FormData, by: string) => () =>
    acknowledge(alert.id, { by, note: typed(form, "note"), ...(hours === "default" ? {} : { for_h: Number(hours) }) });
  const options: readonly (readonly [For, string])[] = [["default", t.alerts.forDefault], ...HOURS.map((n) => [n, t.alerts.forHours(Number(n))] as const)];
  return (
    <Ask title={t.acknowledgeTitle} about={<><b>{say(alert.device_name)}</b> {say(alert.text)}</>} read={read} tell={tell} onClose={onClose}>
      <label class="field">
        <span>{t.note}</span>
        <textarea name="note" rows={3} maxLength={NOTE_LIMIT} placeholder={t.notePlaceholder} />
      </label>
      <Choice legend={t.alerts.forHow} name="for" options={options} value={hours} onChange={setHours} />
      <p class="muted">{t.acknowledgeHint}{t.lang === "en" ? " " : ""}{t.alerts.forHint}</p>
    </Ask>
  );
}
