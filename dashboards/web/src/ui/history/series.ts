// What was measured of a point in the windows of a period, and what it comes to. Pure.
import type { Past, PastPoint, Step } from "../../api/past";
import type { Device, Point } from "../../api/types";
import { measureOf, type Measure } from "../../format/number";
import type { Range } from "./period";

/** A counter is told by what it counted, everything else by its level. The daemon knows them by the same names. */
export function isCounter(name: string): boolean {
  return name.startsWith("irradiation_") || name.endsWith("_total") || (name.startsWith("energy_") && !name.includes("net"));
}

/** What can be drawn: neither words nor yes and no. A number that is missing just now has its unit still. */
function isNumber(point: Point): boolean {
  if (point.text !== null) return false;
  return typeof point.value === "number" || (point.value === null && (point.unit !== "" || isCounter(point.name)));
}

export function numbersOf(device: Device, chosen: string | null): Point[] {
  return device.points.filter((point) => isNumber(point) || point.name === chosen);
}

/** Power where there is any, else what stands on the tile, else what is counted. */
export function firstChoice(points: readonly Point[], headline: readonly Point[]): Point | undefined {
  const onTile = headline.map((shown) => points.find((point) => point.name === shown.name));
  return points.find((point) => point.name === "ac_power_w") ?? onTile.find((point) => point !== undefined)
    ?? points.find((point) => isCounter(point.name)) ?? points[0];
}

/** Bars have to be wide enough to be seen, and many counters count in whole kilowatt-hours. */
const STEPS: Readonly<Record<"level" | "counter", Readonly<Record<Range, Step>>>> = {
  level: { day: "5m", week: "1h", month: "1d", year: "1mo" },
  counter: { day: "1h", week: "1d", month: "1d", year: "1mo" },
};

export function stepOf(point: string, range: Range): Step {
  return STEPS[isCounter(point) ? "counter" : "level"][range];
}

export interface Window {
  readonly from: number;
  readonly to: number;
  /** The mean of a level, the increase of a counter. */
  readonly value: number | null;
  /** Lowest and highest of a level. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface Series {
  readonly point: PastPoint;
  readonly counted: boolean;
  readonly windows: readonly Window[];
  /** Those where something was measured. */
  readonly measured: readonly Window[];
  /** The sum of what was counted, the mean of a level. */
  readonly whole: number;
}

export function seriesOf(past: Past): Series | null {
  const point = past.points[0];
  if (!point) return null;
  const counted = isCounter(point.name);
  const windows = past.edges_ms.slice(0, -1).map((from, i): Window => {
    const to = past.edges_ms[i + 1] ?? from;
    if (counted) return { from, to, value: point.increase[i] ?? null, low: null, high: null };
    return { from, to, value: point.mean[i] ?? null, low: point.min[i] ?? null, high: point.max[i] ?? null };
  });
  const measured = windows.filter((window) => window.value !== null);
  return { point, counted, windows, measured, whole: counted ? measured.reduce((sum, window) => sum + (window.value ?? 0), 0) : meanOf(point) };
}

/** Each window weighs as much as was measured in it. */
function meanOf({ mean, count }: PastPoint): number {
  const weigh = (i: number) => (mean[i] === null ? 0 : count[i] ?? 0);
  const weight = count.reduce((sum, _, i) => sum + weigh(i), 0);
  return weight === 0 ? 0 : mean.reduce<number>((sum, value, i) => sum + (value ?? 0) * weigh(i), 0) / weight;
}

/** One measure for all that is shown, by the largest value, whatever its sign. */
export function measureFor({ point, counted, measured }: Series): Measure {
  const sizes = ({ value, low, high }: Window) => [value, low, high].map((size) => Math.abs(size ?? 0));
  const measure = measureOf(measured.reduce((largest, window) => Math.max(largest, ...sizes(window)), 0), point.unit);
  if (!counted || point.unit !== "") return measure;
  // What was counted over the edge of a window is shared out: half a ticket here, half there.
  return { ...measure, digits: measured.every(({ value }) => Number.isInteger(value)) ? 0 : 1 };
}

export const highestOf = ({ measured }: Series): Window | undefined =>
  measured.reduce<Window | undefined>((best, window) => ((window.high ?? -Infinity) > (best?.high ?? -Infinity) ? window : best), undefined);

export const lowestOf = ({ measured }: Series): number => measured.reduce((low, window) => Math.min(low, window.low ?? Infinity), Infinity);

/** Windows that follow one another without a value are one gap. */
export function withGapsJoined(windows: readonly Window[]): Window[] {
  const joined: Window[] = [];
  for (const window of windows) {
    const before = joined[joined.length - 1];
    if (window.value === null && before && before.value === null) joined[joined.length - 1] = { ...before, to: window.to };
    else joined.push(window);
  }
  return joined;
}
