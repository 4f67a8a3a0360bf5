// The Grafana dashboards: whether they are well made, and whether the gateway answers everything that they ask.
//
//   node tests/grafana/dashboards.mjs BASE [INFLUX_URL]
//
// BASE is the address of a gateway with readings, such as a demo that has run for some minutes; where it has a password, that is
// in HALLWATCH_PASSWORD. With INFLUX_URL the same is asked of the database `hall` of an InfluxDB 1.x.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ask, fill, rangeOf } from "./ask.mjs";
import { Checks } from "../web/checks.mjs";
import { lintDashboard } from "./lint.mjs";
import { understood } from "./vocabulary.mjs";

const FEW = "made of two ten-minute intervals, and a fresh demo has one";
const RATE = "made of two intervals, and a demo of a minute or two has one";
/** Targets that may have nothing to show in a demo, as board/title/letter, and why. */
const MAY_BE_EMPTY = new Map([
  ["hallwatch-gateway/存读数的速度 · Readings kept per minute/A", RATE],
  ["hallwatch-gateway/拒收 · Rejected over time/A", RATE],
  ["hallwatch-pv/故障 · At fault/A", "all may be well"],
  ["hallwatch-pv/辐照度 · Irradiance/B", "the demo's weather station measures in-plane only"],
  ["hallwatch-inverter/温度 · Temperatures/C", "no model of the demo gives the transformer's temperature"],
  ["hallwatch-inverter/温度 · Temperatures/D", "no model of the demo gives another temperature"],
  ["hallwatch-machines/停止服务 · Out of service/A", "all may be well"],
  ["hallwatch-machines/离线 · Offline/A", "all may be well"],
  ["hallwatch-machines/缺纸、将尽或卡纸 · Paper needed/A", "all may be well"],
  ["hallwatch-machines/等候人数 · People waiting/A", "the demo's ticket machines tell no number of people"],
  ["hallwatch-machines/等候人数 · People waiting over time/A", "the demo's ticket machines tell no number of people"],
  ["hallwatch-machines/每日办理笔数 · Transactions per day/A", FEW],
  ["hallwatch-machines/每日取号 · Tickets per day/A", FEW],
  ["hallwatch-machines/每日打印页数 · Pages per day/A", FEW],
]);

const [base, influx] = process.argv.slice(2).map((argument) => argument.replace(/\/$/, ""));
if (!base) {
  console.error("usage: node tests/grafana/dashboards.mjs BASE [INFLUX_URL]");
  process.exit(2);
}
const folder = fileURLToPath(new URL("../../dashboards/grafana/", import.meta.url));
const check = new Checks();
const boards = [];

function lint() {
  check.that("the program's points and words are understood", understood);
  const files = readdirSync(`${folder}dashboards`).filter((name) => name.endsWith(".json")).sort();
  check.that("there are dashboards", files.length >= 4, files.join(" "));
  for (const file of files) {
    const board = JSON.parse(readFileSync(`${folder}dashboards/${file}`, "utf8"));
    lintDashboard(check, file, board);
    boards.push(board);
  }
  const uids = boards.map((board) => board.uid);
  check.that("uids are unique", new Set(uids).size === uids.length, uids.join(" "));
  lintProvisioning(uids);
  const keys = new Set(boards.flatMap((board) => board.panels.flatMap((panel) => (panel.targets ?? []).map((target) => keyOf(board, panel, target)))));
  for (const key of MAY_BE_EMPTY.keys()) check.that(`${key} may be empty and exists`, keys.has(key));
}

