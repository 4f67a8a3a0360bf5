// For which alerts something is: a device, a rule, a zone, a kind, a severity, or several of these together.
import type { ComponentChildren } from "preact";
import { api } from "../../api/http";
import type { Matcher } from "../../api/desk";
import type { Hall, Severity } from "../../api/types";
import { useWords } from "../../i18n";
import { useTopic } from "../../state/store";
import { useWhileOpen } from "../../state/while-open";
import { SEVERITIES } from "../urgency";
import { byName } from "./names";
import { ruleWords } from "./rule-words";
import { matches } from "./silence-words";

/** Rules change with the configuration only. */
const RULES_MS = 300_000;

export interface Chosen { readonly device: string; readonly rule: string; readonly zone: string; readonly kind: string; readonly severity: Severity | "" }

/** Null where it would be for everything. */
export function matcherOf({ device, rule, zone, kind, severity }: Chosen): Matcher | null {
  const list = (id: string) => (id === "" ? [] : [id]);
  const matcher: Matcher = { rules: list(rule), devices: list(device), zones: list(zone), kinds: list(kind), severity_max: severity === "" ? null : severity };
  return device + rule + zone + kind + severity === "" ? null : matcher;
}

function Pick({ label, name, value, any, onChange, children }: {
  label: string; name: string; value: string; any: string; onChange: (value: string) => void; children: ComponentChildren;
}) {
  return (
    <label class="field">
      <span>{label}</span>
      <select name={name} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{any}</option>
        {children}
      </select>
    </label>
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
  const unlisted = chosen.rule !== "" && !rules.some((rule) => rule.id === chosen.rule);
  const set = (key: keyof Chosen) => (value: string) => onChange({ ...chosen, [key]: value });
  const { alerts } = t;
  return (
    <fieldset class="choice matcher">
      <legend>{alerts.matcher}</legend>
      <div class="field-grid">
        <Pick label={alerts.device} name="device" value={chosen.device} any={alerts.any} onChange={set("device")}>
          {devices.map((device) => <option key={device.id} value={device.id}>{say(device.name)}</option>)}
        </Pick>
        <Pick label={alerts.rule} name="rule" value={chosen.rule} any={alerts.any} onChange={set("rule")}>
          {unlisted ? <option value={chosen.rule}>{chosen.rule}</option> : null}
          {rules.map((rule) => <option key={rule.id} value={rule.id}>{`${rule.id} ${ruleWords(rule, words)}`}</option>)}
        </Pick>
        <Pick label={alerts.zone} name="zone" value={chosen.zone} any={alerts.any} onChange={set("zone")}>
          {hall.zones.map((zone) => <option key={zone.id} value={zone.id}>{say(zone.name)}</option>)}
        </Pick>
        <Pick label={alerts.kind} name="kind" value={chosen.kind} any={alerts.any} onChange={set("kind")}>
          {hall.kinds.map((kind) => <option key={kind.id} value={kind.id}>{label(kind.name)}</option>)}
        </Pick>
        <Pick label={alerts.severityMax} name="severity" value={chosen.severity} any={alerts.anySeverity} onChange={set("severity")}>
          {SEVERITIES.map((severity) => <option key={severity} value={severity}>{t.severity[severity]}</option>)}
        </Pick>
      </div>
      <p class="muted" role="status" data-testid="matches">
        {matcher === null ? alerts.matcherNeeded : alerts.matches(open.filter((alert) => matches(matcher, alert)).length)}
      </p>
    </fieldset>
  );
}
