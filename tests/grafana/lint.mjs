// What can be wrong with a dashboard without asking anybody.
import { CJK } from "../web/checks.mjs";
import { MEASUREMENTS, TAGS, UNITS, WORDS, pointOf } from "./vocabulary.mjs";

const FUNCTIONS = ["mean", "sum", "last", "max", "min", "spread", "count", "non_negative_difference", "non_negative_derivative"];
const MACROS = ["timeFilter", "__interval", "interval"];
/** Formats after which Grafana asks in the same words, whatever its version. */
const FORMATS = ["raw", "regex"];
const SUBQUERY = /FROM \(/;

const twoLanguages = (text) => typeof text === "string" && CJK.test(text) && /[A-Za-z]{2}/.test(text);
const strings = (value) => (typeof value === "string" ? [value] : value && typeof value === "object" ? Object.values(value).flatMap(strings) : []);

export function lintDashboard(check, file, board) {
  const that = (name, ok, detail) => check.that(`${file}: ${name}`, ok, detail);
  that("is of the classic form", Array.isArray(board.panels) && !("elements" in board) && !("apiVersion" in board) && !("spec" in board) && !("layout" in board));
  that("schemaVersion is 39 to 42", board.schemaVersion >= 39 && board.schemaVersion <= 42, String(board.schemaVersion));
  that("uid is the name of the file", `${board.uid}.json` === file && /^[a-z0-9-]{1,40}$/.test(board.uid), board.uid);
  that("has no id of a database", board.id === null);
  that("cannot be edited", board.editable === false);
  that("title and description in two languages", twoLanguages(board.title) && twoLanguages(board.description));
  that("has a time, and the zone of the browser", Boolean(board.time?.from && board.time?.to) && board.timezone === "browser");
  const foreign = strings(board).filter((text) => /https?:\/\/|\/\/[a-z0-9-]+\.[a-z]/i.test(text));
  that("points to no other server", foreign.length === 0, foreign.join(" "));
  for (const variable of board.templating.list) lintVariable(that, board, variable);
  that("has a variable for the data source", board.templating.list[0]?.type === "datasource" && board.templating.list[0].query === "influxdb");
  lintGrid(that, board.panels);
  for (const panel of board.panels) lintPanel(check, `${file}: ${panel.title}`, board, panel);
}

function lintVariable(that, board, variable) {
  const name = `variable ${variable.name}`;
  that(`${name} has a label in two languages`, twoLanguages(variable.label), variable.label);
  if (variable.type !== "query") return;
  that(`${name} asks the chosen data source`, byVariable(variable.datasource));
  that(`${name} asks for tags within the time shown`, /^SHOW TAG VALUES FROM "\w+" WITH KEY = "\w+" WHERE .*\$timeFilter$/.test(variable.query), variable.query);
  that(`${name} is asked again when the time changes`, variable.refresh === 2);
  that(`${name} says All as a pattern`, !variable.includeAll || variable.allValue === ".*");
  lintWords((what, ok, detail) => that(`${name} ${what}`, ok, detail), board, variable.query);
}

const byVariable = (datasource) => datasource?.type === "influxdb" && datasource.uid === "${datasource}";

function lintGrid(that, panels) {
  const ids = panels.map((panel) => panel.id);
  that("ids of panels are unique", new Set(ids).size === ids.length && ids.every(Number.isInteger));
  const titles = panels.filter((panel) => panel.type !== "row").map((panel) => panel.title);
  that("titles of panels are unique", new Set(titles).size === titles.length, titles.filter((title, at) => titles.indexOf(title) !== at).join(", "));
  const taken = new Map();
  for (const { title, gridPos: { x, y, w, h } } of panels) {
    that(`${title} lies within 24 columns`, [x, y, w, h].every(Number.isInteger) && x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, JSON.stringify({ x, y, w, h }));
    const over = new Set();
    for (let column = x; column < x + w; column += 1) {
      for (let line = y; line < y + h; line += 1) {
        if (taken.has(`${column} ${line}`)) over.add(taken.get(`${column} ${line}`));
        taken.set(`${column} ${line}`, title);
      }
    }
    that(`${title} covers no other panel`, over.size === 0, [...over].join(", "));
  }
}

function lintPanel(check, name, board, panel) {
  const that = (what, ok, detail) => check.that(`${name} ${what}`, ok, detail);
  that("has a title in two languages", twoLanguages(panel.title));
  if (panel.type === "row") return;
  that("has a description in two languages", twoLanguages(panel.description), panel.description);
  that("is of a kind that Grafana brings along", ["stat", "timeseries", "table", "state-timeline", "bargauge"].includes(panel.type), panel.type);
  that("asks the chosen data source", byVariable(panel.datasource));
  that("asks something", panel.targets?.length > 0);
  that("has a letter for each target", new Set(panel.targets.map((target) => target.refId)).size === panel.targets.length);
  for (const target of panel.targets) lintTarget((what, ok, detail) => that(`${target.refId} ${what}`, ok, detail), board, panel, target);
  lintUnits(that, panel);
}

function lintTarget(that, board, panel, target) {
  const { query } = target;
  that("asks the chosen data source", byVariable(target.datasource));
  that("is raw InfluxQL", target.rawQuery === true && typeof query === "string" && query.trim() === query && query !== "");
  that("has the format of its panel", target.resultFormat === (panel.type === "table" ? "table" : "time_series"), target.resultFormat);
  that("has a name for its series", panel.type === "table" || target.alias?.length > 0);
  lintWords(that, board, query);
  that("is one statement", !query.includes(";"));
  that("says nothing that is not answered everywhere", !/\b(SLIMIT|SOFFSET|INTO|SHOW|fill\(previous\)|DISTINCT)\b|\*(?! ?-?\d)/i.test(query), query);
  that("names no database and no retention policy", !/FROM "\w+"\./.test(query));
  const patterns = [...query.matchAll(/"(\w+)"\s*(?:=~|!~)/g)].map(([, tag]) => tag).filter((tag) => !TAGS.includes(tag));
  that("uses patterns on tags only", patterns.length === 0 && !/SELECT[^"]*\//.test(query.split("FROM")[0].replace(/\) \* 100 \/ /g, "")), patterns.join(" "));
  const measured = [...query.matchAll(/FROM "(\w+)" WHERE ([^)]*?\$timeFilter)/g)];
  that("bounds the time where it reads", measured.length === (query.match(/FROM "/g) ?? []).length, query);
  that("reads what the gateway has", measured.every(([, measurement]) => MEASUREMENTS.includes(measurement)));
  const days = (query.match(/time\(1d\)/g) ?? []).length;
  that("counts days in the chosen zone", (query.match(/tz\('\$\{tz:raw\}'\)/g) ?? []).length === days, query);
  that("uses functions that all have", [...query.matchAll(/(\w+)\("/g)].every(([, name]) => FUNCTIONS.includes(name)), query);
  const made = new Set([...query.matchAll(/ AS "([^"]+)"/g)].map(([, alias]) => alias));
  const unknown = fieldsOf(query).filter((field) => !pointOf(field) && !(SUBQUERY.test(query) && made.has(field)));
  that("asks for points that there are", unknown.length === 0, unknown.join(" "));
}

/** Variables are there, and said with a format. */
function lintWords(that, board, query) {
  const known = board.templating.list.map((variable) => variable.name);
  const said = [...query.matchAll(/\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]/g)].map(([, a, b, c, d]) => [a ?? c, b ?? d]);
  const wrong = said.filter(([name, format]) => !known.includes(name) || !FORMATS.includes(format));
  that("uses known variables with a format", wrong.length === 0, wrong.join(" "));
  const bare = [...query.matchAll(/\$(\w+)/g)].map(([, name]) => name).filter((name) => !MACROS.includes(name));
  that("uses no variable without braces", bare.length === 0, bare.join(" "));
  const raw = said.filter(([, format]) => format === "raw").map(([name]) => name).filter((name) => !query.includes(`'\${${name}:raw}'`));
  that("quotes what is raw", raw.length === 0, raw.join(" "));
}

const fieldsOf = (query) => [...query.matchAll(/\w+\("(\w+)"/g)].map(([, field]) => field);

function lintUnits(that, panel) {
  const { defaults, overrides } = panel.fieldConfig;
  const value = (override, id) => override.properties.find((property) => property.id === id)?.value;
  const units = new Set([defaults.unit, ...overrides.map((override) => value(override, "unit"))].filter(Boolean));
  const mapped = [defaults.mappings ?? [], ...overrides.map((override) => value(override, "mappings") ?? [])].filter((mappings) => mappings.length > 0);
  if (panel.type !== "table") that("has a unit or words", Boolean(defaults.unit) || defaults.mappings?.length > 0);
  for (const { query } of panel.targets) {
    const shown = SUBQUERY.test(query) ? [] : [...query.matchAll(/(\w+)\("(\w+)"/g)];
    for (const [, , field] of shown.filter(([, name]) => ["last", "mean", "max", "min", "spread"].includes(name))) {
      const point = pointOf(field);
      if (!point) continue;
      const words = field === "online" ? new Map([["true", ["在线", "online"]], ["false", ["离线", "offline"]]]) : WORDS.get(point.words);
      if (words) that(`says ${field} in the program's words`, mapped.some((mappings) => says(mappings, words)));
      else if (UNITS[point.unit]) that(`shows ${field} in ${point.unit}`, units.has(UNITS[point.unit]), [...units].join(" "));
    }
  }
  if (panel.type !== "table") return;
  for (const { query } of panel.targets) {
    const columns = ["device", ...[...query.matchAll(/ AS "(\w+)"/g)].map(([, alias]) => alias)];
    for (const column of columns) {
      const override = overrides.find(({ matcher }) => matcher.id === "byName" && matcher.options === column);
      that(`heads the column ${column} in two languages`, override && twoLanguages(value(override, "displayName")));
    }
  }
}

/** Whether each code has its Chinese word first and its English word after, and a colour. */
function says(mappings, words) {
  const options = Object.assign({}, ...mappings.filter((mapping) => mapping.type === "value").map((mapping) => mapping.options));
  return [...words].every(([code, [zh, en]]) => options[code]?.text === `${zh} ${en}` && Boolean(options[code].color));
}
