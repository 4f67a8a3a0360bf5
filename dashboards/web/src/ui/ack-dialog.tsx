// "I am on it": asks for a name, remembered on this screen, and a note.
import { useState } from "preact/hooks";
import { ApiError } from "../api/http";
import type { Alert } from "../api/types";
import { useWords, type Words } from "../i18n";
import { acknowledge, noticeFailure } from "../state/session";
import { Dialog } from "./dialog";

const KEY = "hallwatch.name";
const NAME_LIMIT = 64;
const NOTE_LIMIT = 500;

function rememberedName(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

function rememberName(name: string): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // Private mode: asked again next time.
  }
}

function explain(error: unknown, { t, say }: Words): string {
  if (!(error instanceof ApiError)) return t.requestFailed;
  if (error.status === 409) return t.alreadyResolved;
  if (error.status === 404) return t.alertUnknown;
  return error.problem.hint ? say(error.problem.hint) : t.requestFailed;
}

export function AckDialog({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const words = useWords();
  const { t, say } = words;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const by = String(form.get("by") ?? "").trim();
    if (by === "") return setError(t.nameNeeded);
    setBusy(true);
    rememberName(by);
    try {
      await acknowledge(alert.id, by, String(form.get("note") ?? "").trim());
      onClose();
    } catch (failure) {
      noticeFailure(failure);
      setError(explain(failure, words));
      setBusy(false);
    }
  };
  return (
    <Dialog class="ask" title={t.acknowledgeTitle} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <p class="ask-text"><b>{say(alert.device_name)}</b> {say(alert.text)}</p>
        <label class="field">
          <span>{t.yourName}</span>
          <input name="by" defaultValue={rememberedName()} maxLength={NAME_LIMIT} required autofocus autocomplete="name" />
        </label>
        <label class="field">
          <span>{t.note}</span>
          <textarea name="note" rows={3} maxLength={NOTE_LIMIT} placeholder={t.notePlaceholder} />
        </label>
        <p class="muted">{t.acknowledgeHint}</p>
        {error ? <p class="form-error" role="alert">{error}</p> : null}
        <div class="ask-actions">
          <button type="button" class="button" onClick={onClose}>{t.cancel}</button>
          <button type="submit" class="button button-main" disabled={busy}>{busy ? t.sending : t.send}</button>
        </div>
      </form>
    </Dialog>
  );
}
