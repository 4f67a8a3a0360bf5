// The gateway's own state: is everything written, sent on, and read.
import type { ComponentChildren } from "preact";
import type { Sink, Source, System } from "../api/types";
import { counted, joined, quantity } from "../format/number";
import { duration } from "../format/time";
import { useWords } from "../i18n";
import { useTopic } from "../state/store";
import { BusesPopup } from "./buses";
import { Popup } from "./popup";

type Tone = "ok" | "degraded" | "fault";
const TONES: Record<Source["state"], string> = { ok: "tone-ok", degraded: "tone-degraded", down: "tone-fault" };

function Cell({ label, tone, wide, children }: { label: string; tone?: Tone; wide?: boolean; children: ComponentChildren }) {
  return (
    <div class={`sys-cell${tone ? ` tone-${tone}` : ""}${wide ? " sys-wide" : ""}`}>
      <dt>{label}</dt><dd>{children}</dd>
    </div>
  );
}

function SinkCell({ sink }: { sink: Sink }) {
  const words = useWords();
  const { t, say } = words;
  const error = sink.last_error;
  const tone: Tone = sink.state === "ok" && sink.dead_letters_waiting === 0 ? "ok" : "degraded";
  const lag = sink.lag_readings > 0 ? t.sinkLag(counted(sink.lag_readings, words), duration(sink.lag_ms, t)) : t.sinkNoLag;
  return (
    <Cell label={`${t.sinks} · ${sink.name}`} tone={tone}>
      <span title={error ? `${say(error.text)} (${error.detail})` : t.delivered(counted(sink.delivered, words))}>
        <b>{t.sinkState[sink.state]}</b> <span class="muted">{lag}{sink.dead_letters_waiting > 0 ? ` · ${t.deadLetters(counted(sink.dead_letters_waiting, words))}` : ""}</span>
      </span>
    </Cell>
  );
}

function Sources({ sources }: { sources: readonly Source[] }) {
  const { t, say } = useWords();
  const good = sources.filter((source) => source.state === "ok").length;
  const tone: Tone = good === sources.length ? "ok" : sources.some((source) => source.state === "down") ? "fault" : "degraded";
  return (
    <Cell label={t.sources} tone={tone}>
      <Popup summary={t.sourcesOk(good, sources.length)}>
        <ul class="popup">
          {sources.map((source) => (
            <li key={source.name}>
              <code>{source.name}</code> <b class={TONES[source.state]}>{t.sourceState[source.state]}</b> <span class="muted">{t.sourceDevices(source.devices)}</span>
              {source.reason ? <p class="muted">{say(source.reason)}</p> : null}
            </li>
          ))}
        </ul>
      </Popup>
    </Cell>
  );
}

function Rejected({ system }: { system: System }) {
  const words = useWords();
  const { t, say } = words;
  const total = system.rejected.reduce((sum, entry) => sum + entry.count, 0);
  return (
    <Cell label={t.rejected}>
      <Popup summary={counted(total, words)}>
        <ul class="popup">
          {total === 0 ? <li class="muted">{t.rejectedNone}</li> : system.rejected.map((entry) => (
            <li key={entry.reason}>{say(entry.text)} <b>{t.times(counted(entry.count, words))}</b></li>
          ))}
        </ul>
      </Popup>
    </Cell>
  );
}

function Cells({ system }: { system: System }) {
  const words = useWords();
  const { t, lang } = words;
  const { journal } = system;
  return (
    <dl class="sys">
      <Cell label={t.journal} tone={journal.state === "ok" ? "ok" : "fault"}><b>{t.journalState[journal.state]}</b></Cell>
      <Cell label={t.readings}><b>{counted(journal.readings_committed, words)}</b></Cell>
      <Cell label={t.diskFree}>
        <span title={`${t.journalSize}: ${joined(quantity(journal.size_bytes, "B", lang))}`}>{joined(quantity(journal.disk_free_bytes, "B", lang))}</span>
      </Cell>
      {system.sinks.length === 0 ? <Cell label={t.sinks}>{t.noSinks}</Cell> : null}
      {system.sinks.map((sink) => <SinkCell key={sink.name} sink={sink} />)}
      <Sources sources={system.sources} />
      {system.sources.some((source) => source.kind === "modbus") ? <Cell label={t.buses} wide><BusesPopup /></Cell> : null}
      <Rejected system={system} />
    </dl>
  );
}

export function SystemStrip({ version }: { version: string }) {
  const { t } = useWords();
  const system = useTopic("system");
  return (
    <footer class="system" aria-label={t.systemTitle}>
      {system ? <Cells system={system} /> : <p class="muted">{t.loading}</p>}
      <p class="muted version">{t.version(version)}</p>
    </footer>
  );
}
