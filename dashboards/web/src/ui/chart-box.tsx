// Holds a chart: loads ECharts after the page is up and hands it what is to be drawn.
import { useEffect, useRef, useState } from "preact/hooks";
import { useWords } from "../i18n";
import type { Chart } from "./chart";
import type { Draw } from "./paint";
import { onThemeChange } from "./theme";

/** `summary` is what the chart says, for who cannot see it; `empty` stands in the place of what is not there. */
export function ChartBox({ draw, summary, empty }: { draw: Draw; summary: string; empty: string | null }) {
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const [failed, setFailed] = useState(false);
  const latest = useRef(draw);
  latest.current = draw;

  useEffect(() => {
    let gone = false;
    const again = () => chart.current?.draw(latest.current);
    void import("./chart").then((module) => {
      if (gone || !box.current) return;
      chart.current = new module.Chart(box.current);
      again();
    }).catch(() => setFailed(true));
    const unsubscribe = onThemeChange(again);
    return () => {
      gone = true;
      unsubscribe();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => chart.current?.draw(draw), [draw]);

  const note = failed ? t.curveFailed : empty;
  return (
    <>
      <div class="curve-box" ref={box} role="img" aria-label={summary} />
      {note === null ? null : <p class="curve-note">{note}</p>}
    </>
  );
}
