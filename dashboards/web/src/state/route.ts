// Which of the views is shown. It is in the address, so that a screen can be set to one of them.
import { useEffect, useState } from "preact/hooks";

export type Route = "board" | "alerts" | "service" | "data" | "reports";
export const ADDRESS: Record<Route, string> = { board: "#/", alerts: "#/alerts", service: "#/service", data: "#/data", reports: "#/reports" };
export const ROUTES: readonly Route[] = ["board", "alerts", "service", "data", "reports"];

const isAt = (hash: string, route: Route): boolean => hash === ADDRESS[route] || (route !== "board" && hash.startsWith(`${ADDRESS[route]}/`));
const current = (): Route => ROUTES.find((route) => isAt(window.location.hash, route)) ?? "board";
/** What follows the view: "#/alerts/orders" is its part "orders". */
const parts = (): string => window.location.hash.split("/").slice(2).join("/");

function useHash<T extends string>(read: () => T): T {
  const [value, setValue] = useState(read);
  useEffect(() => {
    const follow = () => setValue(read());
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  return value;
}

export function useRoute(): Route {
  return useHash(current);
}

/** The part of a view, and what it is about: ["rehearsal", "PV003"]. */
export function usePart(): readonly string[] {
  return useHash(parts).split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}
