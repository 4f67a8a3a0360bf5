// Narrows the board by health, kind and text.
import type { Device, Health, Named } from "../api/types";
import { useWords } from "../i18n";
import { countByHealth } from "./devices";
import { HealthIcon, SearchIcon } from "./icons";

export interface Filter { readonly health: Health | null; readonly kind: string; readonly text: string }

/** What needs somebody comes first. */
const ORDER: readonly Health[] = ["fault", "offline", "degraded", "maintenance", "waiting", "asleep", "ok"];

export function Filters({ devices, kinds, filter, shown, onChange }: {
  devices: readonly Device[]; kinds: readonly Named[]; filter: Filter; shown: number; onChange: (filter: Filter) => void;
}) {
  const { t, say } = useWords();
  const counts = countByHealth(devices);
  const choose = (health: Health | null) => onChange({ ...filter, health: filter.health === health ? null : health });
  return (
    <div class="filters" role="search">
      <div class="chips" role="group" aria-label={t.filterHealth}>
        <button type="button" class="chip" aria-pressed={filter.health === null} onClick={() => choose(null)}>
          {t.all}<b>{devices.length}</b>
        </button>
        {ORDER.filter((health) => counts.has(health) || filter.health === health).map((health) => (
          <button
            key={health} type="button" class={`chip health-${health}`} data-health={health}
            aria-pressed={filter.health === health} onClick={() => choose(health)}
          >
            <HealthIcon health={health} />{t.health[health]}<b>{counts.get(health) ?? 0}</b>
          </button>
        ))}
      </div>
      <div class="filter-fields">
        <select aria-label={t.filterKind} value={filter.kind} onChange={(event) => onChange({ ...filter, kind: event.currentTarget.value })}>
          <option value="">{t.allKinds}</option>
          {kinds.map((kind) => <option key={kind.id} value={kind.id}>{say(kind.name)}</option>)}
        </select>
        <label class="search">
          <SearchIcon />
          <input
            type="search" aria-label={t.search} placeholder={t.searchPlaceholder} value={filter.text} maxLength={80}
            onInput={(event) => onChange({ ...filter, text: event.currentTarget.value })}
          />
        </label>
      </div>
      {shown === devices.length ? null : <p class="muted filter-note" role="status">{t.shownOf(shown, devices.length)}</p>}
    </div>
  );
}
