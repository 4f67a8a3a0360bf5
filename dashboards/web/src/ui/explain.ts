// What to do about a request that failed: the daemon's hint, or a word about the network.
import { ApiError } from "../api/http";
import type { Words } from "../i18n";

export function explain(failure: unknown, { t, say }: Words): string {
  const hint = failure instanceof ApiError ? failure.problem.hint : undefined;
  return hint ? say(hint) : t.requestFailed;
}
