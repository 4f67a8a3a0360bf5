// What to carry on the next round, to be printed and ticked off.
import type { Refill, RefillItem, Urgency } from "../../api/service";
import type { Hall, Severity } from "../../api/types";
import { counted } from "../../format/number";
import { clockTime, coming, foreseen, fullDate } from "../../format/time";
import { useWords } from "../../i18n";
import { SeverityIcon } from "../icons";
import { Floors, MachineName } from "./floors";

const SEVERITY: Readonly<Record<Urgency, Severity>> = { out: "major", low: "minor", runs_out: "info" };

function Row({ item, now }: { item: RefillItem; now: number }) {
  const words = useWords();
  const { t, label } = words;
  const { at_ms: at, left, urgency } = item;
  const when = at === null || urgency === "out" ? null : t.service.runsOut(foreseen(at, now, words));
  return (
    <li class={`refill-item sev-${SEVERITY[urgency]}`} data-refill={`${item.device}/${item.supply}`}>
      <span class="tick" aria-hidden="true" />
      <MachineName machine={item} />
      <span class="refill-supply">
        <b>{label(item.label)}</b>{left === null ? null : <span class="muted">{t.service.left(counted(left, words))}</span>}
      </span>
      <span class="refill-when">
        <span class="severity"><SeverityIcon severity={SEVERITY[urgency]} />{t.service.urgency[urgency]}</span>
        {when === null ? null : <span class="muted">{when}</span>}
      </span>
    </li>
  );
}

export function RefillCard({ refill, now, hall }: { refill: Refill; now: number; hall: Hall }) {
  const words = useWords();
  const { t, say, lang } = words;
  const { items, by_ms: by } = refill;
  return (
    <section class="card refill" aria-labelledby="refill-title">
      <p class="on-paper">{say(hall.site.name)} · {t.service.dataOf(`${fullDate(now, lang)} ${clockTime(now, lang)}`)}</p>
      <div class="card-head">
        <h2 id="refill-title">{t.service.refillTitle}</h2>
        <span class="badge" data-testid="refill-count">{items.length}</span>
        {items.length === 0 ? null : (
          <button type="button" class="button on-screen" onClick={() => window.print()}>{t.service.print}</button>
        )}
      </div>
      {by === null || items.length === 0 ? null : <p class="muted refill-by">{t.service.refillBy(coming(by, now, words))}</p>}
      {items.length === 0 ? <p class="muted">{t.service.refillNone}</p> : (
        <div class="service-scroll"><Floors items={items} row={(item) => <Row key={`${item.device}/${item.supply}`} item={item} now={now} />} /></div>
      )}
    </section>
  );
}
