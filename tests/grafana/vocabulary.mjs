// The points, words and kinds that the program knows, read from its sources: a dashboard must use these and no others.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const source = (path) => readFileSync(fileURLToPath(new URL(`../../src/model/${path}`, import.meta.url)), "utf8");

export const TAGS = ["device", "site", "zone", "kind", "model"];
/** Measurements that the gateway's own /query has; totals of days and months are in an InfluxDB only. */
export const MEASUREMENTS = ["inverter", "meter", "weather", "gateway", "kiosk"];

/** Name -> unit and vocabulary. */
const POINTS = new Map();
const ROW = /\(\s*"([^"]+)",\s*"([^"]*)",\s*"[^"]+",\s*"[^"]+",\s*"(\w*)",\s*(?:true|false),?\s*\)/g;
for (const [, name, unit, words] of source("point/mod.rs").matchAll(ROW)) POINTS.set(name, { unit, words });

/** Vocabulary -> code -> its two words. */
export const WORDS = new Map();
for (const part of source("point/words.rs").split(/Vocabulary \{\s*id: /).slice(1)) {
  const words = [...part.matchAll(/word\(\s*(\d+),\s*"\w+",\s*"([^"]+)",\s*"([^"]+)"/g)];
  WORDS.set(/^"(\w+)"/.exec(part)[1], new Map(words.map(([, code, zh, en]) => [code, [zh, en]])));
}

/** Of `string_12_current_a` that of `string_{n}_current_a`. */
export function pointOf(name) {
  return POINTS.get(name) ?? POINTS.get(name.replace(/^(string|mppt|phase|line)_(\d+|[abc]{1,2})_/, "$1_{n}_"));
}

/** Grafana's name of a unit. */
export const UNITS = {
  W: "watt", var: "voltampreact", VA: "voltamp", Hz: "hertz", A: "amp", V: "volt", Wh: "watth", "Ω": "ohm", "°C": "celsius", "%": "percent",
  "W/m²": "Wm2", "Wh/m²": "suffix:Wh/m²", "m/s": "velocityms", "°": "degree", h: "h", s: "s", min: "m", d: "suffix:d", B: "bytes", "张": "suffix:张", "人": "suffix:人",
};

/** False when the sources are written in a way that is not understood here. */
export const understood = POINTS.size > 80 && WORDS.size > 10 && [...WORDS.values()].every((words) => words.size > 2);
