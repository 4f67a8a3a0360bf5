// How well the hall serves, on one page: ready for opening, kinds, the next round, every machine, the day.
import { api } from "../../api/http";
import type { Service } from "../../api/service";
import type { Hall } from "../../api/types";
import { age, moment } from "../../format/time";
import { useWords } from "../../i18n";
import { serverNow } from "../../state/clock";
import { put, useTopic } from "../../state/store";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { Ticking, useStaleMark } from "../ticking";
import { DayCard } from "./day";
import { KindsCard } from "./kinds";
import { MachinesCard } from "./machines";
import { OpeningCard } from "./opening";
import { RefillCard } from "./refill";

const REREAD_MS = 15_000;
/** Four answers missed: the figures are old. */
const STALE_AFTER_MS = 60_000;

async function read(): Promise<void> {
  put("service", await api.service());
}

function Trouble({ service, missing }: { service: Service | null; missing: boolean }) {
  const { t, lang } = useWords();
  const text = missing ? t.service.missing
    : service ? t.service.failedSince(moment(service.now_ms, serverNow(), lang)) : t.service.failed;
  return <p class="form-error" role="alert">{text}</p>;
}

function Cards({ service, hall }: { service: Service; hall: Hall }) {
  const lost = useTopic("connection") === "down";
  const ref = useStaleMark<HTMLDivElement>(lost ? null : service.now_ms, STALE_AFTER_MS);
  return (
    <div ref={ref} class="service-cards">
      <OpeningCard opening={service.opening} machines={service.machines} now={service.now_ms} />
      <KindsCard kinds={service.kinds} />
      <RefillCard refill={service.refill} now={service.now_ms} hall={hall} />
      <MachinesCard machines={service.machines} now={service.now_ms} />
      <DayCard service={service} />
    </div>
  );
}

export function ServiceView({ hall }: { hall: Hall }) {
  const { t } = useWords();
  const service = useTopic("service");
  const lost = useTopic("connection") === "down";
  const { failed, missing } = useWhileOpen(useVisible(), read, REREAD_MS, lost);
  return (
    <main class="service" id="service" tabIndex={-1} aria-labelledby="service-title">
      <header class="service-head">
        <h2 id="service-title">{t.service.title}</h2>
        {service ? (
          <span class="muted" data-testid="service-age"><Ticking write={(now) => t.service.age(age(now - service.now_ms, t))} /></span>
        ) : null}
      </header>
      {failed ? <Trouble service={service} missing={missing} /> : null}
      {service ? <Cards service={service} hall={hall} /> : failed ? null : <p class="loading muted">{t.loading}</p>}
    </main>
  );
}
