// How a series is drawn: a level as a line in a band of its lowest and highest values, a counter as bars.
import { decimal, joined } from "../../format/number";
import { figureOf } from "../../format/point";
import type { Words } from "../../i18n";
import { UNSEEN, isAlone, type Draw, type Paint } from "../paint";
import { labelOf, nameOf } from "./names";
import type { Range } from "./period";
import { measureFor, type Series } from "./series";

/** What is read against nothing: half as much is half as much. Volts and degrees are read by their changes. */
const FROM_ZERO = new Set(["W", "VA", "var", "A", "W/m²", "m/s", "B", "张", "人"]);
/** With so few values each one gets a dot. */
const DOTS_MAX = 40;

function seriesFor(series: Series, paint: Paint, word: string, now: number | null): object[] {
  const accent = paint.colour("--accent");
  const values = series.windows.map((window) => window.value);
  const mark = { markLine: paint.nowMark(word, now) };
  if (series.counted) {
    // A pixel for a measured zero: not the same as nothing.
    return [{ type: "bar", data: values, barMaxWidth: 30, barCategoryGap: "25%", barMinHeight: 1, itemStyle: { color: accent }, emphasis: { disabled: true }, ...mark }];
  }
  const hidden = { type: "line", stack: "band", stackStrategy: "all", symbol: "none", silent: true, lineStyle: UNSEEN, emphasis: { disabled: true } };
  const dots = series.measured.length <= DOTS_MAX;
  return [
    { ...hidden, data: series.windows.map((window) => window.low) },
    { ...hidden, data: series.windows.map(({ low, high }) => (low === null || high === null ? null : high - low)), areaStyle: { color: accent, opacity: 0.18 } },
    {
      type: "line", data: values.map((value, i) => ({ value, symbolSize: dots || isAlone(values, i) ? 4 : 0 })), connectNulls: false, symbol: "circle", showSymbol: true,
      lineStyle: { color: accent, width: 2 }, itemStyle: { color: accent }, emphasis: { disabled: true }, ...mark,
    },
  ];
}

/** `now` is null for a period that is over. */
export function drawing(series: Series, range: Range, now: number | null, words: Words): Draw {
  const { t, lang } = words;
  const { windows, point } = series;
  const labels = windows.map((window, i) => labelOf(window, i, range, lang));
  const { by } = measureFor(series);
  const shown = (value: number) => joined(figureOf(value, point.unit, words, 4));
  const at = now === null || range !== "day" ? -1 : windows.findIndex((window) => window.from <= now && now < window.to);
  const tip = (index: number) => {
    const window = windows[index];
    if (!window) return "";
    const { value, low, high } = window;
    const lines = [nameOf(window, range, words), `<b>${value === null ? t.noValue : shown(value)}</b>`];
    if (low !== null && high !== null) lines.push(`${t.history.lowest(shown(low))} · ${t.history.highest(shown(high))}`);
    return lines.join("<br>");
  };
  return (paint) => paint.picture({
    tip,
    x: {
      type: "category", data: windows.map((_, i) => i),
      axisTick: { interval: (index: number) => labels[index]?.tick ?? false },
      axisLabel: {
        interval: (index: number) => (labels[index]?.label ?? null) !== null,
        formatter: (_: string, index: number) => labels[index]?.label ?? "",
      },
    },
    y: {
      scale: !series.counted && !FROM_ZERO.has(point.unit), splitNumber: 3, minInterval: series.counted && point.unit === "" ? 1 : 0,
      axisLabel: { formatter: (value: number) => decimal(value / by, 3, lang) },
    },
    series: seriesFor(series, paint, t.curveNow, at < 0 ? null : at),
  });
}
