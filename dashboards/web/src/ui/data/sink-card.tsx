// One database: is it in step, how much waits, what it refused, and what is sent to it once more.
import { useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Letter, Severity, Sink } from "../../api/types";
import { decimal } from "../../format/number";
import { duration, moment } from "../../format/time";
import { useWords } from "../../i18n";
import { HealthIcon, SeverityIcon } from "../icons";
import { Jobs } from "./jobs";
import { Letters, type NameOf } from "./letters";
import { Resend } from "./resend";

/** Catching up is work in progress and no trouble; a server that takes nothing is. */
const TONE: Readonly<Record<Sink["state"], Severity | null>> = { ok: null, catching_up: "info", waiting: "major" };

function State({ sink }: { sink: Sink }) {
  const { t } = useWords();
  const tone = TONE[sink.state];
  return (
    <b class={`sink-state ${tone === null ? "health-ok" : `sev-${tone}`}`}>
      {tone === null ? <HealthIcon health="ok" /> : <SeverityIcon severity={tone} />}{t.sinkState[sink.state]}
    </b>
  );
}

function Fact({ label, value, warn = false, children }: { label: string; value: string; warn?: boolean; children?: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd class={warn ? "warn-text" : undefined}>{value}{children ? <small class="muted">{children}</small> : null}</dd>
    </div>
  );
}

function Facts({ sink, waits }: { sink: Sink; waits: boolean }) {
  const { t, lang } = useWords();
  const words = t.data;
  const shown = (n: number) => decimal(n, 0, lang);
  return (
    <dl class="facts">
      <Fact label={words.delivered} value={words.readings(shown(sink.delivered))} />
      <Fact label={words.waiting} value={words.readings(shown(sink.lag_readings))}>
        {sink.backlog_readings > 0 ? words.waitingBacklog(shown(sink.backlog_readings)) : null}
      </Fact>
      <Fact label={words.freshLag} value={sink.fresh_lag_ms < 1_000 ? words.noLag : duration(sink.fresh_lag_ms, t)} />
      <Fact label={words.refused} value={words.lines(shown(sink.dead_letters))} warn={waits} />
      {sink.resent > 0 ? <Fact label={words.resent} value={words.lines(shown(sink.resent))} /> : null}
    </dl>
  );
}

/** Stays when all is well again, and then only tells a story. */
function LastError({ sink, now }: { sink: Sink; now: number }) {
  const { t, say, lang } = useWords();
  const error = sink.last_error;
  return error === null ? null : (
    <div class={sink.state === "waiting" ? "last-error is-now" : "last-error"}>
      <p><span class="muted">{t.data.lastError} · {moment(error.time_ms, now, lang)}</span></p>
      <p>{say(error.text)}</p>
      {error.detail === "" ? null : <code lang="en">{error.detail}</code>}
    </div>
  );
}

export function SinkCard({ sink, letters, now, nameOf, onOrder }: {
  sink: Sink; letters: readonly Letter[]; now: number; nameOf: NameOf; onOrder: () => void;
}) {
  const card = useRef<HTMLElement>(null);
  const id = `sink-${sink.name}`;
  // The button goes with the list it was pressed for.
  const ordered = () => {
    card.current?.focus();
    onOrder();
  };
  return (
    <section ref={card} class="card sink" data-sink={sink.name} aria-labelledby={id} tabIndex={-1}>
      <div class="card-head">
        <h3 id={id}>{sink.name}</h3>
        <State sink={sink} />
      </div>
      <Facts sink={sink} waits={letters.length > 0} />
      <LastError sink={sink} now={now} />
      <Jobs sink={sink.name} jobs={sink.jobs} now={now} onOrder={ordered} />
      <Letters sink={sink.name} letters={letters} now={now} nameOf={nameOf} onOrder={ordered} />
      <Resend sink={sink.name} now={now} onOrder={onOrder} />
    </section>
  );
}
