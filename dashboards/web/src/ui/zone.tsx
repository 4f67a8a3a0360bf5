// One zone: its name, counts rolled up by health, its tiles.
import type { Health, Named } from "../api/types";
import { useWords } from "../i18n";
import { put } from "../state/store";
import { countByHealth, type Group } from "./devices";
import { HealthIcon } from "./icons";
import { Tile } from "./tile";

const ORDER: readonly Health[] = ["fault", "offline", "degraded", "maintenance", "waiting", "asleep", "ok"];

const open = (id: string): void => put("drawer", id);

export function Zone({ group, kinds }: { group: Group; kinds: readonly Named[] }) {
  const words = useWords();
  const { t, say } = words;
  const counts = countByHealth(group.all);
  const kindName = (id: string): string => {
    const kind = kinds.find((entry) => entry.id === id);
    return kind ? say(kind.name) : id;
  };
  return (
    <section class="zone" aria-label={group.name}>
      <header class="zone-head">
        <h3>{group.name}</h3>
        <span class="muted">{t.zoneCount(group.all.length)}</span>
        <ul class="counts">
          {ORDER.filter((health) => counts.has(health)).map((health) => (
            <li key={health} class={`health-${health}`} title={t.health[health]}>
              <HealthIcon health={health} /><span class="visually-hidden">{t.health[health]}</span>{counts.get(health)}
            </li>
          ))}
        </ul>
      </header>
      <ul class="tiles">
        {group.shown.map((device) => (
          <Tile key={device.id} device={device} kind={kindName(device.kind)} words={words} onOpen={open} />
        ))}
      </ul>
    </section>
  );
}
