// A name under a closed report, in the order that is due.
import { api } from "../../api/http";
import type { Revision, Role } from "../../api/reports";
import { useWords } from "../../i18n/reports";
import { Ask } from "../ask";
import { Signatures } from "./stage";

interface Props { period: string; what: string; revision: Revision; role: Role; onClose: () => void; onDone: () => void }

export function SignDialog({ period, what, revision, role, onClose, onDone }: Props) {
  const { report } = useWords().t;
  const title = report.signTitle(report.roles[role], `${what} ${report.revision(revision.revision)}`);
  return (
    <Ask title={title} about={report.signHint[role]} submit={report.sign(report.roles[role])} read={(_, by) => () => api.signReport(period, by, role).then(onDone)} onClose={onClose}>
      <Signatures revision={revision} />
    </Ask>
  );
}
