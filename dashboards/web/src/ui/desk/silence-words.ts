// A silence in words: for what, and when.
import type { Matcher, Recurring, Silence } from "../../api/desk";
import type { Alert } from "../../api/types";
import { coming } from "../../format/time";
import type { Words } from "../../i18n";
import { SEVERITIES } from "../urgency";
import type { Names } from "./names";

const DAY_MIN = 24 * 60;

export function matcherWords(matcher: Matcher, { t }: Words, names: Names): string {
  const words = t.alerts;
  const list = (ids: readonly string[], name: (id: string) => string): string[] => (ids.length === 0 ? [] : [ids.map(name).join(words.and)]);
  const parts = [
    ...list(matcher.devices, names.device), ...list(matcher.zones, names.zone),
    ...list(matcher.kinds, (id) => words.ofKind(names.kind(id))), ...list(matcher.rules, words.ofRule),
    ...(matcher.severity_max === null ? [] : [words.upTo(t.severity[matcher.severity_max])]),
  ];
  return parts.join(" · ");
}

const clock = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

export function recurringWords({ on, from_min: from, to_min: to }: Recurring, { t }: Words): string {
  const words = t.alerts;
  const weekday = words.weekday as Readonly<Record<string, string>>;
  const days = typeof on === "string" ? words.on[on] : on.weekdays.map((day) => weekday[day] ?? String(day)).join(words.and);
  const end = to === DAY_MIN ? "24:00" : clock(to);
  return words.hours(days, clock(from), to < from ? words.nextDay(end) : end);
}

export function spanWords(silence: Silence, now: number, words: Words): string {
  const until = silence.ended ? silence.ended.at_ms : silence.until_ms;
  return words.t.alerts.span(coming(silence.from_ms, now, words), coming(until, now, words));
}

/** The same question as the daemon's. */
export function matches(matcher: Matcher, alert: Alert): boolean {
  const oneOf = (list: readonly string[], own: string | null) => list.length === 0 || (own !== null && list.indexOf(own) >= 0);
  const { severity_max: worst } = matcher;
  return oneOf(matcher.rules, alert.rule) && oneOf(matcher.devices, alert.device) && oneOf(matcher.zones, alert.zone)
    && oneOf(matcher.kinds, alert.kind) && (worst === null || SEVERITIES.indexOf(alert.severity) >= SEVERITIES.indexOf(worst));
}
