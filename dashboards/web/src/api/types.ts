// The daemon's JSON, as /api/v1 sends it. All times are Unix milliseconds, UTC.

export interface Text { readonly zh: string; readonly en: string }

export type Severity = "critical" | "major" | "minor" | "info";
export type Health = "ok" | "degraded" | "fault" | "asleep" | "offline" | "maintenance" | "waiting";
export type Quality = "good" | "stale" | "estimated" | "recovered" | "sensor_missing" | "rejected";
/** "stale": the device says nothing of it any more, it may hold or not. */
export type AlertState = "active" | "acknowledged" | "stale" | "recovering" | "resolved";

export interface Named { readonly id: string; readonly name: Text }

/** What /hall says to somebody who has not logged in yet. */
export interface LockedHall {
  readonly site: { readonly name: Text };
  readonly version: string;
  readonly login_required: boolean;
  readonly logged_in: boolean;
}

export interface Hall extends LockedHall {
  readonly site: {
    readonly id: string;
    readonly name: Text;
    readonly time_zone: string;
    readonly latitude_deg: number;
    readonly longitude_deg: number;
  };
  readonly demo: Text | null;
  readonly zones: readonly Named[];
  readonly kinds: readonly Named[];
  readonly now_ms: number;
}

export interface Point {
  readonly name: string;
  readonly label: Text;
  readonly unit: string;
  readonly value: number | string | boolean | null;
  readonly text: Text | null;
  readonly quality: Quality;
}

export interface Fault { readonly code: string; readonly text: Text; readonly severity: Severity }

/** Something that happened to a counter: rolled over, reset, swapped, stepped back, nonsense. */
export interface CounterEvent { readonly at_ms: number; readonly point: string; readonly change: string; readonly text: Text }

export interface Device {
  readonly id: string;
  readonly name: Text;
  readonly zone: string;
  readonly kind: string;
  readonly profile: string;
  readonly state: { readonly code: string; readonly text: Text } | null;
  readonly health: Health;
  readonly reason: Text | null;
  readonly last_seen_ms: number | null;
  readonly stale_after_ms: number;
  readonly link: { readonly up: boolean; readonly reason: Text | null };
  readonly points: readonly Point[];
  readonly faults: readonly Fault[];
  readonly open_alerts: number;
  /** Left out when nothing happened. */
  readonly counter_events?: readonly CounterEvent[];
}

export interface Pv {
  readonly now_ms: number;
  readonly power_w: number | null;
  readonly rated_power_w: number;
  readonly inverters_reporting: number;
  readonly inverters_total: number;
  readonly energy_today_wh: number | null;
  readonly energy_today_since_ms: number | null;
  readonly sun: {
    readonly elevation_deg: number;
    readonly sunrise_ms: number | null;
    readonly sunset_ms: number | null;
  };
  readonly curve_step_ms: number;
  readonly curve: readonly (readonly [number, number | null])[];
}

export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly state: AlertState;
  readonly device: string | null;
  readonly device_name: Text;
  readonly zone: string | null;
  readonly kind: string | null;
  readonly text: Text;
  readonly advice: Text;
  readonly since_ms: number;
  readonly raised_ms: number;
  readonly resolved_ms: number | null;
  /** After `until_ms` it is as if nobody knew. */
  readonly acknowledged: { readonly by: string; readonly note: string; readonly at_ms: number; readonly until_ms: number | null } | null;
  readonly evidence: readonly { readonly label: Text; readonly value: string }[];
  /** Id of the silence that keeps it from people. */
  readonly silenced: string | null;
  /** Id of the alert that says it for many. */
  readonly inhibited: string | null;
  /** It comes and goes, and is held open. */
  readonly flapping: boolean;
  /** Channels that have been told. */
  readonly told: readonly string[];
  /** What it has cost so far. */
  readonly cost: { readonly energy_wh: number; readonly money: number | null; readonly service_ms: number };
  /** Those of its rule, by name. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Sink {
  readonly name: string;
  readonly kind: string;
  readonly state: "ok" | "catching_up" | "waiting";
  readonly delivered: number;
  readonly without_line: number;
  readonly dead_letters: number;
  readonly dead_letters_waiting: number;
  readonly resent: number;
  readonly lag_readings: number;
  readonly backlog_readings: number;
  readonly lag_ms: number;
  readonly fresh_lag_ms: number;
  readonly last_error: { readonly class: string; readonly text: Text; readonly detail: string; readonly time_ms: number } | null;
  readonly jobs: readonly Job[];
  /** The last ones that are done. */
  readonly jobs_done: readonly Job[];
}

/** Old readings that are sent to a sink once more. */
export interface Job {
  readonly id: number;
  readonly cause: "asked" | "cut";
  readonly dead_letters_again: boolean;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly next_ms: number;
  readonly lines: number;
  readonly dead_letters: number;
  /** Lines to be sent, where that is known. */
  readonly of: number | null;
}

