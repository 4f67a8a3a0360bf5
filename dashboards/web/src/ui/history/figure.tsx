// A period of a point: its chart, what it comes to, where it comes from, and its numbers.
import { useMemo } from "preact/hooks";
import type { Step } from "../../api/past";
import { joined } from "../../format/number";
import { figureOf, unitWord } from "../../format/point";
import { useWords, type Words } from "../../i18n";
import { serverNow } from "../../state/clock";
import { ChartBox } from "../chart-box";
import { drawing } from "./drawing";
import { nameOf } from "./names";
import { Origin } from "./origin";
import { periodName, type Period } from "./period";
import { highestOf, lowestOf, measureFor, seriesOf, type Series } from "./series";
import { PastTable } from "./table";
import type { Told } from "./use-past";

function titleOf(series: Series, step: Step, words: Words): string {
  const { history } = words.t;
  const label = words.label(series.point.label);
  const { unit } = measureFor(series);
  return history.chartTitle(series.counted ? history.counted(label, history.perStep[step]) : label, unitWord(unit, words));
}

/** What it comes to, in words. */
function summaryOf(series: Series, { range }: Period, words: Words): string[] {
  const { history } = words.t;
  const shown = (value: number) => joined(figureOf(value, series.point.unit, words, 4));
  // Tickets that were drawn across midnight are shared out; as a whole they are whole.
  if (series.counted) return [history.total(shown(series.point.unit === "" ? Math.round(series.whole) : series.whole))];
  const highest = highestOf(series);
  const told = [history.mean(shown(series.whole)), history.lowest(shown(lowestOf(series)))];
  if (highest && highest.high !== null) told.push(history.highestAt(shown(highest.high), nameOf(highest, range, words)));
  return told;
}

export function PastFigure({ told, busy }: { told: Told; busy: boolean }) {
  const words = useWords();
  const { period, step } = told;
  const { t, label } = words;
  const series = useMemo(() => seriesOf(told.past), [told]);
  const draw = useMemo(() => (series ? drawing(series, period.range, period.current ? serverNow() : null, words) : null), [series, words]);
  if (!series || !draw) return null;
  const name = periodName(period, serverNow(), words);
  const none = series.measured.length === 0;
  const title = none ? label(series.point.label) : titleOf(series, step, words);
  const summary = none ? [] : summaryOf(series, period, words);
  const kind = series.counted ? "bars" : "line";
  return (
    <div class="past" data-testid="past" data-kind={none ? "empty" : kind} aria-busy={busy}>
      <figure class="curve">
        <figcaption><span class="label">{title}</span></figcaption>
        {none ? <p class="past-empty muted">{t.history.empty}</p> : (
          <>
            <p class="past-summary" data-testid="past-summary">{summary.map((part) => <span key={part}>{part}</span>)}</p>
            <ChartBox key={kind} draw={draw} summary={[title, name, ...summary].join(" · ")} empty={null} />
          </>
        )}
      </figure>
      <Origin parts={told.past.parts} />
      {none ? null : <PastTable series={series} range={period.range} title={`${title} · ${name}`} now={serverNow()} />}
    </div>
  );
}
