// The history of a device: which point, which time, and what it did.
import { useState } from "preact/hooks";
import type { Device, Point } from "../../api/types";
import { useWords } from "../../i18n";
import { serverNow } from "../../state/clock";
import { useTopic } from "../../state/store";
import { explain } from "../explain";
import { ChevronIcon } from "../icons";
import { PastFigure } from "./figure";
import { RANGES, earlier, later, periodName, periodOf, type Period, type View } from "./period";
import { firstChoice, isCounter, numbersOf } from "./series";
import { usePast } from "./use-past";

function PointChoice({ points, chosen, onChoose }: { points: readonly Point[]; chosen: string; onChoose: (name: string) => void }) {
  const { t, label } = useWords();
  const options = (counted: boolean) => points.filter((point) => isCounter(point.name) === counted)
    .map((point) => <option key={point.name} value={point.name}>{label(point.label)}</option>);
  const [levels, counters] = [options(false), options(true)];
  return (
    <select class="past-point on-screen" aria-label={t.history.point} value={chosen} onChange={(event) => onChoose(event.currentTarget.value)}>
      {levels.length > 0 ? <optgroup label={t.history.levels}>{levels}</optgroup> : null}
      {counters.length > 0 ? <optgroup label={t.history.counters}>{counters}</optgroup> : null}
    </select>
  );
}

function TimeChoice({ view, period, onView }: { view: View; period: Period; onView: (view: View) => void }) {
  const words = useWords();
  const { history } = words.t;
  const now = serverNow();
  const [before, after] = [history.earlier[view.range], history.later[view.range]];
  return (
    <>
      <div class="past-ranges on-screen" role="group" aria-label={history.rangeLabel}>
        {RANGES.map((range) => (
          <button
            key={range} type="button" class={range === view.range ? "chip is-range" : "chip"} data-range={range}
            aria-pressed={range === view.range && period.current} onClick={() => onView({ range, date: null })}
          >
            {history.ranges[range]}
          </button>
        ))}
      </div>
      <div class="past-period">
        <button type="button" class="icon-button past-earlier on-screen" title={before} aria-label={before} onClick={() => onView(earlier(view, now))}><ChevronIcon /></button>
        <b data-testid="past-period" aria-live="polite">{periodName(period, now, words)}</b>
        <button
          type="button" class="icon-button past-later on-screen" title={after} aria-label={after}
          aria-disabled={period.current ? "true" : undefined} onClick={() => onView(later(view, now))}
        >
          <ChevronIcon />
        </button>
      </div>
    </>
  );
}

function PastOf({ device, point, period }: { device: string; point: string; period: Period }) {
  const words = useWords();
  const { t } = words;
  const { told, failure, busy, again } = usePast(device, point, period);
  return (
    <>
      {failure ? (
        <p class="form-error past-failed" role="alert">
          <span>{failure.status === 404 ? t.history.missing : t.history.failed}{failure.status === 404 ? null : <span class="hint">{explain(failure, words)}</span>}</span>
          <button type="button" class="button" onClick={again}>{t.retry}</button>
        </p>
      ) : null}
      <p class={told || failure ? "past-loading muted" : "past-loading past-wait muted"} role="status">{busy ? t.loading : null}</p>
      {told ? <PastFigure told={told} busy={busy} /> : null}
    </>
  );
}

export function History({ device }: { device: Device }) {
  const { t } = useWords();
  const headline = useTopic("devices")?.find((entry) => entry.id === device.id)?.points ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const [view, setView] = useState<View>({ range: "day", date: null });
  const points = numbersOf(device, chosen);
  const point = chosen ?? firstChoice(points, headline)?.name;
  const period = periodOf(view, serverNow());
  return point === undefined ? null : (
    <section class="history" aria-labelledby="history-title">
      <h3 id="history-title">{t.history.title}</h3>
      <PointChoice points={points} chosen={point} onChoose={setChosen} />
      <TimeChoice view={view} period={period} onView={setView} />
      <PastOf device={device.id} point={point} period={period} />
    </section>
  );
}
