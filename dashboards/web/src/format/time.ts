// Times in the site's zone, and durations in words.
import type { Messages, Words } from "../i18n";

let zone: string | undefined;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The hall's zone, from the API; a zone the browser does not know falls back to the browser's own. */
export function setTimeZone(name: string | undefined): void {
  if (name === zone) return;
  formats.clear();
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    zone = name;
  } catch {
    zone = undefined;
  }
}

function formatted(ms: number, lang: string, key: string, options: Intl.DateTimeFormatOptions): string {
  const id = `${lang}/${key}`;
  let format = formats.get(id);
  if (!format) {
    const base: Intl.DateTimeFormatOptions = { ...options, hour12: false };
    format = new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", zone ? { ...base, timeZone: zone } : base);
    formats.set(id, format);
  }
  // Some Chromiums write midnight as 24:00.
  return format.format(ms).replace(/(^|[^:\d])24:/, (_, before: string) => `${before}00:`);
}

export function clockTime(ms: number, lang: string): string {
  return formatted(ms, lang, "hm", { hour: "2-digit", minute: "2-digit" });
}

export function clockSeconds(ms: number, lang: string): string {
  return formatted(ms, lang, "hms", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export function fullDate(ms: number, lang: string): string {
  return formatted(ms, lang, "date", { year: "numeric", month: "long", day: "numeric", weekday: "long" });
}

function dayKey(ms: number): string {
  return formatted(ms, "en", "day", { year: "numeric", month: "2-digit", day: "2-digit" });
}

/** A day of the hall as machines write it: "2026-11-29". */
export function isoDate(ms: number): string {
  return dayKey(ms).split("/").reverse().join("-");
}

const midnightUtc = (date: string): number => Date.parse(`${date}T00:00:00Z`);

/** The day so many days after a day. */
export function shiftDate(date: string, days: number): string {
  return new Date(midnightUtc(date) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The day after a day. */
export function nextDate(date: string): string {
  return shiftDate(date, 1);
}

/** When a day of the hall begins, whatever zone the browser is in. NaN when it is no day. */
export function startOfDate(date: string): number {
  const wanted = midnightUtc(date);
  if (Number.isNaN(wanted)) return NaN;
  const ahead = (ms: number) => midnightUtc(isoDate(ms)) + sinceMidnight(ms) - ms;
  // The second time with the offset that holds there: clocks may change on that very day.
  return wanted - ahead(wanted - ahead(wanted));
}

/** A moment of the hall as a form has it, "2026-11-29T14:05". NaN when it is none. */
export function momentOf(text: string): number {
  const [date = "", time = ""] = text.split("T");
  const [hours, minutes] = time.split(":").map(Number);
  return startOfDate(date) + ((hours ?? NaN) * 60 + (minutes ?? NaN)) * 60_000;
}

export function formMoment(ms: number): string {
  return `${isoDate(ms)}T${clockTime(ms, "en")}`;
}

const LOOKS = {
  /** "11月29日周日" */
  day: { month: "short", day: "numeric", weekday: "short" },
  /** "11月29日" */
  date: { month: "short", day: "numeric" },
  weekday: { weekday: "short" },
  /** "29日" */
  number: { day: "numeric" },
  /** "11月" */
  month: { month: "short" },
  year: { year: "numeric" },
  /** The same in a year that is not this one. */
  dayOfYear: { year: "numeric", month: "short", day: "numeric", weekday: "short" },
  dateOfYear: { year: "numeric", month: "short", day: "numeric" },
  monthOfYear: { year: "numeric", month: "long" },
  momentOfYear: { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
} as const;

/** A day, a month or a year in words. */
export function dated(ms: number, look: keyof typeof LOOKS, lang: string): string {
  return formatted(ms, lang, `look-${look}`, LOOKS[look]);
}

/** "14:05" today, with the day in front for anything older. */
export function moment(ms: number, nowMs: number, lang: string): string {
  if (dayKey(ms) === dayKey(nowMs)) return clockTime(ms, lang);
  return formatted(ms, lang, "mdhm", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
}

/** The same, with the year when it is another one. */
export function momentInYears(ms: number, nowMs: number, lang: string): string {
  return isoDate(ms).slice(0, 4) === isoDate(nowMs).slice(0, 4) ? moment(ms, nowMs, lang) : dated(ms, "momentOfYear", lang);
}

function isTomorrow(ms: number, nowMs: number): boolean {
  return dayKey(ms) === dayKey(nowMs + 86_400_000);
}

/** For what is planned: "08:30" today, "tomorrow 08:30", then the day in front. */
export function coming(ms: number, nowMs: number, { t, lang }: Words): string {
  return isTomorrow(ms, nowMs) ? t.service.tomorrow(clockTime(ms, lang)) : moment(ms, nowMs, lang);
}

/** For what can only be guessed: to the minute today and tomorrow, else to the day. */
export function foreseen(ms: number, nowMs: number, words: Words): string {
  if (dayKey(ms) === dayKey(nowMs) || isTomorrow(ms, nowMs)) return coming(ms, nowMs, words);
  return formatted(ms, words.lang, "md", { month: "short", day: "numeric", weekday: "short" });
}

/** Milliseconds since the hall's local midnight. */
export function sinceMidnight(ms: number): number {
  const [h = 0, m = 0, s = 0] = clockSeconds(ms, "en").split(":").map(Number);
  return ((h * 60 + m) * 60 + s) * 1000 + (((ms % 1000) + 1000) % 1000);
}

/** The two largest parts that matter: "23 s", "12 min", "3 h 12 min", "2 d 3 h". */
export function duration(ms: number, t: Messages): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return t.seconds(seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? t.hours(hours) : t.hoursMinutes(hours, minutes % 60);
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? t.days(days) : t.daysHours(days, hours % 24);
}

/** Age of a reading: the seconds count, so that one sees at a glance that the page lives. */
export function age(ms: number, t: Messages): string {
  return ms < 1000 ? t.justNow : t.ago(duration(ms, t));
}

/** A length of service time. Not in days: a hall's day of service has eight hours or so. Unknown is a dash. */
export function serviceTime(ms: number | null, t: Messages): string {
  if (ms === null) return t.none;
  const hours = Math.round(ms / 3_600_000);
  return hours < 24 ? duration(ms, t) : t.hours(hours);
}

export function timeOrNone(ms: number | null, words: Words): string {
  return ms === null ? words.t.none : clockTime(ms, words.lang);
}
