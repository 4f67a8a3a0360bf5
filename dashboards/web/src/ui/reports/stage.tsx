// How far a period is: running, over but not closed, closed; and who signed it.
import { ROLES, type Period, type Revision, type Role } from "../../api/reports";
import { momentInYears } from "../../format/time";
import { useWords } from "../../i18n/reports";
import { serverNow } from "../../state/clock";
import { AcceptedIcon } from "../icons";

export type Stage = "running" | "open" | "closed";

export function stageOf({ running, revisions }: Pick<Period, "running" | "revisions">): Stage {
  return revisions.length > 0 ? "closed" : running ? "running" : "open";
}

/** Whose turn it is; null when all have signed. */
export function nextRole(revision: Revision): Role | null {
  return ROLES.find((role) => !revision.signatures.some((signature) => signature.role === role)) ?? null;
}

const LOOK: Record<Stage, string> = { running: "health-waiting", open: "health-degraded", closed: "health-ok" };

export function StageMark({ period }: { period: Pick<Period, "running" | "revisions"> }) {
  const { report } = useWords().t;
  const stage = stageOf(period);
  const newest = period.revisions[0];
  return <span class={`stage ${LOOK[stage]}`} data-stage={stage}>{newest ? report.closedAs(newest.revision) : report.stage[stage]}</span>;
}

export function Signatures({ revision }: { revision: Revision }) {
  const { t, lang } = useWords();
  const { report } = t;
  return (
    <ul class="signs">
      {ROLES.map((role) => {
        const signature = revision.signatures.find((entry) => entry.role === role);
        const label = report.roles[role];
        return signature ? (
          <li key={role} class="sign is-signed" data-signed={role} title={report.signed(label, signature.who, momentInYears(signature.at_ms, serverNow(), lang))} data-person>
            <AcceptedIcon />{label} <b>{signature.who}</b>
          </li>
        ) : <li key={role} class="sign" data-unsigned={role}>{label} <span>{report.unsigned}</span></li>;
      })}
    </ul>
  );
}
