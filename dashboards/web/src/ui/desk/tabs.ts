// The parts of the view, and their addresses.
import { ADDRESS } from "../../state/route";

export type Tab = "open" | "silences" | "orders" | "channels" | "noise" | "rehearsal";
export const TABS: readonly Tab[] = ["open", "silences", "orders", "channels", "noise", "rehearsal"];

/** "#/alerts/orders", or with what it is about, "#/alerts/rehearsal/PV003". */
export function addressOf(tab: Tab, about?: string): string {
  return about === undefined ? `${ADDRESS.alerts}/${tab}` : `${ADDRESS.alerts}/${tab}/${encodeURIComponent(about)}`;
}
