// The answer of a rehearsal: how often, where, when, and who would have been told.
import { useState } from "preact/hooks";
import type { Rehearsal } from "../../api/desk";
import { decimal } from "../../format/number";
import { dated, duration, moment } from "../../format/time";
import { useWords } from "../../i18n/desk";
import { serverNow } from "../../state/clock";
import { DeviceLink } from "./device-link";

const WEEK_MS = 7 * 86_400_000;
const DEVICES_SHOWN = 20;
const EVENTS_SHOWN = 30;

function Events({ result }: { result: Rehearsal }) {
  const { t, say, lang } = useWords();
  const words = t.noise;
  const names = new Map(result.devices.map((entry) => [entry.device, entry.device_name]));
  const [all, setAll] = useState(false);
  return (
    <section>
      <h3>{words.eventsTitle}</h3>
      <table class="desk-table">
        <thead><tr>{[words.where, words.from, words.to, words.lasted, words.hours, words.text].map((head) => <th key={head} scope="col">{head}</th>)}</tr></thead>
        <tbody>
          {result.events.slice(0, all ? undefined : EVENTS_SHOWN).map((event, i) => (
            <tr key={i} data-firing>
              <th scope="row">{event.device === null ? t.none : <DeviceLink id={event.device} name={names.get(event.device) ?? { zh: event.device, en: event.device }} />}</th>
              <td data-label={words.from}>{moment(event.from_ms, serverNow(), lang)}</td>
              <td data-label={words.to}>{event.to_ms === null ? words.still : moment(event.to_ms, serverNow(), lang)}</td>
              <td data-label={words.lasted}>{duration((event.to_ms ?? result.to_ms) - event.from_ms, t)}</td>
              <td data-label={words.hours}>{event.in_hours ? words.inHours : words.outOfHours}</td>
              <td class="wide-cell">{say(event.text)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {result.firings > result.events.length ? <p class="muted">{words.latest(decimal(result.events.length, 0, lang))}</p> : null}
      {all || result.events.length <= EVENTS_SHOWN ? null : (
        <button type="button" class="button show-all" onClick={() => setAll(true)}>{words.showAll(decimal(result.events.length, 0, lang))}</button>
      )}
    </section>
  );
}

function Lists({ result }: { result: Rehearsal }) {
  const { t, lang } = useWords();
  const words = t.noise;
  const shown = (n: number) => words.times(decimal(n, 0, lang));
  const rest = result.devices.length - DEVICES_SHOWN;
  return (
    <div class="desk-columns">
      <section>
        <h3>{words.devicesTitle}</h3>
        <ul class="desk-lines">
          {result.devices.slice(0, DEVICES_SHOWN).map((entry) => (
            <li key={entry.device} data-rehearsed={entry.device}>
              <DeviceLink id={entry.device} name={entry.device_name} />
              <span class="muted">{words.longest} {duration(entry.longest_ms, t)}</span><b>{shown(entry.count)}</b>
            </li>
          ))}
        </ul>
        {rest > 0 ? <p class="muted">{words.more(decimal(rest, 0, lang))}</p> : null}
      </section>
      <section>
        <h3>{words.toldTitle}</h3>
        {result.told.length === 0 ? <p class="muted">{words.toldNobody}</p> : (
          <ul class="desk-lines">{result.told.map((entry) => <li key={entry.channel}><span data-person>{entry.channel}</span><b>{shown(entry.count)}</b></li>)}</ul>
        )}
      </section>
    </div>
  );
}

export function RehearsalResult({ result }: { result: Rehearsal }) {
  const { t, lang } = useWords();
  const words = t.noise;
  const { data_from_ms: begins, from_ms: from, to_ms: to } = result;
  const shown = (n: number) => decimal(n, 0, lang);
  const day = (ms: number) => dated(ms, "dateOfYear", lang);
  const seen = begins === null ? 0 : to - Math.max(from, begins);
  return (
    <section class="card rehearsed" data-testid="rehearsed" aria-labelledby="rehearsed-title">
      <div class="card-head">
        <h2 id="rehearsed-title">{words.result(result.rule, day(from), day(to))}</h2>
        <span class="muted head-note">{words.took(words.seconds(decimal(result.took_ms / 1_000, 1, lang)))}</span>
      </div>
      {begins === null ? <p>{words.noData}</p> : (
        <>
          {begins > from ? <p class="muted desk-hint">{words.dataFrom(dated(begins, "momentOfYear", lang))}</p> : null}
          <dl class="facts">
            <div><dt>{words.firings}</dt><dd>{words.times(shown(result.firings))}{seen >= WEEK_MS && result.firings > 0 ? <small class="muted">{words.perWeek(decimal((result.firings / seen) * WEEK_MS, 1, lang))}</small> : null}</dd></div>
            <div><dt>{words.judged}</dt><dd>{words.machines(shown(result.devices_judged))}</dd></div>
            <div><dt>{words.inHours}</dt><dd>{words.times(shown(result.in_hours))}</dd></div>
            <div><dt>{words.outOfHours}</dt><dd>{words.times(shown(result.out_of_hours))}</dd></div>
          </dl>
          {result.firings === 0 ? <p>{words.quiet}</p> : <><Lists result={result} /><Events result={result} /></>}
        </>
      )}
    </section>
  );
}
