// Keeps the store true: first load, live stream, re-read after every hello, login, new versions.
import { ApiError, api, isOpenHall, type Acknowledgement } from "../api/http";
import { Stream, type StreamEvents, type StreamHandler } from "../api/stream";
import type { Alert, Pv, System } from "../api/types";
import { forgetServerTime, heardServerTime } from "./clock";
import { DeviceBook } from "./merge";
import { RESOLVED_LIMIT, put, state } from "./store";

const book = new DeviceBook();
let boot: string | null = null;
/** Version of the daemon that served this page; another one means the page itself is old. */
let version: string | null = null;
let outdated = false;

const handlers: { [K in keyof StreamEvents]: (data: StreamEvents[K]) => void } = {
  hello(data) {
    if (boot !== null && boot !== data.boot) forget();
    boot = data.boot;
    put("connection", "live");
    void readAll();
  },
  device: (data) => put("devices", book.changes(data.devices, data.now_ms)),
  pv: takePv,
  alerts: (data) => takeAlerts(data.alerts, data.now_ms),
  system: takeSystem,
  tick() {
    if (outdated) void reloadPage();
  },
};

const handler: StreamHandler = {
  async prepare() {
    const hall = await api.hall();
    version ??= hall.version;
    outdated = version !== hall.version;
    put("hall", hall);
    if (!isOpenHall(hall)) return false;
    heardServerTime(hall.now_ms);
    return true;
  },
  event(name, data) {
    heardServerTime(data.now_ms);
    handlers[name](data);
  },
  lost() {
    put("connection", "down");
  },
};

const stream = new Stream("/api/v1/stream", handler);

export function start(): void {
  stream.start();
}

export async function login(password: string): Promise<void> {
  await api.login(password);
  put("connection", "connecting");
  stream.start();
}

export async function logout(): Promise<void> {
  await api.logout();
  lock();
  stream.start();
}

/** Any request may find that the session ended; then the login form takes over. */
export function noticeFailure(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) {
    lock();
    stream.start();
  }
}

function lock(): void {
  stream.stop();
  forget();
  put("drawer", null);
  put("devices", null);
  put("pv", null);
  put("alerts", null);
  put("resolved", null);
  put("system", null);
  put("service", null);
  put("wall", false);
}

function forget(): void {
  book.clear();
  forgetServerTime();
  newest.pv = newest.alerts = newest.system = 0;
}

const newest = { pv: 0, alerts: 0, system: 0 };

function takePv(pv: Pv): void {
  if (pv.now_ms < newest.pv) return;
  newest.pv = pv.now_ms;
  put("pv", pv);
}

function takeSystem(system: System): void {
  if (system.now_ms < newest.system) return;
  newest.system = system.now_ms;
  put("system", system);
}

function takeAlerts(alerts: readonly Alert[], nowMs: number): void {
  if (nowMs < newest.alerts) return;
  newest.alerts = nowMs;
  const open = alerts.filter((alert) => alert.state !== "resolved");
  const ids = new Set(open.map((alert) => alert.id));
  const someEnded = state.alerts?.some((alert) => !ids.has(alert.id)) ?? true;
  put("alerts", open);
  if (someEnded) void readResolved();
}

async function readResolved(): Promise<void> {
  await quietly(async () => {
    const list = await api.alerts("resolved", RESOLVED_LIMIT);
    put("resolved", list.alerts.slice(0, RESOLVED_LIMIT));
  });
}

function readAll(): Promise<unknown> {
  return Promise.all([
    quietly(async () => {
      const list = await api.devices();
      put("devices", book.snapshot(list.devices, list.now_ms));
    }),
    quietly(async () => takePv(await api.pv())),
    quietly(async () => {
      const list = await api.alerts("active", 200);
      takeAlerts(list.alerts, list.now_ms);
    }),
    quietly(async () => takeSystem(await api.system())),
  ]);
}

/** Reads in the background: the stream tells about outages, only a lost login matters here. */
async function quietly(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    noticeFailure(error);
  }
}

/** Sends an acknowledgement and shows it at once, without waiting for the stream. */
export async function acknowledge(id: string, said: Acknowledgement): Promise<void> {
  const updated = await api.acknowledge(id, said);
  if (state.alerts) put("alerts", state.alerts.map((alert) => (alert.id === id ? updated : alert)));
}

/** Loads the new page once it is really there, and not under somebody's half-written note. */
async function reloadPage(): Promise<void> {
  if (document.querySelector("dialog[open] form")) return;
  try {
    const page = await fetch("/", { cache: "no-store" });
    if (page.ok) window.location.reload();
  } catch {
    // Still restarting; the next tick asks again.
  }
}
