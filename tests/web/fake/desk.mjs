// What the made-up hall does about its alerts: silences, channels, noise and rehearsals; orders have a file of their own.
import { HOUR, devices, midnight, text } from "./hall.mjs";
import { Orders } from "./orders.mjs";
import { Wall } from "./wall.mjs";
import { RULES, noiseOf, rehearse } from "./rules.mjs";

const MINUTE = 60_000;
const DAY = 24 * HOUR;
const MATCHER = { rules: [], devices: [], zones: [], kinds: [], severity_max: null };
const RANK = { critical: 0, major: 1, minor: 2, info: 3 };

/** A refusal with what to do about it. */
export const refuse = (status, detail, zh, en) => [status, { type: "about:blank", title: detail, status, detail, hint: text(zh, en) }];

function firstSilences(now) {
  const silence = (id, row) => ({ id, effect: "silence", from_ms: now - DAY, until_ms: now + DAY, by: "李工", why: "", set_ms: now - DAY, ...row, matcher: { ...MATCHER, ...row.matcher } });
  return [
    silence("s-1", { matcher: { rules: ["KS007"], devices: ["medical_insurance_kiosk-01"] }, from_ms: now - 3 * HOUR, until_ms: now + 5 * HOUR, set_ms: now - 3 * HOUR, why: "新读卡器下午送到" }),
    silence("s-2", {
      effect: "maintenance", matcher: { devices: ["medical_insurance_kiosk-02"] }, from_ms: now - 2 * HOUR, until_ms: now + 2 * HOUR, set_ms: now - 2 * HOUR, why: "厂家更换读卡器",
    }),
    silence("s-3", {
      matcher: { kinds: ["ticket_machine"], severity_max: "minor" }, recurring: { on: "working", from_min: 22 * 60, to_min: 6 * 60 }, until_ms: now + 60 * DAY, why: "夜间不值守",
    }),
    silence("s-4", {
      effect: "maintenance", matcher: { zones: ["roof"] }, recurring: { on: { weekdays: [6, 7] }, from_min: 8 * 60, to_min: 11 * 60 + 30 }, from_ms: now + 5 * DAY, until_ms: now + 40 * DAY,
      why: "组件清洗", by: "王师傅",
    }),
    silence("s-5", { matcher: { rules: ["KS003", "KS004"] }, from_ms: now - 5 * DAY, until_ms: now - 4 * DAY, set_ms: now - 5 * DAY, why: "纸张更换试点" }),
    silence("s-6", { matcher: { zones: ["h24"] }, from_ms: now - 3 * DAY, until_ms: now + DAY, set_ms: now - 3 * DAY, why: "网络割接", ended: { by: "赵工", at_ms: now - 2 * DAY } }),
  ];
}

const CHANNELS = [
  { name: "值班群", kind: "wecom", health: "ok", failing_since_ms: null, tries: 0, why: null, waiting: 0, ago: 7 * MINUTE },
  { name: "电工短信", kind: "sms", health: "failing", since: 52 * MINUTE, tries: 9, why: text("短信平台拒绝：余额不足", "The gateway refuses: no credit left"), waiting: 3, ago: 6 * HOUR },
  { name: "mail", kind: "email", health: "ok", failing_since_ms: null, tries: 0, why: null, waiting: 0, ago: 95 * MINUTE },
  { name: "hall-sound", kind: "sound", health: "ok", failing_since_ms: null, tries: 0, why: null, waiting: 0, ago: null },
];

function holds({ recurring }, now) {
  if (!recurring) return true;
  const minute = Math.floor((now - midnight(now)) / MINUTE);
  const { on, from_min: from, to_min: to } = recurring;
  const day = ((Math.floor((midnight(now) + 8 * HOUR) / DAY) + 3) % 7) + 1;
  const isOn = on === "all" || (on === "working" ? day < 6 : on === "rest" ? day > 5 : on.weekdays.includes(day));
  return isOn && (from < to ? minute >= from && minute < to : minute >= from || minute < to);
}

function stateOf(silence, now) {
  if (silence.ended || now >= silence.until_ms) return "over";
  if (now < silence.from_ms) return "scheduled";
  return holds(silence, now) ? "active" : "waiting";
}

function matches({ rules, devices: ids, zones, kinds, severity_max: worst }, alert) {
  const oneOf = (list, own) => list.length === 0 || list.includes(own);
  return oneOf(rules, alert.rule) && oneOf(ids, alert.device) && oneOf(zones, alert.zone) && oneOf(kinds, alert.kind) && (worst === null || RANK[alert.severity] >= RANK[worst]);
}

const minuteOf = (word) => (/^\d\d:\d\d$/.test(word) ? Number(word.slice(0, 2)) * 60 + Number(word.slice(3)) : NaN);
const goodName = (by) => typeof by === "string" && by.trim().length >= 1 && by.length <= 64;
const noName = () => refuse(400, "`by` has 1 to 64 characters", "请填写姓名（1 至 64 个字）", "give a name of 1 to 64 characters");

export class Desk {
  constructor(alerts, now) {
    this.alerts = alerts;
    this.silences = firstSilences(now);
    this.orders = new Orders(alerts, now);
    this.channels = CHANNELS.map(({ ago, since, ...channel }) => ({ ...channel, delivered_ms: ago === null ? null : now - ago, ...(since ? { failing_since_ms: now - since } : {}) }));
    this.wall = new Wall(now);
    this.number = this.silences.length;
    this.judge(now);
  }

