// The parts of the view, their addresses, and how a period is written.
import { shiftDate } from "../../format/time";
import { ADDRESS } from "../../state/route";

export const METERS = "meters";
export const LIST_ADDRESS = ADDRESS.reports;
export const METERS_ADDRESS = `${ADDRESS.reports}/${METERS}`;

export const addressOf = (period: string): string => `${ADDRESS.reports}/${encodeURIComponent(period)}`;

export const KINDS = ["day", "week", "month", "quarter", "year"] as const;
export type Kind = (typeof KINDS)[number];

/** The ISO week that a day is in: that of its Thursday, which also says the year. */
function weekOf(date: string): string {
  const sinceMonday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  const thursday = shiftDate(date, 3 - sinceMonday);
  const year = thursday.slice(0, 4);
  const before = (Date.parse(thursday) - Date.parse(`${year}-01-01`)) / (7 * 86_400_000);
  return `${year}-W${String(Math.floor(before) + 1).padStart(2, "0")}`;
}

/** The period of this kind that a day is in, as the daemon writes it. */
export function periodOn(kind: Kind, date: string): string {
  switch (kind) {
    case "day": return date;
    case "week": return weekOf(date);
    case "month": return date.slice(0, 7);
    case "quarter": return `${date.slice(0, 4)}-Q${Math.ceil(Number(date.slice(5, 7)) / 3)}`;
    case "year": return date.slice(0, 4);
  }
}
