// Joins snapshots (GET) and changes (stream) of the devices. A snapshot can arrive after a change
// that is newer, so every device remembers the server time it was told at.
import type { Device } from "../api/types";

interface Kept { readonly device: Device; readonly toldMs: number }

export class DeviceBook {
  private kept = new Map<string, Kept>();

  clear(): void {
    this.kept = new Map();
  }

  /** The whole list: devices that are no longer configured disappear. */
  snapshot(devices: readonly Device[], nowMs: number): readonly Device[] {
    const next = new Map<string, Kept>();
    for (const device of devices) {
      const old = this.kept.get(device.id);
      next.set(device.id, old && old.toldMs > nowMs ? old : { device, toldMs: nowMs });
    }
    this.kept = next;
    return this.list();
  }

  changes(devices: readonly Device[], nowMs: number): readonly Device[] {
    for (const device of devices) {
      const old = this.kept.get(device.id);
      if (!old || old.toldMs <= nowMs) this.kept.set(device.id, { device, toldMs: nowMs });
    }
    return this.list();
  }

  private list(): readonly Device[] {
    return Array.from(this.kept.values(), (kept) => kept.device);
  }
}
