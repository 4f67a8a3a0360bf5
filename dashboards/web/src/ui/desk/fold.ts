// An alert that another one says already lies under that one. Pure.
import type { Alert } from "../../api/types";

export interface Fold {
  readonly alert: Alert;
  /** Those that it says, too. */
  readonly under: readonly Alert[];
}

/** The alert that says it, as far as that is open; an alert that says another may itself be said. */
function headOf(alert: Alert, byId: ReadonlyMap<string, Alert>): Alert {
  const seen = new Set<string>();
  let head = alert;
  while (head.inhibited !== null && !seen.has(head.id)) {
    seen.add(head.id);
    const next = byId.get(head.inhibited);
    if (!next) break;
    head = next;
  }
  return head;
}

/** In the order of the alerts that came. */
export function folded(alerts: readonly Alert[]): Fold[] {
  const byId = new Map(alerts.map((alert) => [alert.id, alert]));
  const under = new Map<string, Alert[]>();
  const heads: Alert[] = [];
  for (const alert of alerts) {
    const head = headOf(alert, byId);
    if (head.id === alert.id) heads.push(alert);
    else under.set(head.id, [...(under.get(head.id) ?? []), alert]);
  }
  return heads.map((alert) => ({ alert, under: under.get(alert.id) ?? [] }));
}
