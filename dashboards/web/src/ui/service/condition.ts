// How a machine serves, in the colours and shapes that the board has for health.
import type { Condition } from "../../api/service";
import type { Health } from "../../api/types";

export const HEALTH: Readonly<Record<Condition, Health>> = {
  serving: "ok", degraded: "degraded", down: "fault", offline: "offline", maintenance: "maintenance", unknown: "waiting",
};
