// A stand-in for the daemon's web side, for working on the page: lively made-up data over the real API.
//
//   node tests/web/fake.mjs [--port 8099] [--dist dashboards/web/dist] [--at 11:20] [--copies 1]
//                           [--version 0.1.0] [--password secret] [--turn 9]
//
// --at sets the hall's local time at the start (its clock differs from the browser's on purpose),
// --copies multiplies the kiosks, --turn is the number of seconds between alert changes.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { parseArgs } from "node:util";
import { Alerts } from "./fake/alerts.mjs";
import { buses, registers } from "./fake/buses.mjs";
import { Databases, audit, data } from "./fake/data.mjs";
import { Desk } from "./fake/desk.mjs";
import { HOUR, devices, kinds, midnight, pv, text, zones } from "./fake/hall.mjs";
import { past } from "./fake/past.mjs";
import { Books } from "./fake/reports.mjs";
import { service } from "./fake/service.mjs";

const text_option = (fallback) => ({ type: "string", default: fallback });
const { values: options } = parseArgs({ options: {
  port: text_option("8099"), dist: text_option("dashboards/web/dist"), at: text_option("11:20"), copies: text_option("1"),
  version: text_option("0.1.0"), password: text_option(""), turn: text_option("9"),
} });

const [hour, minute] = options.at.split(":").map(Number);
const shift = midnight(Date.now()) + hour * HOUR + minute * 60_000 - Date.now();
const now = () => Date.now() + shift;
const boot = randomBytes(6).toString("hex");
const alerts = new Alerts(now());
const databases = new Databases(now());
const desk = new Desk(alerts, now());
const books = new Books(now());
const sessions = new Set();
const streams = new Set();
let stored = 48_213_400;

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

function json(response, status, body) {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" }).end(JSON.stringify(body));
}
const problem = (response, status, title, hint) => json(response, status, { type: "about:blank", title, status, detail: title, ...(hint ? { hint } : {}) });

function loggedIn(request) {
  return options.password === "" || sessions.has(/fake=(\w+)/.exec(request.headers.cookie ?? "")?.[1]);
}

function hall(request) {
  const open = loggedIn(request);
  const name = text("东城区政务服务中心", "Dongcheng Public Service Centre");
  const door = { version: options.version, login_required: options.password !== "", logged_in: open };
  if (!open) return { site: { name }, ...door };
  return {
    site: { id: "dongcheng", name, time_zone: "Asia/Shanghai", latitude_deg: 39.93, longitude_deg: 116.42 },
    demo: text("本页数据由模拟器生成，不是真实设备。", "All data on this page is made up by a simulator."),
    ...door, zones, kinds, now_ms: now(),
  };
}

function allDevices() {
  const open = alerts.open();
  return devices(now(), Number(options.copies)).map((device) => ({ ...device, open_alerts: open.filter((alert) => alert.device === device.id).length }));
}

// Lists and stream carry the headline points only, as the daemon does.
const brief = (device) => ({ ...device, points: device.points.slice(0, 3) });

function system() {
  stored += 31;
  return {
    now_ms: now(), journal: { state: "ok", readings_committed: stored, position: stored, size_bytes: 3.42e9, disk_free_bytes: 187.3e9 },
    sinks: databases.sinks(now(), stored),
    sources: [
      { name: "192.168.10.11:502", kind: "modbus", state: "ok", devices: 8, reason: null },
      { name: "192.168.10.12:502", kind: "modbus", state: "degraded", devices: 3, reason: text("偶有超时，已重试", "some time-outs, retried") },
      { name: "mqtt://127.0.0.1:1883", kind: "mqtt", state: "ok", devices: 40, reason: null },
    ],
    rejected: [
      { reason: "short_answer", text: text("应答长度不符", "answer too short"), count: 17 },
      { reason: "implausible", text: text("数值不可信", "implausible value"), count: 3 },
    ],
  };
}

function send(stream, event, data) {
  stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
const broadcast = (event, data) => streams.forEach((stream) => send(stream, event, data));
const tellAlerts = () => broadcast("alerts", { now_ms: now(), alerts: alerts.open() });

let told = new Map();
function tellDevices() {
  const changed = allDevices().map(brief).filter((device) => {
    const key = `${device.last_seen_ms}/${device.health}/${device.open_alerts}`;
    if (told.get(device.id) === key) return false;
    told.set(device.id, key);
    return true;
  });
  if (changed.length > 0) broadcast("device", { now_ms: now(), devices: changed });
}

function stream(request, response) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  send(response, "hello", { now_ms: now(), boot });
  streams.add(response);
  request.on("close", () => streams.delete(response));
}

async function body(request) {
  let received = "";
  for await (const chunk of request) received += chunk;
  return JSON.parse(received);
}

