// Today's power curve. This module is the only one that imports ECharts and is loaded lazily.
import { LineChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import type { Pv } from "../api/types";
import { decimal, joined, quantity } from "../format/number";
import { clockTime, sinceMidnight } from "../format/time";
import type { Words } from "../i18n";
import { curveUnit } from "./curve-unit";

use([LineChart, GridComponent, TooltipComponent, MarkLineComponent, CanvasRenderer]);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Item { readonly value: [number, number | null]; readonly symbolSize: number }
interface Span { readonly midnight: number; readonly from: number; readonly to: number }

/** The axis counts from the hall's midnight, so that ticks fall on full local hours in any zone. */
function spanOf(pv: Pv): Span {
  const midnight = pv.now_ms - sinceMidnight(pv.now_ms);
  const { sunrise_ms: rise, sunset_ms: set } = pv.sun;
  if (rise === null || set === null) return { midnight, from: 0, to: DAY };
  let from = Math.floor((rise - midnight) / HOUR - 1) * HOUR;
  let to = Math.ceil((set - midnight) / HOUR + 1) * HOUR;
  // Power outside the expected hours is news: never cut it off.
  for (const [ms, watts] of pv.curve) {
    if (watts === null || watts <= 0) continue;
    from = Math.min(from, Math.floor((ms - midnight) / HOUR) * HOUR);
    to = Math.max(to, Math.ceil((ms - midnight) / HOUR) * HOUR);
  }
  return { midnight, from: Math.max(0, from), to: Math.min(DAY, to) };
}

/** Steps that are missing become gaps; a value alone between gaps gets a dot, or nobody sees it. */
function itemsOf(pv: Pv, span: Span): Item[] {
  const filled: [number, number | null][] = [];
  let before: number | null = null;
  for (const [ms, watts] of pv.curve) {
    if (before !== null && ms - before > pv.curve_step_ms * 1.5) filled.push([before + pv.curve_step_ms - span.midnight, null]);
    filled.push([ms - span.midnight, watts]);
    before = ms;
  }
  return filled.map((value, i) => {
    const alone = value[1] !== null && (filled[i - 1]?.[1] ?? null) === null && (filled[i + 1]?.[1] ?? null) === null;
    return { value, symbolSize: alone ? 4 : 0 };
  });
}

function colour(name: string, element: HTMLElement): string {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

export class Chart {
  private readonly chart: EChartsType;
  private readonly observer: ResizeObserver;

  constructor(private readonly box: HTMLElement) {
    this.chart = init(box, null, { renderer: "canvas" });
    this.observer = new ResizeObserver(() => this.chart.resize());
    this.observer.observe(box);
  }

  dispose(): void {
    this.observer.disconnect();
    this.chart.dispose();
  }

  draw(pv: Pv, words: Words): void {
    const span = spanOf(pv);
    this.chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(this.box).fontFamily },
      grid: { left: 4, right: 14, top: 22, bottom: 2, containLabel: true },
      tooltip: this.tooltip(pv, span, words),
      xAxis: this.xAxis(span, words),
      yAxis: this.yAxis(pv, words),
      series: [this.series(pv, span, words)],
    }, { notMerge: false, lazyUpdate: true });
  }

  private tooltip(pv: Pv, span: Span, words: Words): object {
    return {
      trigger: "axis",
      confine: true,
      backgroundColor: colour("--surface", this.box),
      borderColor: colour("--line", this.box),
      textStyle: { color: colour("--text", this.box), fontSize: 13 },
      axisPointer: { lineStyle: { color: colour("--line-strong", this.box) } },
      formatter: (params: readonly { value: [number, number | null] }[]) => {
        const [offset, watts] = params[0]?.value ?? [0, null];
        const at = span.midnight + offset;
        const value = watts === null ? words.t.noValue : joined(quantity(watts, "W", words.lang));
        return `${clockTime(at, words.lang)}–${clockTime(at + pv.curve_step_ms, words.lang)}<br><b>${value}</b>`;
      },
    };
  }

  private xAxis(span: Span, words: Words): object {
    return {
      type: "value", min: span.from, max: span.to, interval: 2 * HOUR,
      splitLine: { show: false },
      axisLine: { lineStyle: { color: colour("--line-strong", this.box) } },
      axisTick: { show: true, lineStyle: { color: colour("--line-strong", this.box) } },
      axisLabel: {
        color: colour("--muted", this.box), hideOverlap: true, showMinLabel: false, showMaxLabel: false,
        formatter: (offset: number) => (offset === DAY ? "24:00" : clockTime(span.midnight + offset, words.lang)),
      },
    };
  }

  private yAxis(pv: Pv, words: Words): object {
    const { by, digits } = curveUnit(pv);
    return {
      type: "value", min: 0, splitNumber: 3,
      // A dull morning must not look like a full day.
      max: (range: { max: number }) => Math.max(range.max, pv.rated_power_w * 0.1) * 1.05,
      splitLine: { lineStyle: { color: colour("--line", this.box) } },
      axisLabel: {
        color: colour("--muted", this.box), showMaxLabel: false,
        formatter: (watts: number) => decimal(watts / by, digits, words.lang),
      },
    };
  }

  private series(pv: Pv, span: Span, words: Words): object {
    const line = colour("--sun", this.box);
    const now = pv.now_ms - span.midnight;
    const shown = now >= span.from && now <= span.to;
    return {
      type: "line", data: itemsOf(pv, span), connectNulls: false, symbol: "circle", showSymbol: true,
      lineStyle: { color: line, width: 2 }, itemStyle: { color: line },
      areaStyle: { color: colour("--sun-area", this.box) },
      emphasis: { disabled: true },
      markLine: {
        silent: true, symbol: "none", animation: false,
        lineStyle: { color: colour("--line-strong", this.box), type: "dashed", width: 1 },
        label: { formatter: words.t.curveNow, color: colour("--muted", this.box), fontSize: 12 },
        data: shown ? [{ xAxis: now }] : [],
      },
    };
  }
}
