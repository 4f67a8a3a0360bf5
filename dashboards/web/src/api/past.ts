// What the points of a device did in the past, as /api/v1/devices/{id}/past sends it.
import type { Text } from "./types";

export type Step = "5m" | "15m" | "1h" | "1d" | "1mo";

/** One point. The lists have a place for each window; where nothing was measured it is null. */
export interface PastPoint {
  readonly name: string;
  readonly label: Text;
  readonly unit: string;
  readonly count: readonly number[];
  readonly mean: readonly (number | null)[];
  readonly min: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  readonly last: readonly (number | null)[];
  readonly time_weighted_mean: readonly (number | null)[];
  /** What a counter counted; all null for what is no counter. */
  readonly increase: readonly (number | null)[];
}

/** A span and where its numbers come from. */
export interface PastPart {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly origin: "here" | "influx" | "nowhere";
  /** Name of the InfluxDB. */
  readonly sink: string | null;
  /** Why nothing could be had. */
  readonly problem: string | null;
  readonly hint: Text | null;
}

export interface Past {
  readonly device: string;
  /** Beginnings of the windows, and the end of the last one. */
  readonly edges_ms: readonly number[];
  readonly points: readonly PastPoint[];
  /** In the order of time; what has not come yet is in none of them. */
  readonly parts: readonly PastPart[];
}
