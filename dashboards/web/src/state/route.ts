// Which of the two views is shown. It is in the address, so that a screen can be set to one of them.
import { useEffect, useState } from "preact/hooks";

export type Route = "board" | "service";
export const ADDRESS: Record<Route, string> = { board: "#/", service: "#/service" };

const current = (): Route => (window.location.hash === ADDRESS.service ? "service" : "board");

export function useRoute(): Route {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    const follow = () => setRoute(current());
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);
  return route;
}
