// Which alert is looked at first.
import type { Alert, Severity } from "../api/types";

export const SEVERITIES: readonly Severity[] = ["critical", "major", "minor", "info"];
const RANK: Record<Severity, number> = { critical: 0, major: 1, minor: 2, info: 3 };

/** Somebody knows, somebody wanted quiet, or another alert says it. */
export const isCared = (alert: Alert): boolean => alert.acknowledged !== null || alert.silenced !== null || alert.inhibited !== null;

/** What nobody has taken on comes first, then by severity, then the newest. */
export function byUrgency(a: Alert, b: Alert): number {
  return Number(isCared(a)) - Number(isCared(b)) || RANK[a.severity] - RANK[b.severity] || b.raised_ms - a.raised_ms;
}
