// For which alerts something is: a device, a rule, a zone, a kind, a severity, or several of these together.
import { useRef } from "preact/hooks";
import { api } from "../../api/http";
import type { Matcher } from "../../api/desk";
import type { Hall, Severity } from "../../api/types";
import { useWords } from "../../i18n";
import { useTopic } from "../../state/store";
import { useWhileOpen } from "../../state/while-open";
import { CloseIcon } from "../icons";
import { SEVERITIES } from "../urgency";
import { byName } from "./names";
import { ruleWords } from "./rule-words";
import { matches } from "./silence-words";

/** Rules change with the configuration only. */
const RULES_MS = 300_000;

export interface Chosen {
  readonly devices: readonly string[];
  readonly rules: readonly string[];
  readonly zones: readonly string[];
  readonly kinds: readonly string[];
  readonly severity: Severity | "";
}

/** Null where it would be for everything. */
export function matcherOf({ devices, rules, zones, kinds, severity }: Chosen): Matcher | null {
  const matcher: Matcher = { rules, devices, zones, kinds, severity_max: severity === "" ? null : severity };
  return [devices, rules, zones, kinds].every((list) => list.length === 0) && severity === "" ? null : matcher;
}

type Options = readonly (readonly [string, string])[];

/** One after the other is picked from the list; a press takes it out again. */
function Pick({ label, name, options, chosen, onChange }: {
  label: string; name: string; options: Options; chosen: readonly string[]; onChange: (chosen: readonly string[]) => void;
}) {
  const { alerts } = useWords().t;
  const list = useRef<HTMLSelectElement>(null);
  const nameOf = (id: string) => options.find(([known]) => known === id)?.[1] ?? id;
  const add = (select: HTMLSelectElement) => {
    if (select.value !== "") onChange([...chosen, select.value]);
    select.value = "";
  };
  const remove = (id: string) => {
    onChange(chosen.filter((entry) => entry !== id));
    list.current?.focus();
  };
  return (
    <div class="field">
      <label>
        <span>{label}</span>
        <select ref={list} name={name} onChange={(event) => add(event.currentTarget)}>
          <option value="">{chosen.length === 0 ? alerts.any : alerts.oneMore}</option>
          {options.filter(([id]) => chosen.indexOf(id) < 0).map(([id, text]) => <option key={id} value={id}>{text}</option>)}
        </select>
      </label>
      {chosen.length === 0 ? null : (
        <ul class="picked">
          {chosen.map((id) => (
            <li key={id}>
              <button type="button" class="chip" data-picked={`${name}/${id}`} title={alerts.takeOut} aria-label={`${alerts.takeOut} ${nameOf(id)}`} onClick={() => remove(id)}>
                <b>{nameOf(id)}</b><CloseIcon />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function MatcherFields({ hall, chosen, onChange }: { hall: Hall; chosen: Chosen; onChange: (chosen: Chosen) => void }) {
  const words = useWords();
  const { t, say, label } = words;
  const devices = byName(useTopic("devices") ?? [], words);
  const { data } = useWhileOpen(true, api.rules, RULES_MS);
  const open = useTopic("alerts") ?? [];
  const matcher = matcherOf(chosen);
  const rules = data?.rules ?? [];
  const set = (key: keyof Chosen) => (value: readonly string[] | string) => onChange({ ...chosen, [key]: value });
  const { alerts } = t;
  return (
    <fieldset class="choice matcher">
      <legend>{alerts.matcher}</legend>
      <div class="field-grid">
        <Pick label={alerts.device} name="device" chosen={chosen.devices} onChange={set("devices")} options={devices.map((device) => [device.id, say(device.name)])} />
        <Pick label={alerts.rule} name="rule" chosen={chosen.rules} onChange={set("rules")} options={rules.map((rule) => [rule.id, `${rule.id} ${ruleWords(rule, words)}`])} />
        <Pick label={alerts.zone} name="zone" chosen={chosen.zones} onChange={set("zones")} options={hall.zones.map((zone) => [zone.id, say(zone.name)])} />
        <Pick label={alerts.kind} name="kind" chosen={chosen.kinds} onChange={set("kinds")} options={hall.kinds.map((kind) => [kind.id, label(kind.name)])} />
        <label class="field">
          <span>{alerts.severityMax}</span>
          <select name="severity" value={chosen.severity} onChange={(event) => set("severity")(event.currentTarget.value)}>
            <option value="">{alerts.anySeverity}</option>
            {SEVERITIES.map((severity) => <option key={severity} value={severity}>{t.severity[severity]}</option>)}
          </select>
        </label>
      </div>
      <p class="muted" role="status" data-testid="matches">
        {matcher === null ? alerts.matcherNeeded : alerts.matches(open.filter((alert) => matches(matcher, alert)).length)}
      </p>
    </fieldset>
  );
}
