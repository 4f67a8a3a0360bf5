// Why there is nothing to show, or why what is shown may be old.
import { useWords } from "../../i18n";

export function Trouble({ failed, missing }: { failed: boolean; missing: boolean }) {
  const { alerts } = useWords().t;
  return failed ? <p class="form-error" role="alert">{missing ? alerts.missing : alerts.failed}</p> : null;
}
