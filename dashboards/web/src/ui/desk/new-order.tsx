// A new work order, of an alert or of what somebody saw.
import { api } from "../../api/http";
import type { WorkOrder } from "../../api/desk";
import type { Alert } from "../../api/types";
import { useWords } from "../../i18n/desk";
import { useTopic } from "../../state/store";
import { Ask, typed } from "../ask";
import { byName } from "./names";

const WHAT_LIMIT = 200;

export function NewOrderDialog({ alert, onClose, onMade }: { alert: Alert | null; onClose: () => void; onMade: (order: WorkOrder) => void }) {
  const words = useWords();
  const { t, say } = words;
  const { orders } = t;
  const devices = byName(useTopic("devices") ?? [], words);
  const read = (form: FormData, by: string) => {
    const device = alert?.device ?? typed(form, "device");
    const what = typed(form, "what");
    if (device === "") return orders.deviceNeeded;
    if (what === "" && !alert) return orders.whatNeeded;
    return () => api.makeOrder({ device, what, by, ...(alert ? { alert: alert.id } : {}) }).then(onMade);
  };
  return (
    <Ask
      title={orders.newTitle} submit={orders.make} read={read} onClose={onClose}
      about={alert ? <><b>{say(alert.device_name)}</b> {say(alert.text)}</> : undefined}
    >
      {alert ? null : (
        <label class="field">
          <span>{orders.device}</span>
          <select name="device" required>
            <option value="">{orders.chooseDevice}</option>
            {devices.map((device) => <option key={device.id} value={device.id}>{say(device.name)}</option>)}
          </select>
        </label>
      )}
      <label class="field">
        <span>{alert ? orders.whatOfAlert : orders.what}</span>
        <input name="what" maxLength={WHAT_LIMIT} placeholder={orders.whatPlaceholder} autocomplete="off" />
      </label>
    </Ask>
  );
}
