// A list to walk along: one heading per floor. The order is the daemon's.
import type { ComponentChildren } from "preact";
import type { Placed } from "../../api/service";
import { useWords } from "../../i18n";
import { put } from "../../state/store";

function byFloor<T extends Placed>(items: readonly T[]): { floor: number | null; items: T[] }[] {
  const floors: { floor: number | null; items: T[] }[] = [];
  for (const item of items) {
    const last = floors[floors.length - 1];
    if (last && last.floor === item.floor) last.items.push(item);
    else floors.push({ floor: item.floor, items: [item] });
  }
  return floors;
}

export function Floors<T extends Placed>({ items, row }: { items: readonly T[]; row: (item: T) => ComponentChildren }) {
  const { t } = useWords();
  const floors = byFloor(items);
  // A hall that names no floors has one, and needs no heading for it.
  const plain = floors.length === 1 && floors[0]?.floor === null;
  return (
    <>
      {floors.map((group) => (
        <section key={group.floor} class="floor">
          {plain ? null : <h3>{group.floor === null ? t.service.floorUnknown : t.service.floor(group.floor)}</h3>}
          <ul>{group.items.map(row)}</ul>
        </section>
      ))}
    </>
  );
}

/** The machine's name, which opens its details, and its zone. */
export function MachineName({ machine }: { machine: Placed }) {
  const { say } = useWords();
  return (
    <span class="machine-name">
      <button type="button" class="link-button" onClick={() => put("drawer", machine.device)}>{say(machine.name)}</button>
      <span class="muted">{say(machine.zone_name)}</span>
    </span>
  );
}
