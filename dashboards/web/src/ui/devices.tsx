// The board of all devices: filters on top, then one group per zone.
import { useMemo, useState } from "preact/hooks";
import type { Device, Hall, Health } from "../api/types";
import { useWords } from "../i18n";
import { useTopic } from "../state/store";
import { Filters, type Filter } from "./filters";
import { Zone } from "./zone";

const NO_FILTER: Filter = { health: null, kind: "", text: "" };

export interface Group { readonly id: string; readonly name: string; readonly all: Device[]; readonly shown: Device[] }

export function countByHealth(devices: readonly Device[]): Map<Health, number> {
  const counts = new Map<Health, number>();
  for (const device of devices) counts.set(device.health, (counts.get(device.health) ?? 0) + 1);
  return counts;
}

function searchable(device: Device, hall: Hall): string {
  const zone = hall.zones.find((entry) => entry.id === device.zone)?.name;
  const kind = hall.kinds.find((entry) => entry.id === device.kind)?.name;
  return [device.id, device.name, zone, kind, device.state?.text, device.reason]
    .map((part) => (typeof part === "object" && part ? `${part.zh} ${part.en}` : part ?? ""))
    .join(" ").toLowerCase();
}

function matcher(filter: Filter, hall: Hall): (device: Device) => boolean {
  const words = filter.text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return (device) => {
    if (filter.health !== null && device.health !== filter.health) return false;
    if (filter.kind !== "" && device.kind !== filter.kind) return false;
    if (words.length === 0) return true;
    const text = searchable(device, hall);
    return words.every((word) => text.includes(word));
  };
}

function useGroups(devices: readonly Device[], hall: Hall, filter: Filter): Group[] {
  const { t, say } = useWords();
  return useMemo(() => {
    const groups = new Map<string, Group>();
    for (const zone of hall.zones) groups.set(zone.id, { id: zone.id, name: say(zone.name), all: [], shown: [] });
    const matches = matcher(filter, hall);
    for (const device of devices) {
      let group = groups.get(device.zone);
      if (!group) {
        group = { id: device.zone, name: device.zone || t.zoneUnknown, all: [], shown: [] };
        groups.set(device.zone, group);
      }
      group.all.push(device);
      if (matches(device)) group.shown.push(device);
    }
    return Array.from(groups.values()).filter((group) => group.shown.length > 0);
  }, [devices, hall, filter, t, say]);
}

function Board({ devices, hall }: { devices: readonly Device[]; hall: Hall }) {
  const { t } = useWords();
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const groups = useGroups(devices, hall, filter);
  const shown = groups.reduce((n, group) => n + group.shown.length, 0);
  return (
    <>
      <Filters devices={devices} kinds={hall.kinds} filter={filter} shown={shown} onChange={setFilter} />
      {groups.map((group) => <Zone key={group.id} group={group} kinds={hall.kinds} />)}
      {groups.length === 0 ? (
        <div class="empty">
          <p>{devices.length === 0 ? t.noDevices : t.noMatch}</p>
          {devices.length === 0 ? null : (
            <button type="button" class="button" onClick={() => setFilter(NO_FILTER)}>{t.clearFilters}</button>
          )}
        </div>
      ) : null}
    </>
  );
}

export function Devices({ hall }: { hall: Hall }) {
  const { t } = useWords();
  const devices = useTopic("devices");
  return (
    <section class="devices" id="devices" aria-labelledby="devices-title" tabIndex={-1}>
      <h2 id="devices-title">{t.devicesTitle}</h2>
      {devices ? <Board devices={devices} hall={hall} /> : <p class="muted">{t.loading}</p>}
    </section>
  );
}
