// Closes a period, or closes it again.
import { api } from "../../api/http";
import type { Text } from "../../api/types";
import { useWords } from "../../i18n/reports";
import { Ask, NOTE_LIMIT, typed } from "../ask";
import { Obstacles } from "./obstacles";

interface Props {
  period: string;
  what: string;
  obstacles: readonly Text[];
  /** The newest revision; 0 where it was never closed. */
  before: number;
  onClose: () => void;
  onDone: () => void;
}

export function CloseDialog({ period, what, obstacles, before, onClose, onDone }: Props) {
  const { report } = useWords().t;
  const needed = obstacles.length > 0 || before > 0;
  const read = (form: FormData, by: string) => {
    const why = typed(form, "why");
    return needed && why === "" ? report.whyNeeded : () => api.closeReport(period, by, why).then(onDone);
  };
  return (
    <Ask title={report.closeTitle(what)} about={before > 0 ? report.closeNew(before + 1) : report.closeHint} submit={report.close} read={read} onClose={onClose}>
      {obstacles.length === 0 ? null : <div class="ask-obstacles"><b>{report.obstacles(obstacles.length)}</b><Obstacles obstacles={obstacles} /></div>}
      <label class="field">
        <span>{before > 0 ? report.closeWhyAgain : obstacles.length > 0 ? report.closeWhyDespite : report.closeWhyOptional}</span>
        <textarea name="why" rows={3} maxLength={NOTE_LIMIT} required={needed} />
      </label>
      <p class="muted">{report.closeBusy}</p>
    </Ask>
  );
}
