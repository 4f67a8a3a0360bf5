// The check before opening: is every machine ready, and if not, where to walk.
import type { NotReady, Opening } from "../../api/service";
import type { Health } from "../../api/types";
import { coming } from "../../format/time";
import { useWords } from "../../i18n";
import { HealthIcon } from "../icons";
import { HEALTH } from "./condition";
import { Floors, MachineName } from "./floors";

function Row({ machine }: { machine: NotReady }) {
  const { say } = useWords();
  const health = HEALTH[machine.condition];
  return (
    <li class={`not-ready health-${health}`} data-not-ready={machine.device}>
      <HealthIcon health={health} />
      <div><MachineName machine={machine} /><p>{say(machine.reason)}</p></div>
    </li>
  );
}

export function OpeningCard({ opening, now }: { opening: Opening; now: number }) {
  const words = useWords();
  const { service } = words.t;
  const { checked, check_ms: check, not_ready: missing } = opening;
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
      <div class="service-scroll"><Floors items={missing} row={(machine) => <Row key={machine.device} machine={machine} />} /></div>
    </section>
  );
}