async function acknowledge(request, response, id) {
  const alert = alerts.list.find((entry) => entry.id === id);
  if (!alert) return problem(response, 404, "no such alert");
  if (alert.state === "resolved") return problem(response, 409, "resolved already");
  const said = await body(request);
  if (typeof said.by !== "string" || said.by.length < 1 || said.by.length > 64) return problem(response, 400, "by: 1..64 characters");
  if (said.for_h !== undefined && !(said.for_h >= 1 && said.for_h <= 744)) return problem(response, 400, "`for_h` is from 1 to 744");
  alerts.mark(alert, said, now());
  json(response, 200, alert);
  tellAlerts();
}

/** What is said of the data, and what is asked of the database; null when the path is another's. */
async function account(request, path, query) {
  if (path === "/data") return data(query, now(), databases.sinks(now(), stored));
  if (path === "/audit") {
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    return audit(query.get("month") ?? "", now());
  }
  if (path === "/sinks/main/dead-letters") return [200, { now_ms: now(), letters: databases.letters }];
  if (path === "/sinks/main/resend" && request.method === "POST") return databases.order(await body(request), now());
  const job = /^\/sinks\/main\/jobs\/(\d+)$/.exec(path);
  return job && request.method === "DELETE" ? databases.cancel(Number(job[1])) : null;
}

async function session(request, response) {
  if (request.method === "DELETE") return response.writeHead(204, { "Set-Cookie": "fake=; Path=/; Max-Age=0" }).end();
  if ((await body(request)).password !== options.password) return problem(response, 401, "wrong password");
  const id = randomBytes(8).toString("hex");
  sessions.add(id);
  response.writeHead(204, { "Set-Cookie": `fake=${id}; Path=/; HttpOnly; SameSite=Strict` }).end();
}

async function answer(request, response, url) {
  const path = url.pathname.slice("/api/v1".length);
  if (path === "/hall") return json(response, 200, hall(request));
  if (path === "/session") return session(request, response);
  if (!loggedIn(request)) return problem(response, 401, "log in first");
  if (path === "/devices") return json(response, 200, { now_ms: now(), devices: allDevices().map(brief) });
  if (path === "/pv") return json(response, 200, pv(now()));
  if (path === "/system") return json(response, 200, system());
  if (path === "/service") return json(response, 200, service(now(), Number(options.copies)));
  if (path === "/buses") return json(response, 200, buses(now(), Number(url.searchParams.get("limit") ?? Infinity)));
  if (path === "/stream") return stream(request, response);
  if (path === "/alerts") {
    return json(response, 200, { now_ms: now(), alerts: alerts.find(url.searchParams.get("state"), Number(url.searchParams.get("limit") ?? 200)) });
  }
  const device = /^\/devices\/([^/]+)$/.exec(path);
  if (device) {
    const found = allDevices().find((entry) => entry.id === decodeURIComponent(device[1]));
    return found ? json(response, 200, { now_ms: now(), device: found }) : problem(response, 404, "no such device");
  }
  const raw = /^\/devices\/([^/]+)\/registers$/.exec(path);
  if (raw) {
    const found = registers(decodeURIComponent(raw[1]), now());
    return found ? json(response, 200, found) : problem(response, 404, "no such register");
  }
  const before = /^\/devices\/([^/]+)\/past$/.exec(path);
  if (before) return json(response, ...past(decodeURIComponent(before[1]), url.searchParams, now()));
  const ack = /^\/alerts\/([^/]+)\/acknowledge$/.exec(path);
  if (ack && request.method === "POST") return acknowledge(request, response, ack[1]);
  const work = await desk.answer({ method: request.method, path, query: url.searchParams, body: () => body(request), now: now() });
  if (work) {
    json(response, ...work);
    return request.method === "POST" ? tellAlerts() : undefined;
  }
  const booked = await books.answer({ method: request.method, path, query: url.searchParams, body: () => body(request), now: now() });
  if (booked) return booked[2] ? response.writeHead(booked[0], booked[2]).end(booked[1]) : json(response, booked[0], booked[1]);
  const told = await account(request, path, url.searchParams);
  if (told === null) return problem(response, 404, "no such page");
  return told[1] === null ? response.writeHead(told[0]).end() : json(response, ...told);
}

async function file(response, path) {
  const name = path === "/" ? "/index.html" : normalize(path);
  try {
    const data = await readFile(join(options.dist, name));
    response.writeHead(200, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream", "Content-Security-Policy": CSP }).end(data);
  } catch {
    response.writeHead(404).end();
  }
}

createServer((request, response) => {
  const url = new URL(request.url, "http://fake");
  const done = url.pathname.startsWith("/api/v1/") ? answer(request, response, url) : file(response, url.pathname);
  done?.catch?.(() => problem(response, 400, "bad request"));
}).listen(Number(options.port), "127.0.0.1", () => console.log(`fake hall on http://127.0.0.1:${options.port}`));

setInterval(tellDevices, 1_000);
setInterval(() => databases.turn(), 1_000);
setInterval(() => broadcast("tick", { now_ms: now() }), 5_000);
setInterval(() => broadcast("pv", pv(now())), 5_000);
setInterval(() => broadcast("system", system()), 10_000);
setInterval(() => { alerts.turn(now()); tellAlerts(); }, Number(options.turn) * 1_000);
