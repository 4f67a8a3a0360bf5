// Narrows the open alerts by severity, place, kind, and by whether anybody is on it.
import type { Alert, Hall, Severity } from "../../api/types";
import { useWords } from "../../i18n";
import { SeverityIcon } from "../icons";
import { SEVERITIES } from "../urgency";
import { useNames } from "./names";

export interface Filter { readonly severity: Severity | null; readonly zone: string; readonly kind: string; readonly nobody: boolean }
export const ANY: Filter = { severity: null, zone: "", kind: "", nobody: false };

/** Nobody said that he knows, nobody wanted quiet, nobody is asked to repair it. */
export const isAlone = (alert: Alert, ordered: ReadonlyMap<string, unknown>): boolean =>
  alert.acknowledged === null && alert.silenced === null && !ordered.has(alert.id);

export function passes(alert: Alert, filter: Filter, ordered: ReadonlyMap<string, unknown>): boolean {
  return (filter.severity === null || alert.severity === filter.severity)
    && (filter.zone === "" || alert.zone === filter.zone)
    && (filter.kind === "" || alert.kind === filter.kind)
    && (!filter.nobody || isAlone(alert, ordered));
}

function Pick({ about, all, ids, name, value, onChange }: {
  about: string; all: string; ids: readonly string[]; name: (id: string) => string; value: string; onChange: (id: string) => void;
}) {
  return (
    <select aria-label={about} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">{all}</option>
      {ids.map((id) => <option key={id} value={id}>{name(id)}</option>)}
    </select>
  );
}

/** What stands in some alert, and what is chosen, in the order of the hall. */
const present = (list: Hall["zones"], used: ReadonlySet<string | null>, chosen: string): string[] =>
  list.map((entry) => entry.id).filter((id) => used.has(id) || id === chosen);

/** `alone` is the number of alerts that nobody is on. */
export function Filters({ alerts, alone, hall, filter, onChange }: {
  alerts: readonly Alert[]; alone: number; hall: Hall; filter: Filter; onChange: (filter: Filter) => void;
}) {
  const { t } = useWords();
  const names = useNames(hall);
  const zones = present(hall.zones, new Set(alerts.map((alert) => alert.zone)), filter.zone);
  const kinds = present(hall.kinds, new Set(alerts.map((alert) => alert.kind)), filter.kind);
  const choose = (severity: Severity | null) => onChange({ ...filter, severity: filter.severity === severity ? null : severity });
  return (
    <div class="filters" role="search">
      <div class="chips" role="group" aria-label={t.alerts.filterSeverity}>
        <button type="button" class="chip" aria-pressed={filter.severity === null} onClick={() => choose(null)}>{t.all}<b>{alerts.length}</b></button>
        {SEVERITIES.map((severity) => {
          const n = alerts.filter((alert) => alert.severity === severity).length;
          return n === 0 && filter.severity !== severity ? null : (
            <button
              key={severity} type="button" class={`chip sev-${severity}`} data-severity={severity}
              aria-pressed={filter.severity === severity} onClick={() => choose(severity)}
            >
              <SeverityIcon severity={severity} />{t.severity[severity]}<b>{n}</b>
            </button>
          );
        })}
        <button type="button" class="chip" data-testid="nobody" aria-pressed={filter.nobody} onClick={() => onChange({ ...filter, nobody: !filter.nobody })}>
          {t.alerts.nobody}<b>{alone}</b>
        </button>
      </div>
      <div class="filter-fields">
        <Pick about={t.alerts.filterZone} all={t.alerts.allZones} ids={zones} name={names.zone} value={filter.zone} onChange={(zone) => onChange({ ...filter, zone })} />
        <Pick about={t.alerts.filterKind} all={t.alerts.allKinds} ids={kinds} name={names.kind} value={filter.kind} onChange={(kind) => onChange({ ...filter, kind })} />
      </div>
    </div>
  );
}
