// The name of a device; it opens the device's details.
import type { Text } from "../../api/types";
import { useWords } from "../../i18n";
import { put } from "../../state/store";

export function DeviceLink({ id, name }: { id: string | null; name: Text }) {
  const { say } = useWords();
  return id === null ? <span>{say(name)}</span> : <button type="button" class="link-button" onClick={() => put("drawer", id)}>{say(name)}</button>;
}
