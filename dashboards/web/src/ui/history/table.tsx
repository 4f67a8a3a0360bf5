// The numbers of a chart in a table, for who cannot see or point at it.
import { useState } from "preact/hooks";
import { decimal } from "../../format/number";
import { unitWord } from "../../format/point";
import { useWords } from "../../i18n";
import { nameOf } from "./names";
import type { Range } from "./period";
import { measureFor, withGapsJoined, type Series, type Window } from "./series";

function Row({ window, range, columns, shown }: {
  window: Window; range: Range; columns: number; shown: (value: number | null) => string;
}) {
  const words = useWords();
  const { t } = words;
  const name = nameOf(window, range, words);
  if (window.value === null) return <tr class="gap"><th scope="row">{name}</th><td colSpan={columns}>{t.noValue}</td></tr>;
  const values = columns === 1 ? [window.value] : [window.value, window.low, window.high];
  return <tr><th scope="row">{name}</th>{values.map((value, i) => <td key={i}>{shown(value)}</td>)}</tr>;
}

/** `now`: what is to come yet is no gap. */
export function PastTable({ series, range, title, now }: { series: Series; range: Range; title: string; now: number }) {
  const words = useWords();
  const { t, lang } = words;
  const { history } = t;
  const [open, setOpen] = useState(false);
  const { unit, by, digits } = measureFor(series);
  const shown = (value: number | null) => (value === null ? t.none : decimal(value / by, digits, lang, unit !== "" || !series.counted));
  const heads = series.counted ? [history.increaseHead] : [history.meanHead, history.lowestHead, history.highestHead];
  const rows = withGapsJoined(series.windows.filter((window) => window.from <= now));
  return (
    <details class="past-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{history.table}</summary>
      {open ? (
        <div class="past-scroll" tabIndex={0} role="region" aria-label={title}>
          <table>
            <caption class="visually-hidden">{title}</caption>
            <thead><tr>
              <th scope="col">{history.time}</th>
              {heads.map((head) => <th key={head} scope="col">{history.chartTitle(head, unitWord(unit, words))}</th>)}
            </tr></thead>
            <tbody>{rows.map((window) => <Row key={window.from} window={window} range={range} columns={heads.length} shown={shown} />)}</tbody>
          </table>
        </div>
      ) : null}
    </details>
  );
}
