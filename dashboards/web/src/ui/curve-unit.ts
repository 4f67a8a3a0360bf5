// The unit of the power axis, shared by the caption and the lazily loaded chart.
import type { Pv } from "../api/types";

/** One unit for the whole axis, by the size of the plant. */
export function curveUnit(pv: Pv): { unit: string; by: number; digits: number } {
  return pv.rated_power_w >= 1e6 ? { unit: "MW", by: 1e6, digits: 2 } : { unit: "kW", by: 1e3, digits: 1 };
}
