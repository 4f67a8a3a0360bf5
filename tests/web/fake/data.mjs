// What became of the made-up hall's data: a database that catches up, refused two lines and is sent old days
// once more; a dozen sources with nights, time-outs and one outage of the gateway; and the recount of a month.
import { HOUR, devices, midnight, text } from "./hall.mjs";

const DAY = 24 * HOUR;
const MINUTE = 60_000;
const SPAN_MAX = 31 * DAY;
const NAME = "main";
/** A job is done after so many steps of a second. */
const STEPS = 60;
const SOURCES = [
  "inv-01", "inv-02", "inv-03", "inv-05", "inv-07", "inv-08", "wx-01", "mtr-01", "mtr-02",
  "ticket_machine-01", "approval_kiosk-04", "tax_terminal-05", "social_security_kiosk-02",
];
const SINCE = 62 * DAY;

const CAUSES = {
  night: text("夜间休眠", "asleep at night"),
  gateway: text("网关没有运行，或其磁盘不能写入", "the gateway did not run, or its disk took nothing"),
  timeout: text("已连接但无应答：检查站号、RS-485 接线和设备电源", "connected but no answer: check unit id, RS-485 wiring and device power"),
  last_will: text("设备掉线（遗嘱消息）：检查设备电源和网络", "the device dropped off (last will): check its power and network"),
};

function letter(position, now, device, line, message) {
  return { position, time_ms: now - 95 * MINUTE, lines: 1, line, device, from_ms: now - 96 * MINUTE, to_ms: now - 96 * MINUTE, status: 400, message };
}

function firstLetters(now) {
  const seconds = Math.floor((now - 96 * MINUTE) / 1000);
  return [
    letter(48_001_205, now, "tax_terminal-05", `kiosk,device=tax_terminal-05,zone=f2 tickets_total=118i,printer_paper_left_sheets=12i ${seconds}`,
      'partial write: field type conflict: input field "printer_paper_left_sheets" on measurement "kiosk" is type integer, already exists as type float dropped=1'),
    letter(48_001_190, now, "inv-05", `inverter,device=inv-05,zone=roof ac_power_w=0,efficiency_percent="" ${seconds}`,
      'partial write: field type conflict: input field "efficiency_percent" on measurement "inverter" is type string, already exists as type float dropped=1'),
  ];
}

export class Databases {
  constructor(now) {
    this.letters = firstLetters(now);
    this.ids = 3;
    const from = midnight(now) - 9 * DAY;
    this.jobs = [{ id: 3, cause: "asked", dead_letters_again: false, from_ms: from, to_ms: midnight(now) - 2 * DAY, next_ms: from + 2 * DAY, lines: 412_907, dead_letters: 0, of: null }];
  }

  /** A second passes. */
  turn() {
    for (const job of this.jobs.slice()) {
      job.steps = (job.steps ?? 0) + 1;
      job.lines += 4_100;
      // The one that is there from the beginning takes longer than anybody looks.
      if (job.id !== 3 && job.steps >= STEPS) this.jobs.splice(this.jobs.indexOf(job), 1);
      else if (!job.dead_letters_again) job.next_ms = Math.min(job.to_ms, job.next_ms + (job.to_ms - job.from_ms) / (job.id === 3 ? 4_000 : STEPS));
    }
  }

  sinks(now, stored) {
    return [{
      name: NAME, kind: "influxdb", state: "catching_up", delivered: stored - 1_240, without_line: 310, dead_letters: 2, dead_letters_waiting: this.letters.length, resent: 1_204_310,
      lag_readings: 1_240, backlog_readings: 1_200, lag_ms: 42_000, fresh_lag_ms: 1_400,
      last_error: {
        class: "timeout", text: text("InfluxDB 没有及时回答：检查它的负载和磁盘", "InfluxDB did not answer in time: check its load and its disk"),
        detail: "operation timed out after 10 s: http://10.20.0.5:8086/write", time_ms: now - 52 * MINUTE,
      },
      jobs_done: [],
      jobs: this.jobs.map(({ steps, ...job }) => ({ ...job, next_ms: Math.floor(job.next_ms) })),
    }];
  }

  add(job) {
    this.ids += 1;
    this.jobs.push({ id: this.ids, cause: "asked", lines: 0, dead_letters: 0, of: null, ...job });
    return this.ids;
  }

  /** Status and body of the answer to an order. */
  order(order, now) {
    if (order.dead_letters) {
      if (this.letters.length === 0) return refusal(409, "no line is set aside", "没有要做的", "there is nothing to do");
      this.letters = [];
      return [202, { job: this.add({ dead_letters_again: true, from_ms: 0, to_ms: 0, next_ms: 0, of: 2 }) }];
    }
    const [from, to] = [order.from_ms, Math.min(order.to_ms, now)];
    if (!(from < to)) return refusal(400, "there is nothing", "开始要早于结束，也要早于现在", "the beginning has to be before the end, and before now");
    return [202, { job: this.add({ dead_letters_again: false, from_ms: from, to_ms: to, next_ms: from }) }];
  }

