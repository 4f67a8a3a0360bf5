// Requests to the daemon. Every failure becomes an ApiError with the status (0 = no answer).
import type { Channels, Figures, NewOrder, NewSilence, NewStep, Noise, Rehearsal, Rule, Silence, Silences, Suspects, Vendor, Wall, WorkOrder, WorkOrders } from "./desk";
import type { Past, Step } from "./past";
import type { Form, NewAmount, NewReading, Report, Reports, Revision, Role, Which } from "./reports";
import type { Service } from "./service";
import type { Alert, Audit, Buses, Data, Device, Hall, Letters, LockedHall, ProblemBody, Pv, Registers, System } from "./types";

const BASE = "/api/v1";
/** A request that hangs longer than this is worth giving up: the hall's network is one hop. */
const TIMEOUT_MS = 10_000;
/** A month is looked through before the answer begins. */
const SLOW_MS = 60_000;
const RECOUNT_MS = 300_000;
/** The other side of a channel has its own patience. */
const CHANNEL_MS = 45_000;
/** A year that is no longer here comes from a database, day by day. */
const RECALL_MS = 300_000;

export class ApiError extends Error {
  constructor(readonly status: number, readonly problem: ProblemBody) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
  }
}

async function problemOf(response: Response): Promise<ProblemBody> {
  try {
    return (await response.json()) as ProblemBody;
  } catch {
    return {};
  }
}

async function request(path: string, init: RequestInit = {}, timeoutMs = TIMEOUT_MS): Promise<Response> {
  const abort = new AbortController();
  init.signal?.addEventListener("abort", () => abort.abort());
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      cache: "no-store", credentials: "same-origin", ...init, signal: abort.signal,
    });
  } catch {
    throw new ApiError(0, {});
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok) throw new ApiError(response.status, await problemOf(response));
  return response;
}

async function get<T>(path: string, timeoutMs?: number, signal: AbortSignal | null = null): Promise<T> {
  const response = await request(path, { signal }, timeoutMs);
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(0, {});
  }
}

function post(path: string, body: unknown, timeoutMs?: number): Promise<Response> {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }, timeoutMs);
}

async function told<T>(path: string, body: unknown, timeoutMs?: number): Promise<T> {
  const response = await post(path, body, timeoutMs);
  return (await response.json()) as T;
}

export interface DeviceList { readonly now_ms: number; readonly devices: readonly Device[] }
/** Old readings of a span, or the lines that were refused, once more. */
export type ResendOrder = { readonly from_ms: number; readonly to_ms: number } | { readonly dead_letters: true };
export interface AlertList { readonly now_ms: number; readonly alerts: readonly Alert[] }

/** Without `for_h` it counts as long as configured. */
export interface Acknowledgement { readonly by: string; readonly note: string; readonly for_h?: number }

/** The past of one point, from one moment to another. */
export interface PastQuestion { readonly device: string; readonly point: string; readonly from: number; readonly to: number; readonly step: Step }

export interface Saved { readonly name: string; readonly content: Blob }

function reportPath(period: string, form: Form | "json", lang: string, which: Which, save = false): string {
  const { revision, now } = which;
  const chosen = now ? "&now=true" : revision === undefined ? "" : `&revision=${revision}`;
  return `/reports/${encodeURIComponent(period)}?form=${form}&lang=${lang}${chosen}${save ? "&save=true" : ""}`;
}

/** Where a report is, for a link. */
export function reportAddress(period: string, form: Form, lang: string, which: Which, save: boolean): string {
  return BASE + reportPath(period, form, lang, which, save);
}

async function file(path: string, otherwise: string): Promise<Saved> {
  const response = await request(path, {}, RECALL_MS);
  const named = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
  try {
    return { name: named?.[1] ?? otherwise, content: await response.blob() };
  } catch {
    throw new ApiError(0, {});
  }
}

