// The past of a point, read when somebody asks for another part of it and again while it goes on.
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, api } from "../../api/http";
import type { Past, Step } from "../../api/past";
import { noticeFailure } from "../../state/session";
import { useVisible } from "../../state/visible";
import type { Period, Range } from "./period";
import { stepOf } from "./series";

/** How soon the current period is read again; one that is over does not change. A year may have to come from a database. */
const REREAD_MS: Readonly<Record<Range, number>> = { day: 60_000, week: 300_000, month: 300_000, year: 3_600_000 };
const RETRY_MS = 15_000;

/** An answer with what it answers. */
export interface Told { readonly key: string; readonly period: Period; readonly step: Step; readonly past: Past }

interface Answer {
  /** The one before stays in sight until the next one is there, or fails. */
  readonly told: Told | null;
  readonly failure: ApiError | null;
  /** What was asked for is on its way. */
  readonly busy: boolean;
  readonly again: () => void;
}

export function usePast(device: string, point: string, period: Period): Answer {
  const [told, setTold] = useState<Told | null>(null);
  const [failed, setFailed] = useState<{ key: string; error: ApiError } | null>(null);
  const [tries, setTries] = useState(0);
  const visible = useVisible();
  /** What was heard last, and when: who comes back to the page does not ask for it again. */
  const heard = useRef({ key: "", at: 0 });
  const step = stepOf(point, period.range);
  const key = [device, point, step, period.from, period.to].join();
  useEffect(() => {
    const every = period.current ? REREAD_MS[period.range] : Infinity;
    const due = heard.current.key === key ? heard.current.at + every - Date.now() : 0;
    if (!visible || due === Infinity) return;
    const abort = new AbortController();
    let timer = setTimeout(look, Math.max(0, due));
    function look() {
      api.past({ device, point, from: period.from, to: period.to, step }, abort.signal).then((past) => {
        if (abort.signal.aborted) return;
        heard.current = { key, at: Date.now() };
        setTold({ key, period, step, past });
        setFailed(null);
        if (every < Infinity) timer = setTimeout(look, every);
      }, (failure: unknown) => {
        if (abort.signal.aborted) return;
        noticeFailure(failure);
        const error = failure instanceof ApiError ? failure : new ApiError(0, {});
        heard.current = { key: "", at: 0 };
        setFailed({ key, error });
        // What is refused would be refused again.
        if (error.status === 0 || error.status >= 500) timer = setTimeout(look, RETRY_MS);
      });
    }
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, visible, tries]);
  const again = () => {
    setFailed(null);
    setTries((n) => n + 1);
  };
  const failure = failed?.key === key ? failed.error : null;
  const fits = told?.key === key;
  return { told: fits || failure === null ? told : null, failure, busy: failure === null && !fits, again };
}
