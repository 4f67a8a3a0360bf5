// A question in a dialog: who asks, some fields, and what the daemon says to it.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useWords, type Words } from "../i18n";
import { noticeFailure } from "../state/session";
import { Dialog } from "./dialog";
import { explain } from "./explain";
import { NAME_LIMIT, rememberName, rememberedName } from "./person";

export const NOTE_LIMIT = 500;

/** What somebody typed into a field, without the space around it. */
export const typed = (form: FormData, name: string): string => String(form.get(name) ?? "").trim();

interface Props {
  title: string;
  /** What it is about. */
  about?: ComponentChildren;
  submit?: string;
  wide?: boolean;
  /** What is to be sent, or a word on what is missing. */
  read: (form: FormData, by: string) => string | (() => Promise<unknown>);
  tell?: (failure: unknown, words: Words) => string;
  onClose: () => void;
  children?: ComponentChildren;
}

export function Ask({ title, about, submit, wide = false, read, tell = explain, onClose, children }: Props) {
  const words = useWords();
  const { t } = words;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const by = typed(form, "by");
    const wish = by === "" ? t.nameNeeded : read(form, by);
    if (typeof wish === "string") return setError(wish);
    setError(null);
    setBusy(true);
    rememberName(by);
    try {
      await wish();
      onClose();
    } catch (failure) {
      noticeFailure(failure);
      setError(tell(failure, words));
      setBusy(false);
    }
  };
  return (
    <Dialog class="ask" wide={wide} title={title} onClose={onClose}>
      <form onSubmit={(event) => void send(event)} onInput={() => setError(null)} noValidate>
        {about ? <p class="ask-text">{about}</p> : null}
        <label class="field">
          <span>{t.yourName}</span>
          <input name="by" defaultValue={rememberedName()} maxLength={NAME_LIMIT} required autofocus autocomplete="name" />
        </label>
        {children}
        <div class="ask-foot">
          {error ? <p class="form-error" role="alert">{error}</p> : null}
          <div class="ask-actions">
            <button type="button" class="button" onClick={onClose}>{t.cancel}</button>
            <button type="submit" class="button button-main" aria-disabled={busy ? "true" : undefined}>{busy ? t.sending : submit ?? t.send}</button>
          </div>
        </div>
      </form>
    </Dialog>
  );
}
