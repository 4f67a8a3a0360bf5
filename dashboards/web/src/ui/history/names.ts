// What the windows of a period are called, in the table and the tip, and below the axis.
import { clockTime, dated } from "../../format/time";
import type { Words } from "../../i18n";
import type { Range } from "./period";

interface Span { readonly from: number; readonly to: number }

/** "08:05–08:10", "11月23日周一 08:00–09:00", "11月23日周一", "11月"; several in a row are named by the first and the last. */
export function nameOf({ from, to }: Span, range: Range, { t, lang }: Words): string {
  const both = (first: string, last: string) => (first === last ? first : t.history.span(first, last));
  const last = to - 1;
  if (range === "year") return both(dated(from, "month", lang), dated(last, "month", lang));
  const [start, end] = [clockTime(from, lang), clockTime(to, lang)];
  if (range === "day") return `${start}–${end}`;
  const [day, lastDay] = [dated(from, "day", lang), dated(last, "day", lang)];
  if (start === "00:00" && end === "00:00") return both(day, lastDay);
  return day === lastDay ? `${day} ${start}–${end}` : both(`${day} ${start}`, `${lastDay} ${end}`);
}

const isHours = ({ from, to }: Span): boolean => to - from < 23 * 3_600_000;

/** What stands below a window, if anything; and whether a tick stands before it. */
export function labelOf(window: Span, index: number, range: Range, lang: string): { label: string | null; tick: boolean } {
  const { from } = window;
  const [hour, minute] = isHours(window) ? clockTime(from, "en").split(":").map(Number) : [0, 0];
  if (range === "day") {
    const marked = minute === 0 && (hour ?? 0) % 4 === 0;
    return { label: marked ? clockTime(from, lang) : null, tick: marked };
  }
  // Twelve English names do not fit on a phone.
  if (range === "year") return { label: lang === "zh" || index % 2 === 0 ? dated(from, "month", lang) : null, tick: true };
  // A day's name stands in its middle.
  if (range === "week") return { label: hour === 12 || !isHours(window) ? dated(from, "weekday", lang) : null, tick: hour === 0 };
  const number = Number(dated(from, "number", "en"));
  return { label: number === 1 || number % 5 === 0 ? dated(from, "number", lang) : null, tick: true };
}

