// Something small that opens above the line it belongs to, and goes away as people expect: by
// Escape, by a click elsewhere, by moving on.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  summary: ComponentChildren;
  testId?: string;
  /** Told when it opens and closes. */
  onOpen?: (open: boolean) => void;
  children: ComponentChildren;
}

export function Popup({ summary, testId, onOpen, children }: Props) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const popup = details.current;
      if (!popup?.open) return;
      const inside = event.target instanceof Node && popup.contains(event.target);
      if (event instanceof KeyboardEvent ? event.key !== "Escape" : inside) return;
      popup.open = false;
      // Who escaped goes on where it was opened.
      if (inside) popup.querySelector("summary")?.focus();
    };
    const kinds = ["keydown", "pointerdown", "focusin"];
    kinds.forEach((kind) => document.addEventListener(kind, close));
    return () => kinds.forEach((kind) => document.removeEventListener(kind, close));
  }, []);
  return (
    <details ref={details} class="sys-more" data-testid={testId} onToggle={(event) => onOpen?.(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {children}
    </details>
  );
}
