// How far back gaps are looked for, and how often: a long span is much to read for the daemon.
export type Span = "day" | "week" | "month";
export const SPANS: readonly Span[] = ["day", "week", "month"];

const DAY_MS = 86_400_000;
export const LENGTH_MS: Readonly<Record<Span, number>> = { day: DAY_MS, week: 7 * DAY_MS, month: 31 * DAY_MS };
export const REREAD_MS: Readonly<Record<Span, number>> = { day: 10_000, week: 30_000, month: 60_000 };
