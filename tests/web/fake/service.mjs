// How well the made-up hall serves: a check before opening, what to refill, how each machine did this month.
import { HOUR, devices, kinds, midnight, text, zones } from "./hall.mjs";

const DAY = 24 * HOUR;
const MINUTE = 60_000;
const FLOORS = { f1: 1, h24: 1, f2: 2 };
const CONDITIONS = {
  ok: ["serving", "正常服务", "serving"], degraded: ["degraded", "降级服务", "degraded"], fault: ["down", "故障停用", "down"],
  offline: ["offline", "离线", "offline"], maintenance: ["maintenance", "计划维护", "maintenance"], waiting: ["unknown", "无数据", "no data"],
};
const HURT = {
  "ticket_machine-03": [text("取号", "tickets"), text("打印", "printing")],
  "health_check_machine-02": [text("人脸识别", "face recognition")],
};
/** Began so many minutes ago. */
const TROUBLE = {
  "ticket_machine-03": 140, "approval_kiosk-04": 26, "tax_terminal-05": 47, "medical_insurance_kiosk-02": 2 * DAY / MINUTE + 95, "health_check_machine-02": 400,
};
const BY_COUNT = text("按计数推算", "by its count");

function supplies(device, i, now) {
  const paper = { supply: "printer_paper", label: text("打印纸", "paper") };
  const list = [];
  if (device.id === "ticket_machine-03") list.push({ ...paper, left: 0, at_ms: now - 140 * MINUTE, reason: text("传感器报缺纸", "the sensor says out") });
  else if (device.id === "tax_terminal-05") list.push({ ...paper, left: 12, at_ms: null, reason: text("传感器报低，余量无法推算", "the sensor says low, nobody can say how long it lasts") });
  else if (device.health === "waiting") list.push({ ...paper, left: null, at_ms: null, reason: text("还没有用量记录", "no record of its use yet") });
  else if (i % 9 === 4) list.push({ ...paper, left: 46, at_ms: midnight(now) + DAY + 10.7 * HOUR, reason: BY_COUNT });
  else list.push({ ...paper, left: 340 - 4 * i, at_ms: midnight(now) + (3 + (i % 7)) * DAY + 14 * HOUR, reason: BY_COUNT });
  if (device.kind === "social_security_kiosk") {
    const few = device.id.endsWith("02");
    list.push({
      supply: "card_stock", label: text("空白卡", "blank cards"), left: few ? 9 : 180,
      at_ms: few ? midnight(now) + 15.5 * HOUR : midnight(now) + 12 * DAY, reason: BY_COUNT,
    });
  }
  return list;
}

function month(device, i, now) {
  if (device.health === "waiting") {
    return { service_ms: 0, down_ms: 0, maintenance_ms: 0, unknown_ms: 0, availability: null, failures: 0, mtbf_ms: null, mttr_ms: null };
  }
  const served = 19 * 8 * HOUR;
  const failures = i % 4 === 0 ? 0 : i % 5;
  const down = failures * (11 + i) * MINUTE + (device.id in TROUBLE ? TROUBLE[device.id] * MINUTE : 0) / 4;
  return {
    service_ms: served, down_ms: down, maintenance_ms: i === 7 ? 2 * HOUR : 0, unknown_ms: i === 1 ? 40 * HOUR : 4 * MINUTE, availability: 1 - down / served, failures,
    mtbf_ms: failures === 0 ? null : (served - down) / failures, mttr_ms: failures === 0 ? null : down / failures,
  };
}

function machine(device, i, now) {
  const [condition, zh, en] = CONDITIONS[device.health];
  const place = zones.find((zone) => zone.id === device.zone);
  return {
    device: device.id, name: device.name, kind: device.kind, zone: device.zone, zone_name: place.name, floor: FLOORS[device.zone],
    condition, condition_text: text(zh, en), hurt: HURT[device.id] ?? [], reason: device.reason,
    since_ms: condition === "unknown" ? null : now - (TROUBLE[device.id] ?? (900 + i * 7_919) % 20_000) * MINUTE,
    month: month(device, i, now), supplies: supplies(device, i, now),
  };
}

/** Floor by floor, zone by zone, in the order of the configuration. */
function machines(now, copies) {
  const walk = Object.keys(FLOORS);
  return devices(now, copies).filter((device) => device.zone in FLOORS && device.kind !== "display")
    .sort((a, b) => walk.indexOf(a.zone) - walk.indexOf(b.zone)).map((device, i) => machine(device, i, now));
}

function zone({ id, name }, now) {
  const day = midnight(now);
  const always = id === "h24";
  const open = always || (now >= day + 9 * HOUR && now < day + 17 * HOUR);
  const next = now < day + 9 * HOUR ? day + 9 * HOUR : day + DAY + 9 * HOUR;
  return { zone: id, name, floor: FLOORS[id], open, always, opens_ms: always ? null : next, closes_ms: always ? null : (now < day + 17 * HOUR ? day : day + DAY) + 17 * HOUR };
}

function opening(list, now) {
  const check = midnight(now) + 8.5 * HOUR;
  const checked = now >= check && now < midnight(now) + 17 * HOUR;
  const missing = list.filter((entry) => !["serving", "maintenance"].includes(entry.condition));
  const named = missing.map(({ device, name, kind, zone: id, zone_name, floor, condition, reason }) => ({ device, name, kind, zone: id, zone_name, floor, condition, reason }));
  return {
    zones: zones.filter(({ id }) => id in FLOORS).map((entry) => zone(entry, now)), check_ms: now < midnight(now) + 17 * HOUR ? check : check + DAY,
    checked, of: list.length, not_ready: checked ? named : [],
  };
}

function refill(list, now) {
  const by = midnight(now) + DAY + 17 * HOUR;
  const urgency = ({ left, at_ms }) => (left === 0 ? "out" : left !== null && at_ms === null ? "low" : "runs_out");
  const items = list.flatMap(({ device, name, zone: id, zone_name, floor, supplies: all }) => all
    .filter((supply) => supply.left !== null && (supply.at_ms === null || supply.at_ms < by))
    .map((supply) => ({ device, name, zone: id, zone_name, floor, supply: supply.supply, label: supply.label, urgency: urgency(supply), at_ms: supply.at_ms, left: supply.left })));
  return { by_ms: by, items };
}

function kindsAtWork(list) {
  return kinds.filter(({ id }) => list.some((entry) => entry.kind === id)).map(({ id, name }) => {
    const own = list.filter((entry) => entry.kind === id);
    const serving = own.filter((entry) => ["serving", "degraded"].includes(entry.condition)).length;
    const sum = (key) => own.reduce((total, entry) => total + entry.month[key], 0);
    const [service, down, maintenance, unknown] = ["service_ms", "down_ms", "maintenance_ms", "unknown_ms"].map(sum);
    const answerable = service - maintenance - unknown;
    const month = {
      service_ms: service, down_ms: down, maintenance_ms: maintenance, unknown_ms: unknown,
      availability: answerable > 0 ? (answerable - down) / answerable : null, failures: sum("failures"), mtbf_ms: null, mttr_ms: null,
    };
    return { kind: id, text: name, of: own.length, serving, month };
  });
}

export function service(now, copies) {
  const list = machines(now, copies);
  return {
    now_ms: now, opening: opening(list, now), refill: refill(list, now), machines: list, kinds: kindsAtWork(list),
    calendar: { today: text("工作日", "working day"), missing_year: 2027 },
  };
}
