// The words of reports: they come with the chunk of their view.
import { useMemo } from "preact/hooks";
import { report as en } from "./en-reports";
import { useWords as useCommon, type Lang, type Messages, type Shape, type Words as Common } from "./index";
import { report as zh } from "./zh-reports";

export interface ReportMessages { readonly report: Shape<typeof zh> }
export interface Words extends Common { readonly t: Messages & ReportMessages }

const catalogues: Record<Lang, ReportMessages> = { zh: { report: zh }, en: { report: en } };

/** The page's words and those of this view. */
export function useWords(): Words {
  const common = useCommon();
  return useMemo(() => ({ ...common, t: { ...common.t, ...catalogues[common.lang] } }), [common]);
}
