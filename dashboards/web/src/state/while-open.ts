// What is read on demand only, again and again while somebody looks at it.
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/http";
import { noticeFailure } from "./session";

const REREAD_MS = 5_000;

interface Answer<T> {
  /** Null until the first answer; the last one stays when reading fails. */
  readonly data: T | null;
  readonly failed: boolean;
  readonly failure: ApiError | null;
  /** It failed because this daemon knows no such page. */
  readonly missing: boolean;
}

/** Reads while `open`. A change of `again` is a reason to read at once. */
export function useWhileOpen<T>(open: boolean, read: () => Promise<T>, everyMs = REREAD_MS, again?: unknown): Answer<T> {
  const [data, setData] = useState<T | null>(null);
  const [failure, setFailure] = useState<ApiError | null>(null);
  useEffect(() => {
    if (!open) return;
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    const look = () => {
      read().then((answer) => {
        if (gone) return;
        setData(answer);
        setFailure(null);
      }, (error: unknown) => {
        noticeFailure(error);
        if (!gone) setFailure(error instanceof ApiError ? error : new ApiError(0, {}));
      }).finally(() => {
        if (!gone) timer = setTimeout(look, everyMs);
      });
    };
    look();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [open, again]);
  return { data, failed: failure !== null, failure, missing: failure?.status === 404 };
}
