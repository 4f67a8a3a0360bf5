// 一台自助设备的状态消息，可直接改用。 A machine's status, to start from.
//
//     npm install mqtt
//     HALL_PASSWORD=… HALL_CA=ca.pem node sample.mjs hall.example.org 8883 ticket-01 hall-1 ticket_machine
//
// HALL_CA：大厅的 CA 文件，设了就用 TLS。 The hall's CA file; with it the connection is encrypted.
// HALL_EVERY_S：间隔秒数，默认 60。 Seconds between two messages, 60.
import { readFileSync } from "node:fs";
import mqtt from "mqtt";

const [host, port, id, zone, kind] = process.argv.slice(2);
const { HALL_PASSWORD, HALL_CA, HALL_EVERY_S = "60" } = process.env;
const topic = `hall/${zone}/${kind}/${id}/status`;
const waiting = []; // 断线时存着，一周的量 kept through an outage, a week of minutes
const keep = { qos: 1, retain: true };
let seq = 0;
let due = 0;
let busy = false;

/** 换成本机的真实状态；有变化时置 due = 0。 Your machine's state; set due = 0 at a change. */
function status() {
  return {
    mode: "run",
    app: { state: "inService", version: "1.0.0", backend: "reachable" },
    parts: { touch: { device: "online" }, printer: { device: "online", paper: "full", left: 640 } },
    faults: [],
  };
}

function message(state) {
  // 毫秒数作序号：重启后仍比以前的大，无需存盘。时钟会倒退的设备请把 seq 存入文件。
  // Milliseconds as the number: it goes on growing after a restart, with nothing to store. Where
  // the clock may be set back, keep seq in a file.
  seq = Math.max(seq + 1, Date.now());
  // 末尾的 Z 表示 UTC；不要把北京时间写成 Z。 The Z at the end is UTC: never mark Beijing's time with it.
  return JSON.stringify({ ts: new Date().toISOString(), seq, id, ...state });
}

const client = mqtt.connect({
  protocol: HALL_CA ? "mqtts" : "mqtt", host, port: Number(port), protocolVersion: 5,
  clientId: id, username: id, password: HALL_PASSWORD, ca: HALL_CA && readFileSync(HALL_CA),
  clean: true, keepalive: 30, reconnectPeriod: 5000,
  will: { topic, payload: Buffer.from(JSON.stringify({ device: "offline", id })), ...keep },
});
client.on("connect", () => { due = 0; }); // 连上就发，盖掉遗嘱 say so at once: it replaces the will
client.on("error", (error) => console.error(error.message));

const beat = setInterval(() => { // 每秒最多 20 条 at most 20 messages a second
  if (performance.now() >= due) {
    due = performance.now() + Number(HALL_EVERY_S) * 1000;
    waiting.push(message({ device: "online", ...status() }));
    if (waiting.length > 10_000) waiting.shift();
  }
  // 一条确认后再发下一条；途中断线的由 mqtt 重发。 One after the other; mqtt sends again what was on its way.
  if (waiting.length === 0 || !client.connected || busy) return;
  busy = true;
  client.publish(topic, waiting.shift(), keep, (error) => {
    busy = false;
    if (error) console.error(error.message);
  });
}, 50);

// 正常断开时服务器不发遗嘱，所以自己说。 A clean end drops the will, so say it.
function leave() {
  clearInterval(beat);
  if (!client.connected) client.end(true);
  else client.publish(topic, message({ device: "offline" }), keep, () => client.end());
}
process.on("SIGINT", leave).on("SIGTERM", leave);