export const api = {
  hall: () => get<Hall | LockedHall>("/hall"),
  devices: () => get<DeviceList>("/devices"),
  device: (id: string) => get<{ now_ms: number; device: Device }>(`/devices/${encodeURIComponent(id)}`),
  registers: (id: string) => get<Registers>(`/devices/${encodeURIComponent(id)}/registers`),
  past: ({ device, point, from, to, step }: PastQuestion, signal: AbortSignal) =>
    get<Past>(`/devices/${encodeURIComponent(device)}/past?points=${encodeURIComponent(point)}&from_ms=${from}&to_ms=${to}&step=${step}`, RECALL_MS, signal),
  buses: (limit: number) => get<Buses>(`/buses?limit=${limit}`),
  pv: () => get<Pv>("/pv"),
  system: () => get<System>("/system"),
  service: () => get<Service>("/service"),
  alerts: (state: "active" | "resolved" | "all", limit: number) =>
    get<AlertList>(`/alerts?state=${state}&limit=${limit}`),
  acknowledge: (id: string, said: Acknowledgement) => told<Alert>(`/alerts/${encodeURIComponent(id)}/acknowledge`, said),
  suspects: () => get<Suspects>("/suspects"),
  silences: () => get<Silences>("/silences"),
  silence: (wanted: NewSilence) => told<Silence>("/silences", wanted),
  endSilence: (id: string, by: string) => told<Silence>(`/silences/${encodeURIComponent(id)}/end`, { by }),
  orders: (state: "open" | "closed" | "all", limit: number) => get<WorkOrders>(`/orders?state=${state}&limit=${limit}`),
  order: (id: string) => get<WorkOrder>(`/orders/${encodeURIComponent(id)}`),
  makeOrder: (wanted: NewOrder) => told<WorkOrder>("/orders", wanted),
  stepOrder: (id: string, step: NewStep) => told<WorkOrder>(`/orders/${encodeURIComponent(id)}/step`, step),
  figures: (fromMs: number, toMs: number) => get<Figures>(`/repair?from_ms=${fromMs}&to_ms=${toMs}`, SLOW_MS),
  vendors: () => get<{ vendors: readonly Vendor[] }>("/vendors"),
  channels: () => get<Channels>("/channels"),
  wall: () => get<Wall>("/wall"),
  testChannel: (name: string) => post(`/channels/${encodeURIComponent(name)}/test`, {}, CHANNEL_MS),
  rules: () => get<{ rules: readonly Rule[] }>("/rules"),
  rehearsal: (rule: string, days: number, signal: AbortSignal | null = null) =>
    get<Rehearsal>(`/rehearsal?rule=${encodeURIComponent(rule)}&days=${days}`, RECOUNT_MS, signal),
  noise: (fromMs: number, toMs: number) => get<Noise>(`/noise?from_ms=${fromMs}&to_ms=${toMs}`, SLOW_MS),
  reports: () => get<Reports>("/reports", SLOW_MS),
  report: (period: string, which: Which) => get<Report>(reportPath(period, "json", "zh", which), RECALL_MS),
  reportFile: (period: string, form: Form, lang: string, which: Which) => file(reportPath(period, form, lang, which, true), `${period}.${form}`),
  closeReport: (period: string, by: string, why: string) => told<Revision>(`/reports/${encodeURIComponent(period)}/close`, { by, why }, RECALL_MS),
  signReport: (period: string, by: string, role: Role) => told<Revision>(`/reports/${encodeURIComponent(period)}/sign`, { by, role }),
  enter: (entry: NewReading | NewAmount) => post("/entries", entry),
  takeBack: (id: number, by: string, why: string) => post(`/entries/${id}/take-back`, { by, why }),
  data: (fromMs: number, toMs: number) => get<Data>(`/data?from_ms=${fromMs}&to_ms=${toMs}`, SLOW_MS),
  audit: (month: string) => get<Audit>(`/audit?month=${encodeURIComponent(month)}`, RECOUNT_MS),
  letters: (sink: string) => get<Letters>(`/sinks/${encodeURIComponent(sink)}/dead-letters`),
  resend: (sink: string, order: ResendOrder) => post(`/sinks/${encodeURIComponent(sink)}/resend`, order),
  cancelJob: (sink: string, id: number) => request(`/sinks/${encodeURIComponent(sink)}/jobs/${id}`, { method: "DELETE" }),
  login: (password: string) => post("/session", { password }),
  logout: () => request("/session", { method: "DELETE" }),
};

export function isOpenHall(hall: Hall | LockedHall): hall is Hall {
  return "zones" in hall && "now_ms" in hall;
}
