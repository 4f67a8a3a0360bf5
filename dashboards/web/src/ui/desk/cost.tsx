// What an alert has cost so far: energy that was not made, its price, time of service.
import type { Alert } from "../../api/types";
import { decimal, joined, quantity } from "../../format/number";
import { serviceTime } from "../../format/time";
import { useWords, type Words } from "../../i18n";

/** Less than this is told as nothing. */
const LEAST = { energy_wh: 1, money: 0.05, service_ms: 1_000 };

/** Null when it has cost nothing. */
export function costWords({ energy_wh: energy, money, service_ms: service }: Alert["cost"], { t, lang }: Words): string | null {
  const { alerts } = t;
  const made = [
    ...(energy < LEAST.energy_wh ? [] : [alerts.lostEnergy(joined(quantity(energy, "Wh", lang)))]),
    ...(money === null || money < LEAST.money ? [] : [alerts.lostMoney(decimal(money, 1, lang))]),
  ].join(alerts.costComma);
  const served = service < LEAST.service_ms ? "" : alerts.lostService(serviceTime(service, t));
  return [made, served].filter(Boolean).join(alerts.costStop) || null;
}

export function Cost({ alert }: { alert: Alert }) {
  const words = useWords();
  const cost = costWords(alert.cost, words);
  return cost === null ? null : <span class="deed-cost" data-testid="cost">{words.t.alerts.cost(cost)}</span>;
}
