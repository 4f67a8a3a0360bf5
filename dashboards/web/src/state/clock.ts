// The daemon's time. A kiosk browser's own clock may be hours off, so ages are counted from the
// offset between `now_ms` of the last message and the browser's clock at that moment.
let offsetMs = 0;
let heardMs = 0;

export function heardServerTime(nowMs: number): void {
  offsetMs = nowMs - Date.now();
  heardMs = Math.max(heardMs, nowMs);
}

/** The daemon restarted: its clock may have been set back, so start over. */
export function forgetServerTime(): void {
  heardMs = 0;
}

export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** Server time of the newest message: what the page shows is as old as this. */
export function lastHeard(): number | null {
  return heardMs > 0 ? heardMs : null;
}
