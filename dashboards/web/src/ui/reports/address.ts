// The parts of the view, their addresses, and how a period is written.
import { isoDate, startOfDate } from "../../format/time";
import { ADDRESS } from "../../state/route";

export const METERS = "meters";
export const LIST_ADDRESS = ADDRESS.reports;
export const METERS_ADDRESS = `${ADDRESS.reports}/${METERS}`;

export const addressOf = (period: string): string => `${ADDRESS.reports}/${encodeURIComponent(period)}`;

const LOOKS: readonly RegExp[] = [/^\d{4}$/, /^\d{4}-Q[1-4]$/, /^\d{4}-(0[1-9]|1[0-2])$/, /^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$/];
const DAY = /^\d{4}-\d\d-\d\d$/;

/** A period as the daemon writes it, or null where it is none. Whether a year has a week 53, the daemon knows. */
export function periodOf(typed: string): string | null {
  const word = typed.trim().toUpperCase();
  if (LOOKS.some((look) => look.test(word))) return word;
  if (!DAY.test(word)) return null;
  const begin = startOfDate(word);
  return !Number.isNaN(begin) && isoDate(begin) === word ? word : null;
}
