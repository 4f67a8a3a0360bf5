// The spans of the hall's calendar that are looked at: a day, seven days, a month, a year.
import { dated, isoDate, nextDate, shiftDate, startOfDate } from "../../format/time";
import type { Words } from "../../i18n";

export type Range = "day" | "week" | "month" | "year";
export const RANGES: readonly Range[] = ["day", "week", "month", "year"];

/** Which one: it holds the day `date`, seven days end with it. Null is today, also after midnight. */
export interface View { readonly range: Range; readonly date: string | null }

export interface Period {
  readonly range: Range;
  readonly from: number;
  /** Where it is over: also the current one is drawn as a whole. */
  readonly to: number;
  readonly current: boolean;
}

function firstDay(range: Range, date: string): string {
  if (range === "day") return date;
  return range === "week" ? shiftDate(date, -6) : date.slice(0, range === "month" ? 8 : 5) + (range === "month" ? "01" : "01-01");
}

/** The first day after it. */
function endDay(range: Range, date: string): string {
  if (range === "year") return `${Number(date.slice(0, 4)) + 1}-01-01`;
  // A month has no 32nd day: wherever it begins, that is in the next one.
  return range === "month" ? firstDay("month", shiftDate(firstDay("month", date), 31)) : nextDate(date);
}

export function periodOf({ range, date }: View, now: number): Period {
  const day = date ?? isoDate(now);
  return { range, from: startOfDate(firstDay(range, day)), to: startOfDate(endDay(range, day)), current: date === null };
}

export function earlier({ range, date }: View, now: number): View {
  return { range, date: shiftDate(firstDay(range, date ?? isoDate(now)), -1) };
}

/** Never beyond the current one. */
export function later({ range, date }: View, now: number): View {
  if (date === null) return { range, date };
  const next = range === "week" ? shiftDate(date, 7) : endDay(range, date);
  return { range, date: firstDay(range, isoDate(now)) <= next ? null : next };
}

/** "2026年11月29日周日", "11月23日 – 11月29日", "2026年11月", "2026年". */
export function periodName({ range, from, to }: Period, now: number, { t, lang }: Words): string {
  if (range === "day") return dated(from, "dayOfYear", lang);
  if (range === "month") return dated(from, "monthOfYear", lang);
  if (range === "year") return dated(from, "year", lang);
  const last = to - 1;
  const look = [from, last].every((ms) => dated(ms, "year", lang) === dated(now, "year", lang)) ? "date" : "dateOfYear";
  return t.history.span(dated(from, look, lang), dated(last, look, lang));
}
