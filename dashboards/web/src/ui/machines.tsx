// The devices that an alert about many names: each opens its details.
import { useState } from "preact/hooks";
import type { Alert } from "../api/types";
import { useWords } from "../i18n";
import { put, useTopic } from "../state/store";

type Entry = Alert["evidence"][number];
interface Named { readonly id: string; readonly name: string }

/** More than this hide the other alerts; on the board there is less room. */
const SHOWN_LIMIT = { board: 4, desk: 8 };

/** The devices of an evidence that is a list of them, "取号机 1 [tm-01]、取号机 2 [tm-02]"; null when it is none. */
export function machinesOf({ label, value }: Entry): Named[] | null {
  if (label.en !== "machines") return null;
  const found = value.split("]、").map((part) => /^(.*) \[([^\]]+)\]?$/.exec(part));
  const named = found.map((match) => (match ? { name: match[1] ?? "", id: match[2] ?? "" } : null));
  return named.every((entry): entry is Named => entry !== null) ? named : null;
}

export function Machines({ entry, full }: { entry: Entry; full: boolean }) {
  const { t, say, label } = useWords();
  const devices = useTopic("devices");
  const [all, setAll] = useState(false);
  const named = machinesOf(entry);
  if (named === null) return null;
  const limit = full ? SHOWN_LIMIT.desk : SHOWN_LIMIT.board;
  const folds = !all && named.length > limit + 1;
  return (
    <div class="alert-machines">
      <span class="muted">{label(entry.label)}</span>
      {(folds ? named.slice(0, limit) : named).map(({ id, name }) => {
        // Named as on the board: the evidence has one language.
        const device = devices?.find((other) => other.id === id);
        return device
          ? <button key={id} type="button" class={`chip health-${device.health}`} data-chip={id} onClick={() => put("drawer", id)}>{say(device.name)}</button>
          : <span key={id} class="chip" data-chip={id} data-person>{name}</span>;
      })}
      {folds ? <button type="button" class="chip chip-more" onClick={() => setAll(true)}>{t.alerts.allMachines(named.length)}</button> : null}
    </div>
  );
}
