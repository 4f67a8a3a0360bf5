// How well the machines serve, as /api/v1/service sends it.
import type { Text } from "./types";

export type Condition = "serving" | "degraded" | "down" | "offline" | "maintenance" | "unknown";
export type Urgency = "out" | "low" | "runs_out";

/** A machine and where it stands. Lists of them come in walking order: floor, zone, order of the configuration. */
export interface Placed {
  readonly device: string;
  readonly name: Text;
  readonly zone: string;
  readonly zone_name: Text;
  /** 1 is the ground floor, -1 the first below it. */
  readonly floor: number | null;
}

export interface ZoneHours {
  readonly zone: string;
  readonly name: Text;
  readonly floor: number | null;
  readonly open: boolean;
  readonly always: boolean;
  readonly opens_ms: number | null;
  readonly closes_ms: number | null;
}

export interface NotReady extends Placed {
  readonly kind: string;
  readonly condition: Condition;
  readonly reason: Text | null;
}

export interface Opening {
  readonly zones: readonly ZoneHours[];
  /** The next check, or the one that is on. */
  readonly check_ms: number | null;
  /** A check is on: from its time to opening, and on until all are ready or the hall closes. */
  readonly checked: boolean;
  readonly of: number;
  readonly not_ready: readonly NotReady[];
}

export interface RefillItem extends Placed {
  readonly supply: string;
  readonly label: Text;
  readonly urgency: Urgency;
  readonly at_ms: number | null;
  readonly left: number | null;
}

export interface Refill {
  /** When the next working day's service ends. */
  readonly by_ms: number | null;
  readonly items: readonly RefillItem[];
}

export interface Supply {
  readonly supply: string;
  readonly label: Text;
  readonly left: number | null;
  readonly at_ms: number | null;
  /** Why there is no forecast, or what it rests on. */
  readonly reason: Text;
}

export interface Month {
  readonly service_ms: number;
  readonly down_ms: number;
  readonly maintenance_ms: number;
  readonly unknown_ms: number;
  /** Null where nothing was to be served yet: neither 0 nor 1. */
  readonly availability: number | null;
  readonly failures: number;
  readonly mtbf_ms: number | null;
  readonly mttr_ms: number | null;
}

/** With more of the month unseen than this, an availability is that of a part, and says so. */
const UNSEEN_MAX = 0.1;

export function isOfPart({ availability, unknown_ms, service_ms }: Month): boolean {
  return availability !== null && unknown_ms > service_ms * UNSEEN_MAX;
}

export interface Machine extends Placed {
  readonly kind: string;
  readonly condition: Condition;
  readonly condition_text: Text;
  readonly hurt: readonly Text[];
  readonly reason: Text | null;
  readonly since_ms: number | null;
  readonly month: Month;
  readonly supplies: readonly Supply[];
}

export interface KindAtWork {
  readonly kind: string;
  readonly text: Text;
  readonly of: number;
  readonly serving: number;
  /** All of them together. */
  readonly month: Month;
}

export interface Service {
  readonly now_ms: number;
  readonly opening: Opening;
  readonly refill: Refill;
  readonly machines: readonly Machine[];
  readonly kinds: readonly KindAtWork[];
  readonly calendar: { readonly today: Text | null; readonly missing_year: number | null };
}
