// The past of the made-up hall's devices: it is kept here since last November, in the database "main" since last February,
// and what was before that the database does not give back. The weather station has been there since this morning.
import { HOUR, devices, inverterPower, midnight, noise, text } from "./hall.mjs";

const DAY = 24 * HOUR;
const STEPS = { "5m": 300_000, "15m": 900_000, "1h": HOUR };
const REASON = {
  problem: "InfluxDB `main` does not give back what it has: 401 unauthorized",
  hint: text("检查 InfluxDB 是否运行、账号是否有读权限", "see whether it runs and whether the account may read"),
};

const isCounter = (name) => /^(energy|irradiation)_|_total$/.test(name);
/** Some minutes of each day, and all of each seventh day before today: the page must show gaps there. */
const isGap = (ms, now) => {
  const hour = (ms - midnight(ms)) / HOUR;
  const daysAgo = Math.round((midnight(now) - midnight(ms)) / DAY);
  return (hour >= 9.5 && hour < 9.9) || daysAgo % 7 === 6;
};
/** The first moment of a month of last year. */
const lastYear = (now, month) => Date.UTC(new Date(now + 8 * HOUR).getUTCFullYear() - 1, month - 1, 1) - 8 * HOUR;

/** What a point is at a moment, or counts in an hour then. */
function levelAt(device, { name, value }, ms) {
  const i = Number(/\d+$/.exec(device.id)?.[0] ?? 1);
  if (/^energy_(total|today)/.test(name) || /power_w$/.test(name)) {
    return device.kind === "inverter" ? inverterPower(i, ms) : 120_000 * noise(i) - inverterPower(i, ms) * 6 + 30_000 * noise(Math.floor(ms / HOUR));
  }
  if (name.startsWith("energy_")) return 180_000 + 90_000 * noise(Math.floor(ms / HOUR));
  if (isCounter(name)) {
    const hour = (ms - midnight(ms)) / HOUR;
    return hour >= 9 && hour < 17 ? 8 + Math.floor(20 * noise(Math.floor(ms / HOUR) + i)) : 0;
  }
  return (value ?? 20) * (1 + 0.004 * (noise(ms / 700_000) - 0.5) + 0.003 * Math.sin(ms / 5e6));
}

/** Beginnings of the windows and the end of the last one; days and months are the hall's. */
function edgesOf(from, to, step) {
  if (STEPS[step]) return Array.from({ length: Math.ceil((to - from) / STEPS[step]) + 1 }, (_, i) => Math.min(to, from + i * STEPS[step]));
  const edges = [];
  const next = (ms) => {
    if (step === "1d") return ms + DAY;
    const local = new Date(ms + 8 * HOUR);
    return Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + 1, 1) - 8 * HOUR;
  };
  for (let ms = from; ms < to; ms = next(ms)) edges.push(ms);
  return [...edges, to];
}

function windowOf(device, point, from, to, since, now) {
  const every = to - from > 2 * DAY ? HOUR : Math.min(300_000, (to - from) / 3);
  const levels = [];
  for (let ms = Math.max(from, since); ms < Math.min(to, now); ms += every) if (!isGap(ms, now)) levels.push(levelAt(device, point, ms));
  if (levels.length === 0) return { count: 0 };
  const sum = levels.reduce((all, level) => all + level, 0);
  const spread = (level) => Math.abs(level) * (/power_w$/.test(point.name) ? 0.03 : 0.0005);
  const [low, high] = [Math.min(...levels), Math.max(...levels)];
  const found = { count: levels.length, mean: sum / levels.length, min: low - spread(low), max: high + spread(high), last: levels[levels.length - 1] };
  return isCounter(point.name) ? { ...found, increase: (sum * every) / HOUR } : found;
}

function seriesOf(device, name, edges, since, now) {
  const point = device.points.find((entry) => entry.name === name) ?? { name, label: text(name), unit: "", value: null };
  const windows = edges.slice(0, -1).map((from, i) => (point.label.zh === name ? { count: 0 } : windowOf(device, point, from, edges[i + 1], since, now)));
  const list = (key) => windows.map((window) => window[key] ?? null);
  return {
    name, label: point.label, unit: point.unit, count: list("count"), mean: list("mean"), min: list("min"), max: list("max"), last: list("last"),
    time_weighted_mean: list("mean"), increase: list("increase"),
  };
}

function partsOf(device, from, to, now) {
  const end = Math.min(to, now);
  const fresh = device.id === "wx-01";
  const [database, here] = fresh ? [Infinity, midnight(now) + 8 * HOUR] : [lastYear(now, 2) + 10 * HOUR, lastYear(now, 11)];
  const bare = { sink: null, problem: null, hint: null };
  const spans = fresh
    ? [[-Infinity, here, { origin: "nowhere", ...bare }], [here, Infinity, { origin: "here", ...bare }]]
    : [[-Infinity, database, { origin: "nowhere", ...bare, ...REASON }], [database, here, { origin: "influx", ...bare, sink: "main" }], [here, Infinity, { origin: "here", ...bare }]];
  const parts = spans.map(([a, b, what]) => ({ from_ms: Math.floor(Math.max(a, from)), to_ms: Math.floor(Math.min(b, end)), ...what }));
  return { parts: parts.filter((part) => part.from_ms < part.to_ms), since: fresh ? here : database };
}

function refusal(status, detail, zh, en) {
  return [status, { type: "about:blank", title: detail, status, detail, hint: text(zh, en) }];
}

/** Status and body of /devices/{id}/past. */
export function past(id, query, now) {
  const device = devices(now).find((entry) => entry.id === id);
  if (!device) return refusal(404, "there is no such device", "检查地址；名称可能已改变", "check the address; a name may have changed");
  const names = (query.get("points") ?? "").split(",");
  const [from, to, step] = [Number(query.get("from_ms")), Number(query.get("to_ms")), query.get("step")];
  if (!(from < to) || !(STEPS[step] || step === "1d" || step === "1mo")) return refusal(400, "not a question", "例如 5m、1h、1d、1mo", "write 5m, 1h, 1d or 1mo");
  const edges = edgesOf(from, to, step);
  if ((edges.length - 1) * names.length > 10_000) return refusal(400, "a series has 1 to 10000 steps", "缩短时段，或取更长的步长", "ask for a shorter span or for longer steps");
  const { parts, since } = partsOf(device, from, to, now);
  return [200, { device: id, edges_ms: edges, points: names.map((name) => seriesOf(device, name, edges, since, now)), parts }];
}
