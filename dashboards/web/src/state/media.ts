// Whether the screen is such a one.
import { useEffect, useState } from "preact/hooks";

export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const list = window.matchMedia(query);
    const look = () => setMatches(list.matches);
    // addListener: Chromium before 76 has no addEventListener here.
    list.addListener(look);
    return () => list.removeListener(look);
  }, [query]);
  return matches;
}
