// One alert: how bad, where, what, what to do, since when, who is on it.
import type { ComponentChildren } from "preact";
import type { Alert } from "../api/types";
import { coming, duration, moment } from "../format/time";
import { useWords } from "../i18n";
import { serverNow } from "../state/clock";
import { put, useTopic } from "../state/store";
import { isOpenHall } from "../api/http";
import { AcknowledgedIcon, AdviceIcon, SeverityIcon } from "./icons";
import { Machines, machinesOf } from "./machines";
import { Ticking } from "./ticking";
import { isCared } from "./urgency";

function Where({ alert }: { alert: Alert }) {
  const { say } = useWords();
  const hall = useTopic("hall");
  const zone = hall && isOpenHall(hall) ? hall.zones.find((entry) => entry.id === alert.zone) : undefined;
  const { device } = alert;
  return (
    <span class="alert-where">
      {device === null ? <span class="alert-device">{say(alert.device_name)}</span> : (
        <button type="button" class="link-button alert-device" onClick={() => put("drawer", device)}>{say(alert.device_name)}</button>
      )}
      {zone ? <span class="muted">{say(zone.name)}</span> : null}
    </span>
  );
}

function When({ alert }: { alert: Alert }) {
  const { t, lang } = useWords();
  if (alert.resolved_ms !== null) {
    return (
      <span class="muted">
        {t.alertResolvedAt(moment(alert.resolved_ms, serverNow(), lang))}
        {" · "}{t.alertLasted(duration(alert.resolved_ms - alert.since_ms, t))}
      </span>
    );
  }
  return (
    <span class="muted" title={t.alertSince(moment(alert.since_ms, serverNow(), lang))}>
      <Ticking write={(now) => t.alertFor(duration(now - alert.since_ms, t))} />
    </span>
  );
}

function Acknowledged({ alert }: { alert: Alert }) {
  const words = useWords();
  const { t, lang } = words;
  const done = alert.acknowledged;
  if (!done) return null;
  const until = alert.state === "resolved" ? null : done.until_ms;
  // What a person typed stays as typed, in any language.
  return (
    <p class="alert-ack">
      <AcknowledgedIcon />
      <span>
        {t.acknowledgedBy} <b data-person>{done.by}</b> {t.acknowledgedAt(moment(done.at_ms, serverNow(), lang))}
        {until === null ? null : ` · ${t.alerts.knownUntil(coming(until, serverNow(), words))}`}
        {done.note ? <q data-person>{done.note}</q> : null}
      </span>
    </p>
  );
}

function Evidence({ alert }: { alert: Alert }) {
  const { t, say } = useWords();
  const plain = alert.evidence.filter((entry) => machinesOf(entry) === null);
  if (plain.length === 0) return null;
  return (
    <p class="alert-evidence muted">
      <span>{t.evidence}</span>
      {plain.map((entry, i) => <span key={i} class="evidence">{say(entry.label)} <b>{entry.value}</b></span>)}
    </p>
  );
}

/** What keeps it from being an alert like any other. Without `full` the state that goes without saying is not said. */
function Marks({ alert, full }: { alert: Alert; full: boolean }) {
  const { alerts } = useWords().t;
  const { state } = alert;
  return (
    <>
      {full || state === "stale" || state === "recovering" ? (
        <span class={`pill pill-${state}`} data-state={state} title={state === "stale" ? alerts.staleHint : undefined}>{alerts.state[state]}</span>
      ) : null}
      {alert.silenced === null ? null : <span class="pill" data-mark="silenced" title={alerts.silencedHint}>{alerts.silenced}</span>}
      {alert.inhibited === null ? null : <span class="pill" data-mark="inhibited" title={alerts.inhibitedHint}>{alerts.inhibited}</span>}
      {alert.flapping ? <span class="pill pill-flapping" data-mark="flapping" title={alerts.flappingHint}>{alerts.flapping}</span> : null}
    </>
  );
}

/** What the hall calls the rule, in its own words. */
function Labels({ alert }: { alert: Alert }) {
  const { alerts } = useWords().t;
  const all = Object.entries(alert.labels);
  return <>{all.map(([name, value]) => <span key={name} class="pill" data-label={name} data-person>{alerts.labelOf(name, value)}</span>)}</>;
}

/** With `full` its state is said in any case; `children` are what else is known, and what can be done about it. */
export function AlertRow({ alert, isNew, full = false, onAcknowledge, children }: {
  alert: Alert; isNew?: boolean; full?: boolean; onAcknowledge?: (alert: Alert) => void; children?: ComponentChildren;
}) {
  const { t, say } = useWords();
  const ended = alert.state === "resolved";
  const canAcknowledge = !ended && alert.acknowledged === null && onAcknowledge !== undefined;
  const classes = ["alert", `sev-${alert.severity}`, isNew ? "is-new" : "", isCared(alert) ? "is-taken" : "", ended ? "is-ended" : ""];
  return (
    <li class={classes.filter(Boolean).join(" ")} data-alert={alert.id}>
      <div class="alert-head">
        <span class="severity"><SeverityIcon severity={alert.severity} />{t.severity[alert.severity]}</span>
        <Where alert={alert} />
        {ended ? null : <Marks alert={alert} full={full} />}
        {ended || !full ? null : <Labels alert={alert} />}
        <span class="alert-when"><When alert={alert} /></span>
      </div>
      <div class="alert-body">
        <div class="alert-words">
          <p class="alert-text" title={t.alertRule(alert.rule)}>{say(alert.text)}</p>
          {ended ? null : (
            <>
              <p class="alert-advice"><AdviceIcon /><span><span class="visually-hidden">{t.advice}: </span>{say(alert.advice)}</span></p>
              <Evidence alert={alert} />
              {alert.evidence.map((entry, i) => <Machines key={i} entry={entry} full={full} />)}
            </>
          )}
        </div>
        {canAcknowledge ? (
          <button type="button" class="button" data-testid="acknowledge" onClick={() => onAcknowledge(alert)}>{t.acknowledge}</button>
        ) : null}
      </div>
      <Acknowledged alert={alert} />
      {children}
    </li>
  );
}
