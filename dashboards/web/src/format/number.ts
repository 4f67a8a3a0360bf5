// Numbers and units as people read them: three or four digits, SI steps, no unit they must convert.
import type { Words } from "../i18n";

export interface Quantity { readonly number: string; readonly unit: string }

const MINUS = "\u2212";
const formats = new Map<string, Intl.NumberFormat>();

/** Grouped decimal number with exactly or at most `digits` decimals. */
export function decimal(value: number, digits: number, lang: string, exact = false): string {
  const key = `${lang}/${digits}/${exact ? 1 : 0}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(lang === "zh" ? "zh-CN" : "en", {
      maximumFractionDigits: digits, minimumFractionDigits: exact ? digits : 0,
    });
    formats.set(key, format);
  }
  const text = format.format(value);
  return text === "-0" ? "0" : text.replace("-", MINUS);
}

/** Decimals that leave about `significant` digits, judged after rounding (9.996 is 10.0). */
function decimals(value: number, significant: number): number {
  const size = Math.abs(value);
  if (size === 0) return 0;
  const magnitude = Math.floor(Math.log10(size * (1 + 0.5 * Math.pow(10, -significant))));
  return Math.min(3, Math.max(0, significant - 1 - magnitude));
}

export function significant(value: number, digits: number, lang: string): string {
  return decimal(value, decimals(value, digits), lang);
}

interface Scale { readonly at: number; readonly by: number; readonly unit: string }
const step = (unit: string): readonly Scale[] => [
  { at: 1e9, by: 1e9, unit: `G${unit}` }, { at: 1e6, by: 1e6, unit: `M${unit}` },
  { at: 1e3, by: 1e3, unit: `k${unit}` },
];
// Energy keeps kWh up to 10 MWh: a roof's day is spoken of in kWh.
const energy = (unit: string): readonly Scale[] => [
  { at: 1e10, by: 1e9, unit: `G${unit}` }, { at: 1e7, by: 1e6, unit: `M${unit}` },
  { at: 1e3, by: 1e3, unit: `k${unit}` },
];
const SCALES: Readonly<Record<string, readonly Scale[]>> = {
  W: step("W"), VA: step("VA"), var: step("var"), ohm: step("Ω"), "Ω": step("Ω"),
  Wh: energy("Wh"), "Wh/m²": step("Wh/m²"), varh: energy("varh"), VAh: energy("VAh"),
  B: step("B"), bytes: step("B"),
};
const SPELLINGS: Readonly<Record<string, string>> = {
  ohm: "Ω", degC: "°C", C: "°C", "W/m2": "W/m²", Wm2: "W/m²", pct: "%", deg: "°", bytes: "B", "1": "",
};

/** The step in which so large a value is told. */
function scaleOf(value: number, unit: string): Scale | undefined {
  return SCALES[unit]?.find((entry) => Math.abs(value) >= entry.at * 0.9995);
}

/** One unit for many values, and the decimals that all of them have. */
export interface Measure { readonly unit: string; readonly by: number; readonly digits: number }

/** The measure of an axis or a column, by its largest value. */
export function measureOf(largest: number, unit: string): Measure {
  const scale = scaleOf(largest, unit);
  if (scale) return { unit: scale.unit, by: scale.by, digits: decimals(largest / scale.by, 4) };
  const digits = unit === "Hz" ? 2 : SCALES[unit] ? 0 : decimals(largest, 4);
  return { unit: SPELLINGS[unit] ?? unit, by: 1, digits };
}

/** `digits` = 3 for tiles and headlines, 4 in tables. */
export function quantity(value: number, unit: string, lang: string, digits = 3): Quantity {
  const scale = scaleOf(value, unit);
  if (scale) {
    const scaled = value / scale.by;
    // Fixed decimals: a figure that jumps between 40 and 40.3 is hard to read on a live page.
    return { number: decimal(scaled, decimals(scaled, digits), lang, true), unit: scale.unit };
  }
  const spelled = SPELLINGS[unit] ?? unit;
  // Mains frequency says nothing with fewer than two decimals.
  if (unit === "Hz") return { number: decimal(value, 2, lang, true), unit: spelled };
  // Watts below a kilowatt and energy below a kilowatt-hour are whole numbers.
  if (SCALES[unit]) return { number: decimal(value, Math.abs(value) < 10 ? 1 : 0, lang), unit: spelled };
  return { number: significant(value, digits, lang), unit: spelled };
}

export function joined(q: Quantity): string {
  if (!q.unit) return q.number;
  return q.unit === "%" || q.unit === "°" ? q.number + q.unit : `${q.number} ${q.unit}`;
}

/** "98.7%". Cut, not rounded: 100% is for what never failed. Nothing known is a dash. */
export function percent(share: number | null, { t, lang }: Words): string {
  if (share === null) return t.none;
  const shown = Math.floor(share * 1_000 + 1e-6) / 10;
  return `${decimal(shown, 1, lang, shown < 100)}%`;
}

/** Counts: 1,234 as it is, then in 万 or thousands and millions. */
export function counted(n: number, words: Words): string {
  if (words.lang === "zh" && n >= 1e8) return `${significant(n / 1e8, 4, "zh")} 亿`;
  if (words.lang === "zh" && n >= 1e5) return `${significant(n / 1e4, 4, "zh")} 万`;
  if (words.lang === "en" && n >= 1e6) return `${significant(n / 1e6, 4, "en")} M`;
  return decimal(n, 0, words.lang);
}