function lintProvisioning(uids) {
  const text = (path) => readFileSync(`${folder}provisioning/${path}`, "utf8").replace(/^\s*#.*$/gm, "");
  const source = text("datasources/hallwatch.yaml");
  for (const line of [/^apiVersion: 1$/m, /^ +(?:- )?name: hallwatch$/m, /^ +uid: hallwatch$/m, /^ +type: influxdb$/m, /^ +access: proxy$/m, /^ +dbName: hall$/m]) {
    check.that(`the data source says ${line.source}`, line.test(source));
  }
  const provider = text("dashboards/hallwatch.yaml");
  for (const line of [/^apiVersion: 1$/m, /^ +type: file$/m, /^ +allowUiUpdates: false$/m, /^ +path: \S+$/m, /^ +folder: \S+/m]) {
    check.that(`the provider of dashboards says ${line.source}`, line.test(provider));
  }
  const links = JSON.stringify(boards).matchAll(/\/d\/([a-z0-9-]+)/g);
  for (const [, uid] of links) check.that(`a link leads to ${uid}`, uids.includes(uid));
  const wanted = boards.map((board) => board.templating.list[0].current.value);
  check.that("dashboards open with the data source that is provisioned", wanted.every((name) => name === "hallwatch"), wanted.join(" "));
}

const keyOf = (board, panel, target) => `${board.uid}/${panel.title}/${target.refId}`;

/** Asks for the values of each variable in its turn, as one is asked for with the one before. */
async function variablesOf(server, board, now) {
  const chosen = {};
  const several = {};
  for (const variable of board.templating.list.filter((variable) => variable.type !== "datasource")) {
    if (variable.type === "custom") {
      chosen[variable.name] = variable.current.value;
      continue;
    }
    const query = fill(variable.query, chosen, rangeOf(board, {}, now));
    const { problem, rows } = await ask(server, query);
    const values = [...new Set(rows.map((row) => row.value))].sort();
    check.that(`${server.name} ${board.uid}: variable ${variable.name} has values`, !problem && values.length > 0, problem ?? query);
    chosen[variable.name] = variable.includeAll ? { all: variable.allValue } : values[0];
    several[variable.name] = values;
  }
  return { chosen, several };
}

async function askBoard(server, board) {
  const now = Date.now();
  const { chosen, several } = await variablesOf(server, board, now);
  let asked = 0;
  for (const panel of board.panels) {
    for (const target of panel.targets ?? []) {
      const name = `${server.name} ${keyOf(board, panel, target)}`;
      const range = rangeOf(board, panel, now);
      // A model of inverter has not all points: any device will do.
      const devices = board.uid === "hallwatch-inverter" ? several.device : [chosen.device];
      let found = 0;
      for (const device of devices) {
        const { problem, rows } = await ask(server, fill(target.query, { ...chosen, device }, range));
        check.that(`${name} is answered${device ? ` for ${device}` : ""}`, !problem, problem);
        found += rows.length;
        asked += 1;
      }
      check.that(`${name} has something to show`, found > 0 || MAY_BE_EMPTY.has(keyOf(board, panel, target)), fill(target.query, { ...chosen, device: devices[0] }, range));
      if (!target.query.includes(":regex}")) continue;
      // And with some values picked instead of all.
      const picked = Object.fromEntries(board.templating.list.filter((variable) => variable.multi).map(({ name: key }) => [key, several[key].slice(0, 2)]));
      const { problem } = await ask(server, fill(target.query, { ...chosen, ...picked }, range));
      check.that(`${name} is answered for picked values`, !problem, problem);
      asked += 1;
    }
  }
  console.log(`${server.name}: ${board.uid}: ${board.panels.length} panels, ${asked} questions, ${Date.now() - now} ms`);
}

async function askAll(server) {
  for (const board of boards) await askBoard(server, board);
  // Grafana looks with this whether a data source works.
  const { problem, rows } = await ask(server, "SHOW measurements");
  check.that(`${server.name} passes the test of a data source`, !problem && rows.length > 0, problem);
}

try {
  lint();
  await askAll({ name: "gateway", base, database: "hall", password: process.env.HALLWATCH_PASSWORD });
  if (influx) await askAll({ name: "InfluxDB", base: influx, database: "hall" });
} catch (error) {
  check.that("the run came to its end", false, error.stack);
}
check.finish();
