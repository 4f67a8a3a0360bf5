// Open alerts, newest trouble first, and the ones that ended lately.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Alert } from "../api/types";
import { useWords } from "../i18n";
import { RESOLVED_LIMIT, useTopic } from "../state/store";
import { AckDialog } from "./ack-dialog";
import { AlertRow } from "./alert-row";
import { BellOffIcon, ChevronIcon, SeverityIcon } from "./icons";
import { SEVERITIES, byUrgency } from "./urgency";

/** More open alerts than this help nobody; the count in the heading stays right. */
const SHOWN_LIMIT = 100;

/** Ids that came after the page was up: these are announced and highlighted. */
function useArrivals(alerts: readonly Alert[] | null): { isNew: (id: string) => boolean; latest: Alert | null } {
  const known = useRef<Set<string> | null>(null);
  const fresh = useRef(new Set<string>());
  const [latest, setLatest] = useState<Alert | null>(null);
  if (alerts && known.current) {
    const before = known.current;
    for (const alert of alerts) if (!before.has(alert.id)) fresh.current.add(alert.id);
  }
  useEffect(() => {
    if (!alerts) return;
    const before = known.current;
    const arrived = before ? alerts.filter((alert) => !before.has(alert.id)) : [];
    known.current = new Set(alerts.map((alert) => alert.id));
    // Forget what is closed, or a page open for weeks would collect ids.
    fresh.current.forEach((id) => { if (!known.current?.has(id)) fresh.current.delete(id); });
    const first = arrived[0];
    if (first) setLatest(first);
  }, [alerts]);
  return { isNew: (id) => fresh.current.has(id), latest };
}

function Counts({ alerts }: { alerts: readonly Alert[] }) {
  const { t } = useWords();
  return (
    <ul class="counts">
      {SEVERITIES.map((severity) => {
        const n = alerts.filter((alert) => alert.severity === severity).length;
        return n === 0 ? null : (
          <li key={severity} class={`sev-${severity}`} title={t.severity[severity]}>
            <SeverityIcon severity={severity} /><span class="visually-hidden">{t.severity[severity]}</span>{n}
          </li>
        );
      })}
    </ul>
  );
}

export function Resolved() {
  const { t } = useWords();
  const resolved = useTopic("resolved");
  const list = (resolved ?? []).slice(0, RESOLVED_LIMIT);
  return (
    <details class="resolved">
      <summary><ChevronIcon />{t.alertsResolved(list.length)}</summary>
      {list.length === 0 ? <p class="muted">{t.alertsResolvedNone}</p> : (
        <ul class="alert-list">{list.map((alert) => <AlertRow key={alert.id} alert={alert} />)}</ul>
      )}
    </details>
  );
}

export function Alerts() {
  const { t, say } = useWords();
  const alerts = useTopic("alerts");
  const { isNew, latest } = useArrivals(alerts);
  const [asking, setAsking] = useState<Alert | null>(null);
  const sorted = (alerts ?? []).slice().sort(byUrgency).slice(0, SHOWN_LIMIT);
  return (
    <section class="card alerts" aria-labelledby="alerts-title">
      <div class="card-head">
        <h2 id="alerts-title">{t.alertsTitle}</h2>
        {alerts ? <span class="badge" data-testid="alert-count">{alerts.length}</span> : null}
        <Counts alerts={alerts ?? []} />
      </div>
      <div class="alerts-scroll" tabIndex={-1}>
        {alerts === null ? <p class="muted">{t.loading}</p> : null}
        {alerts?.length === 0 ? (
          <div class="empty"><BellOffIcon /><p>{t.alertsNone}</p><p class="muted">{t.alertsNoneHint}</p></div>
        ) : null}
        <ul class="alert-list" data-testid="alerts">
          {sorted.map((alert) => (
            <AlertRow key={alert.id} alert={alert} isNew={isNew(alert.id)} onAcknowledge={setAsking} />
          ))}
        </ul>
        <Resolved />
      </div>
      <p class="visually-hidden" aria-live="polite">{latest ? t.alertNew(say(latest.text)) : ""}</p>
      {asking ? <AckDialog alert={asking} onClose={() => setAsking(null)} /> : null}
    </section>
  );
}
