// The live stream: one EventSource at a time, a watchdog, and our own back-off, because before
// every new attempt the page asks whether a login or a new version waits for it.
import type { Alert, Device, Pv, System } from "./types";

/** The contract: no event for this long means the connection is dead, whatever the socket says. */
const SILENCE_MS = 15_000;
const WATCH_MS = 1_000;
const BACKOFF_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000] as const;

export interface StreamEvents {
  hello: { now_ms: number; boot: string };
  device: { now_ms: number; devices: readonly Device[] };
  pv: Pv;
  alerts: { now_ms: number; alerts: readonly Alert[] };
  system: System;
  tick: { now_ms: number };
}
const NAMES: readonly (keyof StreamEvents)[] = ["hello", "device", "pv", "alerts", "system", "tick"];

export interface StreamHandler {
  /** Before every attempt. False: do not connect now (a login is needed). Throws: try again later. */
  prepare(): Promise<boolean>;
  event<K extends keyof StreamEvents>(name: K, data: StreamEvents[K]): void;
  lost(): void;
}

export class Stream {
  private source: EventSource | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private heardAt = 0;
  private running = false;

  constructor(private readonly url: string, private readonly handler: StreamHandler) {
    setInterval(() => this.watch(), WATCH_MS);
    // The network is back: no reason to sit out the rest of the back-off.
    window.addEventListener("online", () => { if (this.running && !this.source) this.again(0); });
  }

  start(): void {
    this.running = true;
    this.failures = 0;
    this.again(0);
  }

  stop(): void {
    this.running = false;
    clearTimeout(this.retry);
    this.close();
  }

  private again(delayMs: number): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), delayMs);
  }

  private async connect(): Promise<void> {
    if (!this.running) return;
    this.close();
    try {
      if (!(await this.handler.prepare())) return this.stop();
    } catch {
      return this.fail();
    }
    if (this.running) this.open();
  }

  private open(): void {
    this.close();
    const source = new EventSource(this.url, { withCredentials: true });
    this.source = source;
    this.heardAt = Date.now();
    source.onerror = () => { if (this.source === source) this.fail(); };
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        if (this.source === source) this.receive(name, (event as MessageEvent<string>).data);
      });
    }
  }

  private receive(name: keyof StreamEvents, text: string): void {
    let data: never;
    try {
      data = JSON.parse(text) as never;
    } catch {
      // Half a message: the connection cannot be trusted any more.
      return this.fail();
    }
    this.heardAt = Date.now();
    this.failures = 0;
    this.handler.event(name, data);
  }

  private watch(): void {
    // A browser clock that was set back would otherwise silence the watchdog for hours.
    if (this.heardAt > Date.now()) this.heardAt = Date.now();
    if (this.source && Date.now() - this.heardAt > SILENCE_MS) this.fail();
  }

  private fail(): void {
    this.close();
    if (!this.running) return;
    this.handler.lost();
    const step = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length - 1)] ?? 15_000;
    this.failures += 1;
    // Jitter: forty screens must not come back in the same instant after a restart.
    this.again(step * (0.75 + Math.random() * 0.5));
  }

  private close(): void {
    this.source?.close();
    this.source = null;
  }
}
