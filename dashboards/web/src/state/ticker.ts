// One timer for everything on the page that counts seconds. Ages are written straight into their
// text nodes: with 1,000 tiles a re-render per second would keep an old wall PC busy for nothing.
import { serverNow } from "./clock";

type Tick = (nowMs: number) => void;
const ticks = new Set<Tick>();

export function everySecond(tick: Tick): () => void {
  ticks.add(tick);
  return () => ticks.delete(tick);
}

export function tickNow(): void {
  const now = serverNow();
  ticks.forEach((tick) => tick(now));
}

setInterval(tickNow, 1000);
// A phone that wakes up should not show the age it fell asleep with.
document.addEventListener("visibilitychange", () => { if (!document.hidden) tickNow(); });
