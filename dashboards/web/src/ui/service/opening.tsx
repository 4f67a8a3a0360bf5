// The check before opening: is every machine ready, and if not, where to walk.
import type { Machine, NotReady, Opening } from "../../api/service";
import type { Health, Text } from "../../api/types";
import { coming } from "../../format/time";
import { useWords } from "../../i18n";
import { HealthIcon } from "../icons";
import { HEALTH } from "./condition";
import { Floors, MachineName } from "./floors";

function Row({ machine, how }: { machine: NotReady; how: Text | undefined }) {
  const { say, label } = useWords();
  const health = HEALTH[machine.condition];
  return (
    <li class={`not-ready health-${health}`} data-not-ready={machine.device}>
      <HealthIcon health={health} />
      <div><MachineName machine={machine} /><p>{how ? <b>{label(how)}</b> : null}{machine.reason ? <span>{say(machine.reason)}</span> : null}</p></div>
    </li>
  );
}

export function OpeningCard({ opening, machines, now }: { opening: Opening; machines: readonly Machine[]; now: number }) {
  const words = useWords();
  const { service } = words.t;
  const { checked, check_ms: check, not_ready: missing } = opening;
  const hows = new Map(machines.map((machine) => [machine.device, machine.condition_text]));
  // While no check is on, an empty list promises nothing.
  const health: Health = missing.length > 0 ? "fault" : checked ? "ok" : "waiting";
  const headline = missing.length > 0 ? service.notReady(missing.length) : checked ? service.allReady : service.noCheck;
  const when = check === null ? service.checkNever : (checked ? service.checkSince : service.checkNext)(coming(check, now, words));
  return (
    <section class="card opening" aria-labelledby="opening-title">
      <div class="card-head">
        <h2 id="opening-title">{service.openingTitle}</h2>
        {checked ? <span class="pill">{service.checkOn}</span> : null}
      </div>
      <div class={`opening-state health-${health}`} role="status">
        <HealthIcon health={health} />
        <div>
          <p class="opening-count" data-testid="opening">{headline}</p>
          <p class="muted">{opening.of > 0 ? `${service.notReadyOf(opening.of)} · ${when}` : when}</p>
        </div>
      </div>
      <div class="service-scroll"><Floors items={missing} row={(machine) => <Row key={machine.device} machine={machine} how={hows.get(machine.device)} />} /></div>
    </section>
  );
}
