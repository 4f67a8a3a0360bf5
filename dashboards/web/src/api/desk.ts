// Silences, work orders, channels, noise and rehearsals, as /api/v1 sends them.
import type { Severity, Text } from "./types";

export type Effect = "silence" | "maintenance";

/** For which alerts. What is empty is any. */
export interface Matcher {
  readonly rules: readonly string[];
  readonly devices: readonly string[];
  readonly zones: readonly string[];
  readonly kinds: readonly string[];
  /** Not for what is worse than this. */
  readonly severity_max: Severity | null;
}

/** Days of the week, 1 is Monday. */
export type On = "all" | "working" | "rest" | { readonly weekdays: readonly number[] };

export interface Recurring {
  readonly on: On;
  /** Minutes of the day. An end before the begin is that of the next day. */
  readonly from_min: number;
  readonly to_min: number;
}

export interface Silence {
  readonly id: string;
  readonly effect: Effect;
  readonly matcher: Matcher;
  readonly from_ms: number;
  readonly until_ms: number;
  readonly recurring?: Recurring;
  readonly by: string;
  readonly why: string;
  readonly set_ms: number;
  readonly ended?: { readonly by: string; readonly at_ms: number };
  readonly state: "active" | "scheduled" | "waiting" | "over";
}

/** Wrong for too short a time to be an alert yet. */
export interface Suspect {
  readonly rule: string;
  readonly severity: Severity;
  readonly device: string | null;
  readonly device_name: Text;
  readonly zone: string | null;
  readonly text: Text;
  readonly since_ms: number;
  /** When it will be an alert, if it goes on. */
  readonly due_ms: number;
}

/** The next one first. */
export interface Suspects { readonly now_ms: number; readonly suspects: readonly Suspect[] }

export interface Silences { readonly now_ms: number; readonly silences: readonly Silence[] }

/** A silence as it is asked for; what is left out of the matcher is any. */
export interface NewSilence {
  readonly effect: Effect;
  readonly matcher: Partial<Matcher>;
  readonly from_ms?: number;
  readonly until_ms: number;
  readonly recurring?: { readonly on: On; readonly from: string; readonly to: string };
  readonly by: string;
  readonly why: string;
}

/** Who did it; the program by what the data say, or a visitor by the label on the machine. */
export type ByKind = "person" | "public" | "program";
export interface Worded { readonly state: string; readonly text: Text }
export interface Part { readonly name: string; readonly count: number }

/** Service time counts, the time by the clock stands beside it. */
export interface OrderClock {
  readonly service_ms: number;
  readonly wall_ms: number;
  readonly running: boolean;
  readonly due_ms: number | null;
  readonly late: boolean;
}

export interface OrderStep {
  readonly state: string;
  readonly state_text: Text;
  readonly at_ms: number;
  readonly by: string | null;
  readonly by_kind: ByKind;
  readonly note: Text;
}

export interface WorkOrder {
  readonly id: string;
  readonly device: string;
  readonly device_name: Text;
  readonly zone: string;
  readonly kind: string;
  readonly profile: string;
  readonly rule: string | null;
  readonly alerts: readonly string[];
  readonly what: Text;
  readonly origin: "alert" | "person" | "public";
  readonly opened_by: string | null;
  readonly opened_ms: number;
  readonly state: string;
  readonly state_text: Text;
  /** Where a person can take it from here. */
  readonly next: readonly Worded[];
  readonly assigned: { readonly vendor: string | null; readonly name: string; readonly phone: string | null } | null;
  readonly contract: { readonly vendor: string; readonly response_ms: number; readonly repair_ms: number } | null;
  readonly steps: readonly OrderStep[];
  readonly parts: readonly Part[];
  /** Visitors who said that it does not work. */
  readonly reports: number;
  readonly done_ms: number | null;
  readonly closed: { readonly at_ms: number; readonly by: string | null; readonly by_kind: ByKind; readonly reason: Text; readonly proven: boolean } | null;
  readonly response: OrderClock;
  readonly repair: OrderClock;
}

