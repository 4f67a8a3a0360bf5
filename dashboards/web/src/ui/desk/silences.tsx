// What is to be quiet, and where somebody works: now, later, and what is over.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Effect, Silence } from "../../api/desk";
import type { Hall } from "../../api/types";
import { duration, moment } from "../../format/time";
import { useWords } from "../../i18n";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { Ask } from "../ask";
import { ChevronIcon, HealthIcon } from "../icons";
import { Ticking } from "../ticking";
import { useNames } from "./names";
import { SilenceDialog } from "./silence-dialog";
import { matcherWords, recurringWords, spanWords } from "./silence-words";
import { Trouble } from "./trouble";

const REREAD_MS = 10_000;
const OVER_SHOWN = 50;
/** What counts now comes first. */
const RANK: Record<Silence["state"], number> = { active: 0, waiting: 1, scheduled: 2, over: 3 };
const LOOK: Record<Silence["state"], string> = { active: "health-maintenance", waiting: "health-waiting", scheduled: "health-waiting", over: "health-waiting" };

function Row({ silence, now, hall, onEnd }: { silence: Silence; now: number; hall: Hall; onEnd?: (silence: Silence) => void }) {
  const words = useWords();
  const { t, lang } = words;
  const names = useNames(hall);
  const { alerts } = t;
  const { state, effect, recurring, ended } = silence;
  return (
    <li class={`silence ${LOOK[state]}`} data-silence={silence.id} data-state={state}>
      <div class="silence-words">
        <p class="silence-head">
          <b class="silence-effect">{effect === "maintenance" ? <HealthIcon health="maintenance" /> : null}{alerts.effects[effect]}</b>
          <span class="pill">{alerts.silenceState[state]}</span>
          <span class="silence-for">{matcherWords(silence.matcher, words, names)}</span>
        </p>
        <p class="silence-when">
          {recurring ? <b>{recurringWords(recurring, words)}</b> : null}
          <span>{spanWords(silence, now, words)}</span>
          {state === "active" && !recurring ? <Ticking class="muted" write={(at) => alerts.left(duration(silence.until_ms - at, t))} /> : null}
        </p>
        <p class="muted">
          {alerts.setBy} <b data-person>{silence.by}</b> {moment(silence.set_ms, now, lang)} · {alerts.why} <q data-person>{silence.why}</q>
          {ended ? <> · {alerts.endedBy} <b data-person>{ended.by}</b> {moment(ended.at_ms, now, lang)}</> : null}
        </p>
      </div>
      {onEnd ? <button type="button" class="button" data-testid="end" onClick={() => onEnd(silence)}>{alerts.end}</button> : null}
    </li>
  );
}

function EndDialog({ silence, hall, onClose, onEnd }: { silence: Silence; hall: Hall; onClose: () => void; onEnd: () => void }) {
  const words = useWords();
  const { alerts } = words.t;
  const about = <><b>{alerts.effects[silence.effect]}</b> {matcherWords(silence.matcher, words, useNames(hall))}</>;
  return (
    <Ask title={alerts.endTitle} about={about} submit={alerts.end} read={(_, by) => () => api.endSilence(silence.id, by).then(onEnd)} onClose={onClose}>
      <p class="muted">{alerts.endHint}</p>
    </Ask>
  );
}

export function Silences({ hall }: { hall: Hall }) {
  const { t } = useWords();
  const { alerts } = t;
  const [changed, setChanged] = useState(0);
  const [making, setMaking] = useState<Effect | null>(null);
  const [ending, setEnding] = useState<Silence | null>(null);
  const { data, failed, missing } = useWhileOpen(useVisible(), api.silences, REREAD_MS, changed);
  const again = () => setChanged((n) => n + 1);
  const list = (data?.silences ?? []).slice().sort((a, b) => RANK[a.state] - RANK[b.state]);
  const over = list.filter((silence) => silence.state === "over");
  const rest = list.filter((silence) => silence.state !== "over");
  return (
    <section class="card" aria-label={alerts.tabs.silences}>
      <div class="desk-actions">
        <button type="button" class="button button-main" data-new="silence" onClick={() => setMaking("silence")}>{alerts.silenceTitle}</button>
        <button type="button" class="button" data-new="maintenance" onClick={() => setMaking("maintenance")}>{alerts.maintenanceTitle}</button>
      </div>
      <Trouble failed={failed} missing={missing} />
      {data === null ? (failed ? null : <p class="muted">{t.loading}</p>) : rest.length === 0 ? <p class="muted">{alerts.silencesNone}</p> : null}
      <ul class="silence-list">{rest.map((silence) => <Row key={silence.id} silence={silence} now={data?.now_ms ?? 0} hall={hall} onEnd={setEnding} />)}</ul>
      {over.length === 0 ? null : (
        <details class="resolved">
          <summary><ChevronIcon />{alerts.silencesOver(over.length)}</summary>
          <ul class="silence-list">{over.slice(0, OVER_SHOWN).map((silence) => <Row key={silence.id} silence={silence} now={data?.now_ms ?? 0} hall={hall} />)}</ul>
        </details>
      )}
      {making ? <SilenceDialog hall={hall} effect={making} onClose={() => setMaking(null)} onSet={again} /> : null}
      {ending ? <EndDialog silence={ending} hall={hall} onClose={() => setEnding(null)} onEnd={again} /> : null}
    </section>
  );
}
