// Which announcements are new to this page.
import type { Announcement, Wall } from "../../api/desk";
import type { Tune } from "./sound";

/** Nobody saw it for that long: what is not critical is past by then, and stands among the alerts anyway. */
const LATE_MS = 120_000;

export const keyOf = ({ at_ms: at, channel, title }: Announcement): string => `${at}/${channel}/${title.en}`;
/** The daemon's sign for what ended. */
const isOver = ({ title }: Announcement): boolean => title.zh.charAt(0) === "✔";

export function tuneOf(announcement: Announcement): Tune {
  return isOver(announcement) ? "over" : announcement.severity === "critical" ? "critical" : "plain";
}

let known = new Set<string>();

/** Oldest first. What was said before the page was opened is quiet; that is counted by the daemon's clock as it is now. */
export function newsOf({ now_ms: now, announcements }: Wall): Announcement[] {
  const opened = now - performance.now();
  const isNews = (said: Announcement): boolean =>
    !known.has(keyOf(said)) && said.at_ms > opened && (tuneOf(said) === "critical" || said.at_ms > now - LATE_MS);
  const news = announcements.filter(isNews).reverse();
  known = new Set(announcements.map(keyOf));
  return news;
}