export interface WorkOrders { readonly now_ms: number; readonly orders: readonly WorkOrder[] }
export interface NewOrder { readonly device: string; readonly what: string; readonly by: string; readonly alert?: string }
export interface NewStep {
  readonly state: string;
  readonly by: string;
  readonly note: string;
  readonly to?: string;
  readonly parts?: readonly Part[];
  readonly reason?: string;
}

export interface Vendor {
  readonly id: string;
  readonly name: string;
  readonly phone: string;
  readonly response_ms: number;
  readonly repair_ms: number;
  readonly devices: readonly string[];
}

/** How well some machines are repaired. Shares are 0 to 1; null where there is nothing to count. */
export interface Group {
  readonly key: string;
  readonly orders: number;
  readonly cancelled: number;
  readonly closed: number;
  readonly proven: number;
  readonly repair_service_ms: number | null;
  readonly repair_wall_ms: number | null;
  readonly response_service_ms: number | null;
  readonly response_wall_ms: number | null;
  readonly service_ms: number;
  readonly failures: number;
  readonly mtbf_service_ms: number | null;
  readonly first_time_fix: number | null;
  readonly response_in_time: number | null;
  readonly repair_in_time: number | null;
}

export interface Figures {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly all: Group;
  readonly vendors: readonly Group[];
  readonly profiles: readonly Group[];
  readonly kinds: readonly Group[];
  readonly repeats: readonly { readonly device: string; readonly rule: string | null; readonly orders: readonly string[] }[];
  readonly parts: readonly Part[];
}

export interface Channel {
  readonly name: string;
  readonly kind: string;
  readonly health: "ok" | "failing";
  readonly failing_since_ms: number | null;
  /** Tries in a row that failed. */
  readonly tries: number;
  readonly why: Text | null;
  readonly waiting: number;
  readonly delivered_ms: number | null;
}

/** What was announced in the hall by a channel of the kind "sound". */
export interface Announcement {
  readonly at_ms: number;
  readonly channel: string;
  /** The worst that it tells of. */
  readonly severity: Severity;
  readonly title: Text;
  readonly text: Text;
  /** Ids of the alerts that it tells of and that were open then. */
  readonly alerts: readonly string[];
}

/** Newest first. */
export interface Wall { readonly now_ms: number; readonly announcements: readonly Announcement[] }

export interface Channels { readonly now_ms: number; readonly channels: readonly Channel[] }

export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  readonly kinds: readonly string[];
  /** Only for devices of these profiles; none is all. */
  readonly profiles: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly text: Text;
  readonly advice: Text;
  /** What is stored suffices to rehearse it. */
  readonly rehearsable: boolean;
}

export interface Firing {
  readonly device: string | null;
  readonly from_ms: number;
  readonly to_ms: number | null;
  readonly severity: Severity;
  readonly in_hours: boolean;
  readonly text: Text;
}

/** What a rule would have said of the past. */
export interface Rehearsal {
  readonly rule: string;
  readonly from_ms: number;
  readonly to_ms: number;
  /** Where the readings begin; null when there are none. */
  readonly data_from_ms: number | null;
  readonly devices_judged: number;
  readonly firings: number;
  readonly in_hours: number;
  readonly out_of_hours: number;
  readonly told: readonly { readonly channel: string; readonly count: number }[];
  readonly devices: readonly { readonly device: string; readonly device_name: Text; readonly count: number; readonly longest_ms: number }[];
  /** The latest; of very many not all. */
  readonly events: readonly Firing[];
  readonly took_ms: number;
}

export interface Shift { readonly from_ms: number; readonly to_ms: number; readonly alarms: number }

export interface Noise {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly alarms: number;
  readonly told: number;
  readonly per_shift_mean: number;
  readonly shifts: readonly Shift[];
  readonly top: readonly { readonly rule: string; readonly device: string | null; readonly device_name: Text; readonly text: Text; readonly count: number }[];
  /** Over by themselves within five minutes. */
  readonly self_cleared: number;
  readonly acknowledged: number;
  readonly acknowledge_mean_ms: number | null;
  readonly by_severity: Readonly<Record<Severity, number>>;
}
