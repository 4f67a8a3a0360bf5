// A new silence or maintenance: for what, from when, for how long, in which hours, and why.
import { useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Effect, NewSilence } from "../../api/desk";
import type { Hall } from "../../api/types";
import { formMoment, momentOf } from "../../format/time";
import { useWords, type Words } from "../../i18n";
import { serverNow } from "../../state/clock";
import { Ask, NOTE_LIMIT, typed } from "../ask";
import { Choice } from "../choice";
import { MatcherFields, matcherOf, type Chosen } from "./matcher-fields";
import { RepeatFields, repeatOf, type Repeats } from "./repeat-fields";

const HOUR_MS = 3_600_000;
const LENGTHS = ["1", "4", "24", "168", "until"] as const;
type Length = (typeof LENGTHS)[number];
type Begin = "now" | "later";

interface Wanted { readonly effect: Effect; readonly chosen: Chosen; readonly begin: Begin; readonly length: Length; readonly repeats: Repeats }

/** What is to be sent, or what is wrong with it. */
function wishOf(form: FormData, by: string, { effect, chosen, begin, length, repeats }: Wanted, { t }: Words): string | NewSilence {
  const words = t.alerts;
  const matcher = matcherOf(chosen);
  if (matcher === null) return words.matcherNeeded;
  const now = serverNow();
  const from = begin === "now" ? now : momentOf(typed(form, "begin_at"));
  const until = length === "until" ? momentOf(typed(form, "end_at")) : from + Number(length) * HOUR_MS;
  if (!(from < until && until > now)) return words.untilWrong;
  const recurring = repeatOf(form, repeats);
  if (recurring === "wrong") return words.hoursWrong;
  const why = typed(form, "why");
  if (why === "") return words.whyNeeded;
  return {
    effect, matcher, ...(begin === "now" ? {} : { from_ms: from }), until_ms: Math.round(until),
    ...(recurring === null ? {} : { recurring }), by, why,
  };
}

function When({ begin, length, onBegin, onLength }: { begin: Begin; length: Length; onBegin: (begin: Begin) => void; onLength: (length: Length) => void }) {
  const { alerts: words } = useWords().t;
  const now = serverNow();
  return (
    <>
      <Choice legend={words.begin} name="begin" options={[["now", words.now], ["later", words.later]]} value={begin} onChange={onBegin} />
      {begin === "now" ? null : (
        <label class="field"><span>{words.beginAt}</span><input type="datetime-local" name="begin_at" defaultValue={formMoment(now + HOUR_MS)} required /></label>
      )}
      <Choice legend={words.howLong} name="length" options={LENGTHS.map((key) => [key, words.lengths[key]] as const)} value={length} onChange={onLength} />
      {length !== "until" ? null : (
        <label class="field"><span>{words.endAt}</span><input type="datetime-local" name="end_at" defaultValue={formMoment(now + 24 * HOUR_MS)} required /></label>
      )}
    </>
  );
}

const one = (id: string | null | undefined): readonly string[] => (id ? [id] : []);

export function SilenceDialog({ hall, effect: first, preset = {}, onClose, onSet }: {
  hall: Hall; effect: Effect; preset?: Partial<Record<"rule" | "device", string | null>>; onClose: () => void; onSet?: () => void;
}) {
  const words = useWords();
  const { alerts } = words.t;
  const [effect, setEffect] = useState<Effect>(first);
  const [chosen, setChosen] = useState<Chosen>({ devices: one(preset.device), rules: one(preset.rule), zones: [], kinds: [], severity: "" });
  const [begin, setBegin] = useState<Begin>("now");
  const [length, setLength] = useState<Length>("4");
  const [repeats, setRepeats] = useState<Repeats>("none");
  const repeat = (next: Repeats) => {
    setRepeats(next);
    // Hours of every day for four hours would be the hours of one day.
    if (next !== "none" && length !== "until") setLength("168");
  };
  const read = (form: FormData, by: string) => {
    const wish = wishOf(form, by, { effect, chosen, begin, length, repeats }, words);
    return typeof wish === "string" ? wish : () => api.silence(wish).then(() => onSet?.());
  };
  return (
    <Ask wide title={effect === "silence" ? alerts.silenceTitle : alerts.maintenanceTitle} submit={alerts.set} read={read} onClose={onClose}>
      <Choice legend={alerts.effect} name="effect" options={[["silence", alerts.effects.silence], ["maintenance", alerts.effects.maintenance]]} value={effect} onChange={setEffect} />
      <p class="muted">{alerts.effectHint[effect]}</p>
      <MatcherFields hall={hall} chosen={chosen} onChange={setChosen} />
      <When begin={begin} length={length} onBegin={setBegin} onLength={setLength} />
      <RepeatFields repeats={repeats} onChange={repeat} />
      <label class="field">
        <span>{alerts.why}</span>
        <textarea name="why" rows={2} maxLength={NOTE_LIMIT} placeholder={alerts.whyPlaceholder} required />
      </label>
    </Ask>
  );
}
