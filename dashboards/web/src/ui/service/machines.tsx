// Every machine: those that need somebody first, both parts in walking order.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Machine } from "../../api/service";
import { useWords } from "../../i18n";
import { ChevronIcon } from "../icons";
import { MachineRow } from "./machine-row";

const COLUMNS = 7;

/** Below this the table is a column of blocks, and those that serve are many screens of it. */
const FOLDED_BELOW_PX = 961;

function Part({ machines, now, shown = true, children }: { machines: readonly Machine[]; now: number; shown?: boolean; children: ComponentChildren }) {
  return machines.length === 0 ? null : (
    <tbody>
      <tr class="part"><th scope="rowgroup" colSpan={COLUMNS}>{children}<span class="badge">{machines.length}</span></th></tr>
      {shown ? machines.map((machine) => <MachineRow key={machine.device} machine={machine} now={now} />) : null}
    </tbody>
  );
}

export function MachinesCard({ machines, now }: { machines: readonly Machine[]; now: number }) {
  const { service } = useWords().t;
  const heads: readonly (readonly [string, string?])[] = [
    [service.machine], [service.condition], [service.since], [service.availabilityMonth],
    [service.failures, service.failuresMonth], [service.mttr, service.mttrMonth], [service.supplies],
  ];
  const [shown, setShown] = useState(window.innerWidth >= FOLDED_BELOW_PX);
  const trouble = machines.filter((machine) => machine.condition !== "serving");
  const serving = machines.filter((machine) => machine.condition === "serving");
  return (
    <section class="card machines" aria-labelledby="machines-title">
      <div class="card-head">
        <h2 id="machines-title">{service.machinesTitle}</h2>
        <span class="badge">{machines.length}</span>
      </div>
      {machines.length === 0 ? <p class="muted">{service.noMachines}</p> : (
        <div class="service-scroll">
          <table>
            <thead><tr>{heads.map(([head, about]) => <th key={head} scope="col" title={about}>{head}</th>)}</tr></thead>
            <Part machines={trouble} now={now}>{service.machinesTrouble}</Part>
            <Part machines={serving} now={now} shown={shown}>
              <button type="button" class="fold" aria-expanded={shown} onClick={() => setShown(!shown)}><ChevronIcon />{service.machinesServing}</button>
            </Part>
          </table>
        </div>
      )}
    </section>
  );
}
