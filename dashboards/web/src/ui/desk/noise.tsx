// How noisy the alarms are: what nobody can follow is not read.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Noise, Shift } from "../../api/desk";
import { decimal, percent } from "../../format/number";
import { clockTime, duration, isoDate, moment } from "../../format/time";
import { useWords, type Words } from "../../i18n/desk";
import { serverNow } from "../../state/clock";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { SeverityIcon } from "../icons";
import { SEVERITIES } from "../urgency";
import { DeviceLink } from "./device-link";
import { Spans } from "./spans";
import { addressOf } from "./tabs";
import { Trouble } from "./trouble";

const HOUR_MS = 3_600_000;
const REREAD_MS = 60_000;
const SPANS = ["1", "7", "30"] as const;
type Span = (typeof SPANS)[number];

function Fact({ label, value, more }: { label: string; value: string; more?: string }) {
  return <div><dt>{label}</dt><dd>{value}{more === undefined ? null : <small class="muted">{more}</small>}</dd></div>;
}

function Totals({ noise }: { noise: Noise }) {
  const words = useWords();
  const { t, lang } = words;
  const shown = (n: number) => decimal(n, 0, lang);
  const share = (n: number) => t.noise.share(percent(n / noise.alarms, words));
  const some = noise.alarms > 0;
  return (
    <dl class="facts noise-facts" data-testid="noise">
      <Fact label={t.noise.alarms} value={shown(noise.alarms)} />
      <Fact label={t.noise.perShift} value={decimal(noise.per_shift_mean, 1, lang)} />
      <Fact label={t.noise.told} value={shown(noise.told)} {...(some ? { more: share(noise.told) } : {})} />
      <Fact label={t.noise.selfCleared} value={shown(noise.self_cleared)} {...(some ? { more: share(noise.self_cleared) } : {})} />
      <Fact label={t.noise.acknowledged} value={shown(noise.acknowledged)} {...(some ? { more: share(noise.acknowledged) } : {})} />
      <Fact label={t.noise.meanAck} value={noise.acknowledge_mean_ms === null ? t.none : duration(noise.acknowledge_mean_ms, t)} />
      <div class="noise-by">
        <dt>{t.noise.severityTitle}</dt>
        <dd class="noise-severities">
          {SEVERITIES.map((severity) => (
            <span key={severity} class={`sev-${severity}`} title={t.severity[severity]}>
              <SeverityIcon severity={severity} /><span class="visually-hidden">{t.severity[severity]}</span>{shown(noise.by_severity[severity])}
            </span>
          ))}
        </dd>
      </div>
    </dl>
  );
}

function spanOf({ from_ms: from, to_ms: to }: Shift, { t, lang }: Words): string {
  const sameDay = isoDate(from) === isoDate(to);
  return t.noise.shift(moment(from, serverNow(), lang), sameDay ? clockTime(to, lang) : moment(to, serverNow(), lang));
}

/** Bars without a library: one for each shift, the highest as high as the box. */
function Shifts({ shifts }: { shifts: readonly Shift[] }) {
  const words = useWords();
  const { t, lang } = words;
  const most = shifts.reduce<Shift | null>((best, shift) => (best === null || shift.alarms > best.alarms ? shift : best), null);
  if (most === null || most.alarms === 0) return null;
  const summary = t.noise.most(decimal(most.alarms, 0, lang), spanOf(most, words));
  const [first, last] = [shifts[0], shifts[shifts.length - 1]];
  return (
    <section class="card" aria-labelledby="shifts-title">
      <div class="card-head"><h2 id="shifts-title">{t.noise.shiftsTitle}</h2><span class="muted head-note">{summary}</span></div>
      <div class="bars" role="img" aria-label={summary}>
        {shifts.map((shift) => (
          <span key={shift.from_ms} class="bar" title={t.noise.shiftBar(spanOf(shift, words), decimal(shift.alarms, 0, lang))}>
            {shifts.length <= 31 ? <small>{shift.alarms}</small> : null}
            <i style={{ height: `${Math.max(shift.alarms > 0 ? 2 : 0, (shift.alarms / most.alarms) * 84)}px` }} class={shift === most ? "is-most" : undefined} />
          </span>
        ))}
      </div>
      <p class="bars-ends muted"><span>{first ? moment(first.from_ms, serverNow(), lang) : null}</span><span>{last ? moment(last.to_ms, serverNow(), lang) : null}</span></p>
    </section>
  );
}

function Top({ noise }: { noise: Noise }) {
  const { t, say, lang } = useWords();
  const words = t.noise;
  const most = Math.max(1, ...noise.top.map((entry) => entry.count));
  return (
    <section class="card" aria-labelledby="top-title">
      <div class="card-head"><h2 id="top-title">{words.topTitle}</h2></div>
      {noise.top.length === 0 ? <p class="muted">{words.none}</p> : (
        <table class="desk-table top-table">
          <thead><tr><th scope="col">{words.what}</th><th scope="col">{words.where}</th><th scope="col">{words.rule}</th><th scope="col" class="figure">{words.count}</th></tr></thead>
          <tbody>
            {noise.top.map((entry) => (
              <tr key={`${entry.rule}/${entry.device}`} data-top={`${entry.rule}/${entry.device ?? ""}`}>
                <th scope="row">{say(entry.text)}<span class="meter" aria-hidden="true"><i style={{ width: `${(entry.count / most) * 100}%` }} /></span></th>
                <td data-label={words.where}><DeviceLink id={entry.device} name={entry.device_name} /></td>
                <td data-label={words.rule}><a href={addressOf("rehearsal", entry.rule)}>{entry.rule}</a></td>
                <td class="figure" data-label={words.count}>{decimal(entry.count, 0, lang)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function NoiseTab() {
  const { t } = useWords();
  const [span, setSpan] = useState<Span>("7");
  const read = () => {
    const to = serverNow();
    return api.noise(Math.round(to - Number(span) * 24 * HOUR_MS), Math.round(to));
  };
  const { data, failed, missing } = useWhileOpen(useVisible(), read, REREAD_MS, span);
  return (
    <>
      <Trouble failed={failed} missing={missing} />
      <section class="card" aria-label={t.alerts.tabs.noise}>
        <div class="card-head">
          <h2>{t.alerts.tabs.noise}</h2>
          <Spans label={t.noise.spanLabel} spans={SPANS.map((entry) => [entry, t.noise.spans[entry]] as const)} span={span} onSpan={setSpan} />
        </div>
        {data ? <Totals noise={data} /> : failed ? null : <p class="muted">{t.loading}</p>}
      </section>
      {data ? <><Shifts shifts={data.shifts} /><Top noise={data} /></> : null}
    </>
  );
}
