// What the figures of the data view come to. Pure.
import type { Data, Gap, Letter, Proof, Sink, System } from "../../api/types";

/** Refused lines by database, those that wait for a person. */
export type LettersOf = ReadonlyMap<string, readonly Letter[]>;

/** The daemon lists no more than these of a database, and no more gaps of a source. */
export const LETTERS_MAX = 500;
export const GAPS_MAX = 200;

export const linesOf = (letters: readonly Letter[]): number => letters.reduce((sum, letter) => sum + letter.lines, 0);

/** The stream tells of databases every few seconds, also while a long span is read seldom. */
export function newestSinks(data: Data, system: System | null): readonly Sink[] {
  return system && system.now_ms > data.now_ms ? system.sinks : data.sinks;
}

export const isNight = (gap: Gap): boolean => gap.cause === "night";

export interface GapSum { readonly count: number; readonly ms: number; readonly nights: number; readonly more: boolean }

export function gapSum(gaps: readonly Gap[]): GapSum {
  const real = gaps.filter((gap) => !isNight(gap));
  const ms = real.reduce((sum, gap) => sum + gap.to_ms - gap.from_ms, 0);
  return { count: real.length, ms, nights: gaps.length - real.length, more: gaps.length >= GAPS_MAX };
}

/** Readings that a database is still owed; 0 where they are too many to be counted by source. */
export function owed(source: Proof, sink: string): number {
  return source.sinks.find((entry) => entry.sink === sink)?.owed ?? 0;
}

export function refusedOf(source: Proof): number {
  return source.sinks.reduce((sum, at) => sum + at.dead_letters, 0);
}

/** Lines that were refused once and went through the second time trouble nobody any more. */
export function refusalOpen(source: Proof, letters: LettersOf): boolean {
  return source.sinks.some((at) => at.dead_letters > 0 && (letters.get(at.sink)?.length ?? 0) > 0);
}

export function inTrouble(source: Proof, letters: LettersOf): boolean {
  return source.not_kept > 0 || refusalOpen(source, letters) || source.gaps.some((gap) => !isNight(gap));
}
