// Holds the chart: loads ECharts after the page is up and hands it new data.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Pv } from "../api/types";
import { joined, quantity } from "../format/number";
import { clockTime } from "../format/time";
import { useWords } from "../i18n";
import type { Chart } from "./chart";
import { curveUnit } from "./curve-unit";
import { onThemeChange } from "./theme";

export function PvCurve({ pv, peak }: { pv: Pv; peak: readonly [number, number] | null }) {
  const words = useWords();
  const { t, lang } = words;
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const [state, setState] = useState<"loading" | "ready" | "failed">("loading");
  const latest = useRef({ pv, words });
  latest.current = { pv, words };

  useEffect(() => {
    let gone = false;
    const draw = () => chart.current?.draw(latest.current.pv, latest.current.words);
    void import("./chart").then((module) => {
      if (gone || !box.current) return;
      chart.current = new module.Chart(box.current);
      setState("ready");
      draw();
    }).catch(() => setState("failed"));
    const unsubscribe = onThemeChange(draw);
    return () => {
      gone = true;
      unsubscribe();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => chart.current?.draw(pv, words), [pv, words]);

  const empty = !pv.curve.some(([, watts]) => watts !== null);
  const summary = peak ? t.curveSummary(joined(quantity(peak[1], "W", lang)), clockTime(peak[0], lang)) : t.curveEmpty;
  return (
    <figure class="curve">
      <figcaption class="label">{t.curveTitle(curveUnit(pv).unit)}</figcaption>
      <div class="curve-box" ref={box} role="img" aria-label={summary} />
      {state === "failed" ? <p class="curve-note">{t.curveFailed}</p> : null}
      {state !== "failed" && empty ? <p class="curve-note">{t.curveEmpty}</p> : null}
    </figure>
  );
}
