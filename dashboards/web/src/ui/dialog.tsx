// A modal dialog on the platform's own <dialog>: focus trap, Escape and backdrop come with it.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "../i18n";
import { CloseIcon } from "./icons";

export function Dialog({ class: name, wide = false, title, onClose, children }: {
  class: string; wide?: boolean; title: ComponentChildren; onClose: () => void; children: ComponentChildren;
}) {
  const { t } = useWords();
  const ref = useRef<HTMLDialogElement>(null);
  const leaving = useRef(false);
  // Where the press began: selecting text and letting go outside must not throw the note away.
  const pressed = useRef<EventTarget | null>(null);
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog) return undefined;
    const before = document.activeElement;
    dialog.showModal();
    const root = document.documentElement;
    root.classList.add("modal-open", `${name}-open`);
    return () => {
      leaving.current = true;
      dialog.close();
      // A dialog may lie over another one.
      if (!document.querySelector("dialog[open]")) root.classList.remove("modal-open");
      root.classList.remove(`${name}-open`);
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={wide ? `${name} is-wide` : name}
      aria-labelledby={`${name}-title`}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      // The browser may close it without asking, for example on a second Escape.
      onClose={() => { if (!leaving.current) onClose(); }}
      onMouseDown={(event) => { pressed.current = event.target; }}
      onClick={(event) => { if (event.target === ref.current && pressed.current === ref.current) onClose(); }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={`${name}-title`}>{title}</h2>
          <button type="button" class="icon-button" onClick={onClose} aria-label={t.close} title={t.close}>
            <CloseIcon />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
