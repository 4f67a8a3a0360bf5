// The look that all charts of the page share: colours of the theme, axes, tip. Without ECharts, so that it is there at once.

/** The parts in which charts differ, in the words of ECharts. */
export interface Parts {
  /** What is told of the place under the pointer, as HTML. */
  readonly tip: (index: number) => string;
  readonly x: { readonly axisLabel: object; readonly axisTick?: object; readonly [more: string]: unknown };
  readonly y: { readonly axisLabel: object; readonly [more: string]: unknown };
  readonly series: readonly object[];
}

/** A chart as ECharts wants to be told of it. */
export interface Picture { readonly [part: string]: unknown }

/** Describes a chart; called again when the theme changes. */
export type Draw = (paint: Paint) => Picture;

export class Paint {
  private readonly style: CSSStyleDeclaration;

  constructor(box: HTMLElement) {
    this.style = getComputedStyle(box);
  }

  colour(name: string): string {
    return this.style.getPropertyValue(name).trim();
  }

  picture({ tip, x, y, series }: Parts): Picture {
    const [muted, strong] = [this.colour("--muted"), this.colour("--line-strong")];
    return {
      animation: false,
      textStyle: { fontFamily: this.style.fontFamily },
      grid: { left: 4, right: 14, top: 22, bottom: 2, containLabel: true },
      tooltip: {
        trigger: "axis", confine: true,
        backgroundColor: this.colour("--surface"), borderColor: this.colour("--line"),
        textStyle: { color: this.colour("--text"), fontSize: 13 },
        axisPointer: { lineStyle: { color: strong }, shadowStyle: { color: this.colour("--line"), opacity: 0.5 } },
        formatter: (places: readonly { dataIndex: number }[]) => tip(places[0]?.dataIndex ?? 0),
      },
      xAxis: {
        splitLine: { show: false }, axisLine: { onZero: false, lineStyle: { color: strong } }, ...x,
        axisTick: { show: true, lineStyle: { color: strong }, ...x.axisTick },
        axisLabel: { color: muted, hideOverlap: true, ...x.axisLabel },
      },
      yAxis: {
        type: "value", splitLine: { lineStyle: { color: this.colour("--line") } }, ...y,
        axisLabel: { color: muted, ...y.axisLabel },
      },
      series,
    };
  }

  /** A dashed line where the axis has come to now. */
  nowMark(word: string, at: number | null): object {
    return {
      silent: true, symbol: "none", animation: false,
      lineStyle: { color: this.colour("--line-strong"), type: "dashed", width: 1 },
      label: { formatter: word, color: this.colour("--muted"), fontSize: 12 },
      data: at === null ? [] : [{ xAxis: at }],
    };
  }
}

/** A line that nobody sees. */
export const UNSEEN = { opacity: 0 };

/** A value alone between gaps gets a dot, or nobody sees it. */
export function isAlone(values: readonly (number | null)[], at: number): boolean {
  return (values[at] ?? null) !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
}
