// Texts that count by themselves. Preact renders the element once; the ticker rewrites its text.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { serverNow } from "../state/clock";
import { everySecond } from "../state/ticker";

/** `write` gets the server time and must be cheap: it runs once a second for every tile. */
export function Ticking({ write, class: name, title }: {
  write: (nowMs: number) => string; class?: string; title?: string;
}) {
  const ref = useRef<HTMLSpanElement>(null);
  const writer = useRef(write);
  writer.current = write;
  useLayoutEffect(() => {
    setText(ref.current, writer.current(serverNow()));
  });
  useEffect(() => everySecond((now) => setText(ref.current, writer.current(now))), []);
  return <span ref={ref} class={name} title={title} />;
}

function setText(element: HTMLElement | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Marks an element as stale as soon as its data is too old, without rendering it again. */
export function useStaleMark<E extends HTMLElement>(lastMs: number | null, staleAfterMs: number) {
  const ref = useRef<E>(null);
  useLayoutEffect(() => {
    const mark = (now: number) => {
      const stale = lastMs === null || now - lastMs > staleAfterMs;
      const element = ref.current;
      if (element && element.hasAttribute("data-stale") !== stale) element.toggleAttribute("data-stale", stale);
    };
    mark(serverNow());
    return everySecond(mark);
  }, [lastMs, staleAfterMs]);
  return ref;
}