/** A line that a sink refused for good, or a group of them that was refused as a whole. */
export interface Letter {
  readonly position: number;
  readonly time_ms: number;
  readonly lines: number;
  readonly line: string;
  readonly device: string | null;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly status: number;
  readonly message: string;
}

export interface Letters {
  readonly now_ms: number;
  readonly letters: readonly Letter[];
}

/** What a sink has of a source's readings. */
export interface AtSink {
  readonly sink: string;
  readonly delivered: number;
  readonly without_line: number;
  readonly dead_letters: number;
  readonly recovered: number;
  /** Null where too many are owed to be counted by source. */
  readonly owed: number | null;
}

/** A time without a reading. */
export interface Gap {
  readonly from_ms: number;
  readonly to_ms: number;
  /** "gateway", "night", "silent", or the word of a link's fault. */
  readonly cause: string;
  readonly text: Text;
}

/** What became of a source's readings. */
export interface Proof {
  readonly device: string;
  readonly name: Text;
  readonly read: number;
  readonly kept: number;
  readonly doubled: number;
  readonly not_kept: number;
  /** On disk, of the span that was asked for. */
  readonly readings: number;
  readonly sinks: readonly AtSink[];
  /** Of the span, newest first. */
  readonly gaps: readonly Gap[];
  readonly gaps_ms: number;
}

export interface Data {
  readonly now_ms: number;
  readonly from_ms: number;
  readonly to_ms: number;
  /** Null where counting began with the first reading. */
  readonly counted_since_ms: number | null;
  readonly sinks: readonly Sink[];
  readonly sources: readonly Proof[];
}

/** The recount of a month. Days are local, "2026-11-29". */
export interface Audit {
  readonly month: string;
  /** After `to` when no day could be recounted. */
  readonly from: string;
  readonly to: string;
  readonly kept: number;
  readonly doubled: number;
  readonly not_kept: number;
  readonly on_disk: number;
  readonly missing: number;
  readonly sinks: readonly AtSink[];
  readonly differences: readonly { readonly device: string; readonly date: string; readonly kept: number; readonly on_disk: number }[];
}

export interface Source {
  readonly name: string;
  readonly kind: string;
  readonly state: "ok" | "degraded" | "down";
  readonly devices: number;
  readonly reason: Text | null;
}

export interface System {
  readonly now_ms: number;
  readonly journal: {
    readonly state: "ok" | "disk_full" | "failed";
    readonly readings_committed: number;
    readonly position: number;
    readonly size_bytes: number;
    readonly disk_free_bytes: number;
  };
  readonly sinks: readonly Sink[];
  readonly sources: readonly Source[];
  readonly rejected: readonly { readonly reason: string; readonly text: Text; readonly count: number }[];
}

/** Durations in classes; the bounds stand once in the answer. */
export interface Durations {
  readonly counts: readonly number[];
  readonly total: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly max_ms: number | null;
}

export interface BusUnit {
  readonly unit: number;
  readonly devices: readonly string[];
  readonly questions: number;
  readonly answers: number;
  readonly unanswered: number;
  readonly timeouts: number;
  readonly exceptions: readonly { readonly code: number; readonly count: number; readonly text: Text }[];
  readonly bad_answers: number;
  readonly closed: number;
  readonly latency: Durations;
}

export interface Bus {
  readonly name: string;
  readonly transport: "tcp" | "rtu_over_tcp" | "tls" | "serial" | "listen";
  readonly watched_ms: number;
  readonly utilisation: number;
  readonly busy_ms: number;
  readonly connects: number;
  readonly connect_failures: number;
  readonly crc_errors: number;
  readonly noise_bytes: number;
  readonly echoes: number;
  readonly late_answers: number;
  readonly foreign_frames: number;
  readonly lateness: Durations;
  readonly findings: readonly { readonly weight: "note" | "warning" | "trouble"; readonly unit: number | null; readonly text: Text }[];
  readonly units: readonly BusUnit[];
}

export interface Buses {
  readonly now_ms: number;
  readonly total: number;
  readonly bounds_ms: readonly number[];
  readonly buses: readonly Bus[];
}

export interface Register {
  readonly name: string;
  readonly vendor: string;
  readonly label: Text;
  readonly unit: string;
  readonly function: number;
  readonly address: number;
  readonly count: number;
  readonly words: readonly string[];
  readonly value: number | string | boolean | null;
  readonly text: Text | null;
  readonly quality: "good" | "stale" | "not_available" | "refused_by_device" | "refused_value" | "not_read";
  readonly reason: Text | null;
  readonly read_ms: number | null;
}

export interface Registers { readonly now_ms: number; readonly device: string; readonly registers: readonly Register[] }

export interface ProblemBody {
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly hint?: Text;
}
