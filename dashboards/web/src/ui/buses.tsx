// The Modbus lines: how busy they are, who is silent, and what is wrong in words. Read on demand.
import { useState } from "preact/hooks";
import { api } from "../api/http";
import type { Bus, Buses } from "../api/types";
import { counted, decimal } from "../format/number";
import { useWords } from "../i18n";
import { useWhileOpen } from "../state/while-open";
import { Popup } from "./popup";

/** The worst lines come first; a hall with hundreds of them is for `hallwatch bus`. */
const LINES_MAX = 30;
/** As the daemon sees it: one or two questions get lost, three in a row do not. */
const SILENT_QUESTIONS = 3;

function Line({ bus }: { bus: Bus }) {
  const words = useWords();
  const { t, say, lang } = words;
  const silent = bus.units.filter((unit) => unit.unanswered >= SILENT_QUESTIONS).length;
  const timeouts = bus.units.reduce((sum, unit) => sum + unit.timeouts, 0);
  const figures = [silent, timeouts, bus.crc_errors, bus.foreign_frames];
  return (
    <>
      <tr data-line={bus.name}>
        <th scope="row"><code>{bus.name}</code></th>
        <td>{decimal(bus.utilisation * 100, 0, lang)} %</td>
        {figures.map((figure, place) => <td key={place} class={figure > 0 && place !== 1 ? "warn-text" : undefined}>{counted(figure, words)}</td>)}
      </tr>
      {bus.findings.map((finding, place) => (
        <tr key={place} class={`finding finding-${finding.weight}`}><td colSpan={6}>{t.findingWeight[finding.weight]}: {say(finding.text)}</td></tr>
      ))}
    </>
  );
}

function Table({ buses }: { buses: Buses }) {
  const { t } = useWords();
  const left = buses.total - buses.buses.length;
  return (
    <>
      <table class="buses">
        <thead>
          <tr>{[t.busLine, t.busBusy, t.busSilent, t.busTimeouts, t.busCrc, t.busForeign].map((head) => <th key={head} scope="col">{head}</th>)}</tr>
        </thead>
        <tbody>{buses.buses.map((bus) => <Line key={bus.name} bus={bus} />)}</tbody>
      </table>
      {left > 0 ? <p class="muted">{t.busMore(left)}</p> : null}
    </>
  );
}

export function BusesPopup() {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const { data, failed } = useWhileOpen(open, () => api.buses(LINES_MAX));
  return (
    <Popup summary={t.busLook} testId="buses" onOpen={setOpen}>
      <div class="popup popup-wide">
        {failed ? <p class="form-error" role="alert">{t.busFailed}</p> : null}
        {data ? <Table buses={data} /> : failed ? null : <p class="muted">{t.loading}</p>}
      </div>
    </Popup>
  );
}
