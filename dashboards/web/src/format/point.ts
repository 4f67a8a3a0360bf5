// A point's value in words: enumerations by the API's text, yes/no, numbers with their unit.
import type { Point } from "../api/types";
import type { Words } from "../i18n";
import { quantity, type Quantity } from "./number";

/** The units of the vocabulary that are words. */
export function unitWord(unit: string, { t }: Words): string {
  return unit === "张" ? t.sheets : unit === "人" ? t.people : unit;
}

/** A number of a point with its unit. */
export function figureOf(value: number, unit: string, words: Words, digits = 3): Quantity {
  const figure = quantity(value, unit, words.lang, digits);
  return { ...figure, unit: unitWord(figure.unit, words) };
}

export function pointValue(point: Point, words: Words, digits = 3): Quantity {
  if (point.text) return { number: words.say(point.text), unit: "" };
  const { value } = point;
  // Nothing measured is a dash, never a zero.
  if (value === null) return { number: words.t.none, unit: "" };
  if (typeof value === "boolean") return { number: value ? words.t.yes : words.t.no, unit: "" };
  if (typeof value === "string") return { number: value, unit: "" };
  return figureOf(value, point.unit, words, digits);
}

/** Values that are words or dashes are set smaller than figures. */
export function isFigure(point: Point): boolean {
  return !point.text && typeof point.value === "number";
}
