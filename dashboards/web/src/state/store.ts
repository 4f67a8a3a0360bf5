// What the page knows. Plain data, replaced and never mutated, so that a tile can tell by identity
// whether it changed; and a few topics, so that a PV update does not touch the device board.
import { useEffect, useState } from "preact/hooks";
import type { Service } from "../api/service";
import type { Alert, Device, Hall, LockedHall, Pv, System } from "../api/types";

export type Connection = "connecting" | "live" | "down";
export type Topic = "hall" | "connection" | "pv" | "devices" | "alerts" | "resolved" | "system" | "service" | "wall" | "drawer";

/** How many resolved alerts are kept and shown; older ones belong in the report. */
export const RESOLVED_LIMIT = 30;

export interface State {
  hall: Hall | LockedHall | null;
  connection: Connection;
  pv: Pv | null;
  devices: readonly Device[] | null;
  alerts: readonly Alert[] | null;
  resolved: readonly Alert[] | null;
  system: System | null;
  /** Read while its view is shown, and kept for the next look. */
  service: Service | null;
  /** There is a channel that announces in the hall. */
  wall: boolean;
  /** Id of the device in the drawer. */
  drawer: string | null;
}

export const state: State = {
  hall: null, connection: "connecting", pv: null, devices: null,
  alerts: null, resolved: null, system: null, service: null, wall: false, drawer: null,
};

const listeners = new Map<Topic, Set<() => void>>();

export function subscribe(topic: Topic, listener: () => void): () => void {
  const set = listeners.get(topic) ?? new Set();
  listeners.set(topic, set);
  set.add(listener);
  return () => set.delete(listener);
}

export function put<K extends keyof State & Topic>(topic: K, value: State[K]): void {
  if (state[topic] === value) return;
  state[topic] = value;
  listeners.get(topic)?.forEach((listener) => listener());
}

/** The current value of one topic; re-renders the caller when it changes. */
export function useTopic<K extends keyof State & Topic>(topic: K): State[K] {
  const [value, setValue] = useState<State[K]>(() => state[topic]);
  useEffect(() => {
    const update = () => setValue(() => state[topic]);
    update();
    return subscribe(topic, update);
  }, [topic]);
  return value;
}
