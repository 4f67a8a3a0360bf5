// What a rule says, before it says it of a device: its text has places for what was seen.
import type { Rule } from "../../api/desk";
import type { Words } from "../../i18n";

/** "{device} 通讯中断：{reason}" is "通讯中断". Where only places are left, what to do says more. */
export function ruleWords({ text, advice }: Rule, { say }: Words): string {
  const words = say(text).replace(/^\{device\}\s*/, "").replace(/\{[^}]*\}/g, "…").replace(/(…\s*)+/g, "…").replace(/[:：]\s*…$/, "");
  return /^…?[.。]?$/.test(words) ? say(advice) : words.charAt(0).toUpperCase() + words.slice(1);
}
