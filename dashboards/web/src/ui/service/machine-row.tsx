// One machine: how it serves, since when, how it did this month, when its supplies run out.
import { isOfPart, type Machine, type Month, type Supply } from "../../api/service";
import { counted, percent } from "../../format/number";
import { duration, foreseen, moment, serviceTime } from "../../format/time";
import { useWords } from "../../i18n";
import { HealthIcon } from "../icons";
import { Ticking } from "../ticking";
import { HEALTH } from "./condition";
import { MachineName } from "./floors";

function ConditionCell({ machine }: { machine: Machine }) {
  const { t, say, label } = useWords();
  const health = HEALTH[machine.condition];
  return (
    <td class={`how health-${health}`}>
      <b><HealthIcon health={health} />{label(machine.condition_text)}</b>
      {machine.hurt.length > 0 ? <span>{t.service.hurt(machine.hurt.map(say))}</span> : null}
      {machine.reason ? <p>{say(machine.reason)}</p> : null}
    </td>
  );
}

/** How long is said of trouble only: nobody asks since when a machine serves, to the second. */
function SinceCell({ machine, now }: { machine: Machine; now: number }) {
  const { t, lang } = useWords();
  const since = machine.since_ms;
  return (
    <td class="since" data-label={t.service.since}>
      {since === null ? t.none : moment(since, now, lang)}
      {since === null || machine.condition === "serving" ? null : (
        <small class="muted"><Ticking write={(ms) => duration(ms - since, t)} /></small>
      )}
    </td>
  );
}

function MonthCells({ month }: { month: Month }) {
  const words = useWords();
  const { t } = words;
  const parts = [month.service_ms, month.down_ms, month.maintenance_ms, month.unknown_ms].map((ms) => serviceTime(ms, t));
  const [served = "", down = "", maintenance = "", unknown = ""] = parts;
  return (
    <>
      <td class="figure" data-label={t.service.availability} title={t.service.month(served, down, maintenance, unknown)}>
        {percent(month.availability, words)}
        {isOfPart(month) ? <small class="muted">{t.service.unseen(unknown)}</small> : null}
      </td>
      <td class="figure" data-label={t.service.failures} title={t.service.mtbf(serviceTime(month.mtbf_ms, t))}>{counted(month.failures, words)}</td>
      <td class="figure" data-label={t.service.mttr}>{serviceTime(month.mttr_ms, t)}</td>
    </>
  );
}

function SupplyLine({ supply, now }: { supply: Supply; now: number }) {
  const words = useWords();
  const { t, say, label } = words;
  const { at_ms: at, left } = supply;
  const out = left === 0 || (at !== null && at <= now);
  return (
    <li>
      <span>{label(supply.label)}</span>
      {left === null ? null : <span class="muted">{t.service.left(counted(left, words))}</span>}
      {out ? <b class="warn-text">{t.service.urgency.out}</b>
        : at === null ? <span class="muted">{say(supply.reason)}</span>
        : <b title={say(supply.reason)}>{foreseen(at, now, words)}</b>}
    </li>
  );
}

export function MachineRow({ machine, now }: { machine: Machine; now: number }) {
  const { t } = useWords();
  return (
    <tr data-machine={machine.device}>
      <th scope="row"><MachineName machine={machine} /></th>
      <ConditionCell machine={machine} />
      <SinceCell machine={machine} now={now} />
      <MonthCells month={machine.month} />
      <td class="supplies" data-label={t.service.supplies}>
        {machine.supplies.length === 0 ? t.none : (
          <ul>{machine.supplies.map((supply) => <SupplyLine key={supply.supply} supply={supply} now={now} />)}</ul>
        )}
      </td>
    </tr>
  );
}
