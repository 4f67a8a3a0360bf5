// What a rule would have said of the past, before anybody is told by it.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../../api/http";
import type { Rehearsal } from "../../api/desk";
import { useWords } from "../../i18n/desk";
import { useWhileOpen } from "../../state/while-open";
import { Choice } from "../choice";
import { OrderButton, OrderNote, useOrder } from "../data/order";
import { RehearsalResult } from "./rehearsal-result";
import { ruleWords } from "./rule-words";
import { Trouble } from "./trouble";

const RULES_MS = 300_000;
const DAYS = ["7", "30", "90", "365"] as const;
type Days = (typeof DAYS)[number];

/** `about` is the rule that the address names. */
export function RehearsalTab({ about }: { about: string | undefined }) {
  const all = useWords();
  const { t, say } = all;
  const words = t.noise;
  const order = useOrder();
  const [rule, setRule] = useState(about ?? "");
  const [days, setDays] = useState<Days>("90");
  const [wrong, setWrong] = useState(false);
  const [result, setResult] = useState<Rehearsal | null>(null);
  const { data, failed, missing } = useWhileOpen(true, api.rules, RULES_MS);
  const rules = data?.rules ?? [];
  const chosen = rules.find((entry) => entry.id === rule);
  // Who goes elsewhere does not wait for it any more, and neither shall the daemon.
  const abort = useRef(new AbortController());
  useEffect(() => () => abort.current.abort(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setWrong(rule === "");
    if (rule !== "") void order.give(async () => setResult(await api.rehearsal(rule, Number(days), abort.current.signal)));
  };
  return (
    <>
      <Trouble failed={failed} missing={missing} />
      <section class="card rehearsal" aria-labelledby="rehearsal-title">
        <div class="card-head"><h2 id="rehearsal-title">{words.rehearseTitle}</h2></div>
        <p class="muted desk-hint">{words.rehearseHint}</p>
        <form onSubmit={submit} noValidate>
          <label class="field">
            <span>{words.rule}</span>
            <select name="rule" value={rule} onChange={(event) => setRule(event.currentTarget.value)} required>
              <option value="">{words.chooseRule}</option>
              {rule !== "" && !chosen ? <option value={rule}>{rule}</option> : null}
              {rules.map((entry) => (
                <option key={entry.id} value={entry.id} disabled={!entry.rehearsable && entry.id !== rule}>
                  {`${entry.id} ${ruleWords(entry, all)}${entry.rehearsable ? "" : ` · ${words.notRehearsable}`}`}
                </option>
              ))}
            </select>
          </label>
          <Choice legend={words.days} name="days" options={DAYS.map((key) => [key, words.daysOf[key]] as const)} value={days} onChange={setDays} />
          <OrderButton order={order} busy={words.rehearsing} main>{words.rehearse}</OrderButton>
        </form>
        {chosen ? <p class="muted">{chosen.rehearsable ? say(chosen.advice) : words.notRehearsableHint}</p> : null}
        {wrong ? <p class="form-error" role="alert">{words.ruleNeeded}</p> : order.state.at === "failed" ? <OrderNote order={order} /> : null}
      </section>
      <div role="status">{result !== null && order.state.at === "taken" ? <RehearsalResult result={result} /> : null}</div>
    </>
  );
}
