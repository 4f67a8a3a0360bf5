// What is wrong for too short a time to be an alert yet, so that nobody asks why there is none.
import { api } from "../../api/http";
import type { Suspect } from "../../api/desk";
import { duration } from "../../format/time";
import { useWords } from "../../i18n";
import { useVisible } from "../../state/visible";
import { useWhileOpen } from "../../state/while-open";
import { put } from "../../state/store";
import { ChevronIcon, SeverityIcon } from "../icons";
import { Ticking } from "../ticking";

const REREAD_MS = 10_000;

function Row({ suspect }: { suspect: Suspect }) {
  const { t, say } = useWords();
  const { device } = suspect;
  return (
    <li class={`suspect sev-${suspect.severity}`} data-suspect={suspect.rule}>
      <span class="severity"><SeverityIcon severity={suspect.severity} />{t.severity[suspect.severity]}</span>
      {device === null ? <span class="alert-device">{say(suspect.device_name)}</span> : (
        <button type="button" class="link-button alert-device" onClick={() => put("drawer", device)}>{say(suspect.device_name)}</button>
      )}
      <span class="suspect-text" title={t.alertRule(suspect.rule)}>{say(suspect.text)}</span>
      <span class="muted"><Ticking write={(now) => t.alerts.suspectDue(duration(Math.max(0, suspect.due_ms - now), t))} /></span>
    </li>
  );
}

export function Suspects() {
  const { alerts: words } = useWords().t;
  const { data } = useWhileOpen(useVisible(), api.suspects, REREAD_MS);
  const all = data?.suspects ?? [];
  if (all.length === 0) return null;
  return (
    <details class="resolved" data-testid="suspects">
      <summary title={words.suspectsHint}><ChevronIcon />{words.suspects(all.length)}</summary>
      <p class="muted">{words.suspectsHint}</p>
      <ul class="suspects">{all.map((suspect) => <Row key={`${suspect.rule} ${suspect.device} ${suspect.since_ms}`} suspect={suspect} />)}</ul>
    </details>
  );
}