  /** Which alerts are silenced now. */
  judge(now) {
    const active = this.silences.filter((silence) => stateOf(silence, now) === "active");
    for (const alert of this.alerts.list) alert.silenced = active.find((silence) => matches(silence.matcher, alert))?.id ?? null;
  }

  listed(now) {
    return this.silences.map((silence) => ({ ...silence, state: stateOf(silence, now) })).reverse();
  }

  set({ effect, matcher, from_ms, until_ms, recurring, by, why }, now) {
    if (!goodName(by)) return noName();
    const full = { ...MATCHER, ...matcher };
    if (Object.values(full).every((value) => value === null || value.length === 0)) {
      return refuse(400, "for all", "请指定规则、设备、区域、类型或级别，不能静默全部", "name rules, devices, zones, kinds or a severity: not everything can be silenced");
    }
    const from = from_ms ?? now;
    if (!(until_ms > from && until_ms > now)) return refuse(400, "over", "结束时间必须晚于开始时间和现在", "the end must be after the begin, and after now");
    if (until_ms - from > 366 * DAY) return refuse(400, "too long", "最长 366 天", "366 days at most");
    if (!why?.trim()) return refuse(400, "no reason", "请写明原因", "say why");
    const hours = recurring ? { on: recurring.on, from_min: minuteOf(recurring.from), to_min: minuteOf(recurring.to) } : null;
    if (hours && !(hours.from_min !== hours.to_min && hours.from_min + hours.to_min >= 0)) return refuse(400, "no hours", "时刻写成 12:00", "write a time such as 12:00");
    this.number += 1;
    const silence = { id: `s-${this.number}`, effect, matcher: full, from_ms: from, until_ms, ...(hours ? { recurring: hours } : {}), by, why, set_ms: now };
    this.silences.push(silence);
    this.judge(now);
    return [200, silence];
  }

  end(id, { by }, now) {
    const silence = this.silences.find((entry) => entry.id === id);
    if (!silence) return refuse(404, "no such silence", "检查地址；名称可能已改变", "check the address; a name may have changed");
    if (!goodName(by)) return noName();
    if (stateOf(silence, now) === "over") return refuse(409, "it is over already", "已经结束，无需操作", "it is over already; nothing to do");
    silence.ended = { by, at_ms: now };
    this.judge(now);
    return [200, silence];
  }

  async test(name, now) {
    const channel = this.channels.find((entry) => entry.name === name);
    if (!channel) return refuse(404, `there is no channel \`${name}\``, "没有这个渠道", "there is no such channel");
    await new Promise((resolve) => setTimeout(resolve, 400));
    if (channel.health === "failing") return refuse(502, `channel \`${name}\` did not take the message`, "短信平台拒绝：余额不足，请充值后再试", "the gateway refuses, no credit left: pay in and try again");
    channel.delivered_ms = now;
    if (channel.kind === "sound") this.wall.announce({ severity: "info", zh: "测试消息", en: "a test message" }, now);
    return [200, { channel: name, delivered: true }];
  }

  /** What is wrong for too short a time to be an alert. */
  suspects(now) {
    const seen = (rule, severity, device, zh, en, nameZh, nameEn, zone, sinceS, dueS) =>
      ({ rule, severity, device, device_name: text(nameZh, nameEn), zone, text: text(zh, en), since_ms: now - sinceS * 1000, due_ms: now + dueS * 1000 });
    return [
      seen("KS034", "minor", null, "6 台取号机中 1 台停用", "1 of 6 ticket machines out of service", "政务服务中心", "Public Service Centre", null, 20, 40),
      seen("KS001", "major", "tax_terminal-02", "办税终端 2 离线", "Tax terminal 2 is offline", "办税终端 2", "Tax terminal 2", "f2", 130, 170),
    ];
  }

  /** Status and body; null when the path is another's. */
  async answer({ method, path, query, body, now }) {
    this.judge(now);
    const post = method === "POST";
    if (path === "/suspects") return [200, { now_ms: now, suspects: this.suspects(now) }];
    if (path === "/silences") return post ? this.set(await body(), now) : [200, { now_ms: now, silences: this.listed(now) }];
    const end = /^\/silences\/([^/]+)\/end$/.exec(path);
    if (end && post) return this.end(decodeURIComponent(end[1]), await body(), now);
    if (path === "/channels") return [200, { now_ms: now, channels: this.channels }];
    const test = /^\/channels\/([^/]+)\/test$/.exec(path);
    if (test && post) return this.test(decodeURIComponent(test[1]), now);
    // Only here: a real daemon says by itself what is to be announced.
    if (path === "/wall") return post ? [200, this.wall.announce(await body(), now)] : [200, this.wall.told(now)];
    if (path === "/rules") return [200, { rules: RULES }];
    if (path === "/noise") return [200, noiseOf(Number(query.get("from_ms")), Number(query.get("to_ms")))];
    if (path === "/rehearsal") {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return rehearse(query.get("rule"), Number(query.get("days")), now, devices(now));
    }
    return this.orders.answer({ post, path, query, body, now });
  }
}
