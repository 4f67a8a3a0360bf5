// A point's value in words: enumerations by the API's text, yes/no, numbers with their unit.
import type { Point } from "../api/types";
import type { Words } from "../i18n";
import { quantity, type Quantity } from "./number";

export function pointValue(point: Point, words: Words, digits = 3): Quantity {
  if (point.text) return { number: words.say(point.text), unit: "" };
  const { value } = point;
  // Nothing measured is a dash, never a zero.
  if (value === null) return { number: words.t.none, unit: "" };
  if (typeof value === "boolean") return { number: value ? words.t.yes : words.t.no, unit: "" };
  if (typeof value === "string") return { number: value, unit: "" };
  const figure = quantity(value, point.unit, words.lang, digits);
  // The only unit of the vocabulary that is a word.
  return figure.unit === "张" ? { ...figure, unit: words.t.sheets } : figure;
}

/** Values that are words or dashes are set smaller than figures. */
export function isFigure(point: Point): boolean {
  return !point.text && typeof point.value === "number";
}
