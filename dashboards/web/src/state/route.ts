// Which of the views is shown. It is in the address, so that a screen can be set to one of them.
import { useEffect, useState } from "preact/hooks";

export type Route = "board" | "service" | "data";
export const ADDRESS: Record<Route, string> = { board: "#/", service: "#/service", data: "#/data" };
export const ROUTES: readonly Route[] = ["board", "service", "data"];

const current = (): Route => ROUTES.find((route) => window.location.hash === ADDRESS[route]) ?? "board";

export function useRoute(): Route {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    const follow = () => setRoute(current());
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  return route;
}