  cancel(id) {
    const at = this.jobs.findIndex((job) => job.id === id);
    if (at < 0) return refusal(404, "no such job", "它可能已经完成", "it may be done already");
    this.jobs.splice(at, 1);
    return [204, null];
  }
}

function refusal(status, detail, zh, en) {
  return [status, { type: "about:blank", title: detail, status, detail, hint: text(zh, en) }];
}

/** All times without a reading since counting began, newest first. */
function silences(id, now) {
  const found = [];
  for (let day = midnight(now); day > now - SINCE; day -= DAY) {
    if (id.startsWith("inv-")) found.push(["night", day - 7.1 * HOUR, day + 7.1 * HOUR]);
  }
  if (id === "inv-07") for (const hour of [10.4, 9.1, 8.6]) found.push(["timeout", midnight(now) + hour * HOUR, midnight(now) + (hour + 0.18) * HOUR]);
  // Off until now.
  if (id === "approval_kiosk-04") found.push(["last_will", now - 26 * MINUTE, now + DAY]);
  found.push(["gateway", midnight(now) - 3 * DAY + 13 * HOUR, midnight(now) - 3 * DAY + 13.4 * HOUR]);
  return found.sort((a, b) => b[1] - a[1]);
}

function gaps(id, now, from, to) {
  return silences(id, now).filter(([, a, b]) => a < to && b > from)
    .map(([cause, a, b]) => ({ from_ms: Math.floor(Math.max(a, from)), to_ms: Math.floor(Math.min(b, to)), cause, text: CAUSES[cause] }));
}

function source({ id, name, kind }, i, now, from, to) {
  const every = ["inverter", "meter", "weather"].includes(kind) ? 5_000 : 30_000;
  const kept = Math.floor((SINCE * 0.98 + (now % DAY)) / every) - i * 311;
  const doubled = i % 5 === 2 ? 14 : 0;
  const dead = id === "tax_terminal-05" || id === "inv-05" ? 1 : 0;
  const without = i % 6 === 3 ? 62 : 0;
  const owed = i % 3 === 1 ? 90 + i * 7 : 0;
  const list = gaps(id, now, from, to);
  const silent = list.reduce((sum, gap) => sum + gap.to_ms - gap.from_ms, 0);
  return {
    device: id, name, read: kept + doubled, kept, doubled, not_kept: 0, readings: Math.floor((to - from - silent) / every),
    sinks: [{ sink: NAME, delivered: kept - owed - without - dead, without_line: without, dead_letters: dead, recovered: 0, owed }], gaps: list, gaps_ms: silent,
  };
}

function sources(now, from, to) {
  const all = devices(now);
  const known = SOURCES.map((id) => all.find((device) => device.id === id));
  return [...known, { id: "gateway", name: text("网关", "Gateway"), kind: "gateway" }].map((device, i) => source(device, i, now, from, to));
}

/** Status and body of /data. */
export function data(query, now, sinks) {
  const to = Math.min(Number(query.get("to_ms") ?? now), now);
  const from = Number(query.get("from_ms") ?? to - DAY);
  if (!(from < to) || to - from > SPAN_MAX) return refusal(400, "the span is not between a moment and 31 days", "from_ms 要早于 to_ms，相差最多 31 天", "from_ms has to be before to_ms, by 31 days at most");
  return [200, { now_ms: now, from_ms: from, to_ms: to, counted_since_ms: now - SINCE, sinks, sources: sources(now, from, to) }];
}

/** Status and body of /audit: this month agrees, the last one lacks something, of older ones nothing is left. */
export function audit(month, now) {
  if (!/^\d{4}-\d\d$/.test(month)) return refusal(400, `\`${month}\` is no month`, "例如 2026-11", "write it as 2026-11");
  const day = (ms) => new Date(ms + 8 * HOUR).toISOString().slice(0, 10);
  const today = day(now);
  const last = day(Date.parse(`${today.slice(0, 7)}-01T00:00:00Z`) - DAY);
  const none = { month, from: `${month}-01`, to: `${month}-00`, kept: 0, doubled: 0, not_kept: 0, on_disk: 0, missing: 0, sinks: [], differences: [] };
  const at = (kept, owed) => [{ sink: NAME, delivered: kept - owed - 62, without_line: 60, dead_letters: 2, recovered: 0, owed }];
  if (month === today.slice(0, 7)) return [200, { ...none, to: today, kept: 5_204_331, doubled: 28, on_disk: 5_204_310, sinks: at(5_204_331, 1_240) }];
  if (month !== last.slice(0, 7)) return [200, none];
  const differences = [{ device: "inv-03", date: `${month}-17`, kept: 8_412, on_disk: 8_012 }, { device: "mtr-01", date: `${month}-17`, kept: 17_280, on_disk: 17_268 }];
  return [200, { ...none, to: last, kept: 5_380_112, on_disk: 5_379_700, missing: 412, sinks: at(5_380_112, 0), differences }];
}
