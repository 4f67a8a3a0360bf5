// Fills in what Grafana fills in, and asks.

/** Milliseconds of a relative time such as now-29d/d; days begin where this program runs, as they do in a browser. */
export function momentOf(text, now) {
  const [, amount, unit, , floor] = /^now(?:-(\d+)([smhdw]))?(\/([smhdw]))?$/.exec(text) ?? [];
  if (amount === undefined && floor === undefined && text !== "now") throw new Error(`no time: ${text}`);
  const size = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };
  const moment = new Date(now - (amount ? Number(amount) * size[unit] : 0));
  if (floor === "d") moment.setHours(0, 0, 0, 0);
  return moment.getTime();
}

const NICE = [["1s", 1e3], ["10s", 1e4], ["1m", 6e4], ["2m", 12e4], ["3m", 18e4], ["5m", 3e5], ["10m", 6e5], ["30m", 18e5], ["1h", 36e5], ["6h", 216e5], ["1d", 864e5]];
const POINTS_SHOWN = 1000;

/** The time shown by a panel and the interval for it. */
export function rangeOf(board, panel, now) {
  const from = momentOf(panel.timeFrom ? (panel.timeFrom.startsWith("now") ? panel.timeFrom : `now-${panel.timeFrom}`) : board.time.from, now);
  const to = momentOf(panel.timeFrom ? "now" : board.time.to, now);
  const least = NICE.find(([name]) => name === (panel.interval ?? "1s"))?.[1];
  if (!least) throw new Error(`unknown interval ${panel.interval}`);
  const interval = NICE.find(([, ms]) => ms >= Math.max(least, (to - from) / POINTS_SHOWN)) ?? NICE[NICE.length - 1];
  return { from, to, interval: interval[0] };
}

const escaped = (text) => text.replace(/[\\^$*+?.()|[\]{}/]/g, "\\$&");

/** What stands for a variable: `chosen` is a text, several, or { all: pattern }. */
function formatted(chosen, format) {
  if (chosen?.all) return chosen.all;
  if (format === "regex") {
    const values = [chosen].flat().map(escaped);
    return values.length === 1 ? values[0] : `(${values.join("|")})`;
  }
  return [chosen].flat().join(",");
}

export function fill(query, chosen, { from, to, interval }) {
  const variable = (whole, a, b, c, d) => {
    const [name, format] = [a ?? c, b ?? d];
    if (!(name in chosen)) throw new Error(`no variable ${name}`);
    return formatted(chosen[name], format);
  };
  return query
    .replace(/\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]/g, variable)
    .replaceAll("$timeFilter", `time >= ${from}ms and time <= ${to}ms`)
    .replaceAll("$interval", interval)
    .replaceAll("$__interval", interval);
}

/** Asks as Grafana does. `rows` are those with a value; a row of nothing but gaps shows nothing. */
export async function ask({ base, database, password }, query) {
  const parameters = new URLSearchParams({ db: database, epoch: "ms", q: query });
  const headers = password ? { Authorization: `Basic ${Buffer.from(`grafana:${password}`).toString("base64")}` } : {};
  const response = await fetch(`${base}/query?${parameters}`, { headers, signal: AbortSignal.timeout(60_000) });
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return { problem: `${response.status} ${text.slice(0, 200)}`, rows: [] };
  }
  const problem = body.error ?? body.results?.find((result) => result.error)?.error;
  if (response.status !== 200 || problem || body.results?.length !== 1) return { problem: `${response.status} ${problem ?? text.slice(0, 200)}`, rows: [] };
  const rows = (body.results[0].series ?? []).flatMap((series) =>
    series.values.filter((row) => row.some((cell, at) => series.columns[at] !== "time" && cell !== null)).map((row) => Object.fromEntries(series.columns.map((column, at) => [column, row[at]]))));
  return { rows };
}
