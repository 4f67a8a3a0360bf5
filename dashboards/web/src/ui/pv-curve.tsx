// Today's power curve of the roof.
import { useMemo } from "preact/hooks";
import type { Pv } from "../api/types";
import { decimal, joined, quantity } from "../format/number";
import { clockTime, sinceMidnight } from "../format/time";
import { useWords, type Words } from "../i18n";
import { ChartBox } from "./chart-box";
import { isAlone, type Draw } from "./paint";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Span { readonly midnight: number; readonly from: number; readonly to: number }

/** One unit for caption and axis, by the size of the plant. */
function curveUnit(pv: Pv): { unit: string; by: number; digits: number } {
  return pv.rated_power_w >= 1e6 ? { unit: "MW", by: 1e6, digits: 2 } : { unit: "kW", by: 1e3, digits: 1 };
}

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

/** Steps that are missing become gaps. */
function filled(pv: Pv, { midnight }: Span): [number, number | null][] {
  const steps: [number, number | null][] = [];
  let before: number | null = null;
  for (const [ms, watts] of pv.curve) {
    if (before !== null && ms - before > pv.curve_step_ms * 1.5) steps.push([before + pv.curve_step_ms - midnight, null]);
    steps.push([ms - midnight, watts]);
    before = ms;
  }
  return steps;
}

function drawing(pv: Pv, { t, lang }: Words): Draw {
  const span = spanOf(pv);
  const steps = filled(pv, span);
  const watts = steps.map((step) => step[1]);
  const { by, digits } = curveUnit(pv);
  const now = pv.now_ms - span.midnight;
  const tip = (index: number) => {
    const [offset, value] = steps[index] ?? [0, null];
    const at = span.midnight + offset;
    const said = value === null ? t.noValue : joined(quantity(value, "W", lang));
    return `${clockTime(at, lang)}–${clockTime(at + pv.curve_step_ms, lang)}<br><b>${said}</b>`;
  };
  return (paint) => paint.picture({
    tip,
    x: {
      type: "value", min: span.from, max: span.to, interval: 2 * HOUR,
      axisLabel: {
        showMinLabel: false, showMaxLabel: false,
        formatter: (offset: number) => (offset === DAY ? "24:00" : clockTime(span.midnight + offset, lang)),
      },
    },
    y: {
      min: 0, splitNumber: 3,
      // A dull morning must not look like a full day.
      max: (range: { max: number }) => Math.max(range.max, pv.rated_power_w * 0.1) * 1.05,
      axisLabel: { showMaxLabel: false, formatter: (value: number) => decimal(value / by, digits, lang) },
    },
    series: [{
      type: "line", data: steps.map((value, i) => ({ value, symbolSize: isAlone(watts, i) ? 4 : 0 })), connectNulls: false, symbol: "circle", showSymbol: true,
      lineStyle: { color: paint.colour("--sun"), width: 2 }, itemStyle: { color: paint.colour("--sun") },
      areaStyle: { color: paint.colour("--sun-area") },
      emphasis: { disabled: true },
      markLine: paint.nowMark(t.curveNow, now >= span.from && now <= span.to ? now : null),
    }],
  });
}

export function PvCurve({ pv, peak }: { pv: Pv; peak: readonly [number, number] | null }) {
  const words = useWords();
  const { t, lang } = words;
  const draw = useMemo(() => drawing(pv, words), [pv, words]);
  const empty = !pv.curve.some(([, watts]) => watts !== null);
  const summary = peak ? t.curveSummary(joined(quantity(peak[1], "W", lang)), clockTime(peak[0], lang)) : t.curveEmpty;
  return (
    <figure class="curve">
      <figcaption class="label">{t.curveTitle(curveUnit(pv).unit)}</figcaption>
      <ChartBox draw={draw} summary={summary} empty={empty ? t.curveEmpty : null} />
    </figure>
  );
}
