// The words of orders, noise and rehearsals: they come with the chunk of their view, the board does without them.
import { useMemo } from "preact/hooks";
import { noise as enNoise } from "./en-noise";
import { orders as enOrders } from "./en-orders";
import { useWords as useCommon, type Lang, type Messages, type Shape, type Words as Common } from "./index";
import { noise as zhNoise } from "./zh-noise";
import { orders as zhOrders } from "./zh-orders";

export interface DeskMessages { readonly orders: Shape<typeof zhOrders>; readonly noise: Shape<typeof zhNoise> }
export interface Words extends Common { readonly t: Messages & DeskMessages }

const catalogues: Record<Lang, DeskMessages> = { zh: { orders: zhOrders, noise: zhNoise }, en: { orders: enOrders, noise: enNoise } };

/** The page's words and those of this view. */
export function useWords(): Words {
  const common = useCommon();
  return useMemo(() => ({ ...common, t: { ...common.t, ...catalogues[common.lang] } }), [common]);
}
