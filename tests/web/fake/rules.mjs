// The rules of the made-up hall, how noisy they were, and what they would have said.
import { HOUR, midnight, noise, text } from "./hall.mjs";

const DAY = 24 * HOUR;
const MINUTE = 60_000;
const rule = (id, severity, kinds, zh, en, adviceZh, adviceEn) => ({ id, severity, kinds, text: text(`{device} ${zh}：{reason}`, `{device} ${en[0].toLowerCase()}${en.slice(1)}: {reason}`), plain: text(zh, en), advice: text(adviceZh, adviceEn), profiles: [], labels: {}, rehearsable: id !== "DP002" });
const MACHINES = ["ticket_machine", "tax_terminal", "approval_kiosk", "social_security_kiosk", "medical_insurance_kiosk", "health_check_machine"];

export const RULES = [
  rule("DP002", "minor", ["display"], "信息屏网络时断时续", "A display's network comes and goes", "检查该屏网口和网线", "Check its port and its cable"),
  rule("KS001", "major", MACHINES, "自助机离线", "A machine is offline", "检查电源和网线，必要时现场重启", "Check power and cable, restart on site if needed"),
  rule("KS003", "minor", MACHINES, "纸张将尽", "Paper is low", "今天补纸", "Refill today"),
  rule("KS004", "major", MACHINES, "缺纸停用", "Out of paper, out of service", "立即补纸", "Refill now"),
  rule("KS008", "minor", ["ticket_machine"], "扫码器无响应", "The barcode reader does not answer", "拔插扫码器的数据线", "Unplug and replug the reader's cable"),
  rule("PV002", "major", ["inverter"], "逆变器故障停机", "An inverter tripped", "查故障码表，检查交流侧接线；不要远程复位", "Read the code table and check the AC wiring; do not reset remotely"),
  rule("PV003", "minor", ["inverter"], "逆变器出力低于同伴", "An inverter makes less than its peers", "检查遮挡和组串接线", "Look for shade, check the strings"),
  rule("PV009", "critical", ["inverter"], "漏电流超限", "Residual current over the limit", "人员离开屋顶，断开该逆变器后请电工检查", "Keep people off the roof, isolate the inverter, call an electrician"),
];

const NOISY = [
  ["KS008", "ticket_machine-03", "取号机 3", "Ticket machine 3", 38], ["DP002", "display-01", "信息屏 1", "Display 1", 31], ["KS003", "tax_terminal-05", "办税终端 5", "Tax terminal 5", 17],
  ["KS001", "approval_kiosk-04", "审批一体机 4", "Approval kiosk 4", 12], ["KS003", "ticket_machine-01", "取号机 1", "Ticket machine 1", 9], ["KS008", "ticket_machine-06", "取号机 6", "Ticket machine 6", 8],
  ["KS004", "ticket_machine-03", "取号机 3", "Ticket machine 3", 7], ["PV003", "inv-07", "7 号逆变器", "Inverter 7", 5], ["PV002", "inv-05", "5 号逆变器", "Inverter 5", 3], ["PV003", null, "光伏电站", "Solar plant", 2],
];

/** Two shifts a day, from seven to nineteen and through the night. */
export function noiseOf(from, to) {
  const shifts = [];
  for (let at = midnight(from) + 7 * HOUR; at < to; at += 12 * HOUR) {
    const day = shifts.length % 2 === 0;
    if (at + 12 * HOUR > from) shifts.push({ from_ms: at, to_ms: at + 12 * HOUR, alarms: Math.round(noise(at / HOUR) * (day ? 26 : 7)) });
  }
  const alarms = shifts.reduce((sum, shift) => sum + shift.alarms, 0);
  const scale = alarms / 150;
  return {
    from_ms: from, to_ms: to, alarms, told: Math.round(alarms * 0.31), per_shift_mean: alarms / shifts.length, shifts,
    top: NOISY.map(([id, device, zh, en, count]) => ({ rule: id, device, device_name: text(zh, en), text: RULES.find((entry) => entry.id === id).plain, count: Math.max(1, Math.round(count * scale)) })),
    self_cleared: Math.round(alarms * 0.42), acknowledged: Math.round(alarms * 0.22), acknowledge_mean_ms: 11.4 * MINUTE,
    by_severity: { critical: Math.round(alarms * 0.02), major: Math.round(alarms * 0.2), minor: Math.round(alarms * 0.66), info: Math.round(alarms * 0.12) },
  };
}

const isOpen = (at) => at - midnight(at) >= 9 * HOUR && at - midnight(at) < 17 * HOUR;

export function rehearse(id, days, now, devices) {
  const found = RULES.find((entry) => entry.id === id);
  if (found && !found.rehearsable) return [400, { type: "about:blank", title: "not stored", status: 400, detail: "not stored", hint: text("这条规则所看的数据没有存下", "what this rule looks at is not stored") }];
  if (!found) return [404, { type: "about:blank", title: "no such rule", status: 404, detail: "no such rule", hint: text(`没有规则 \`${id}\``, `there is no rule \`${id}\``) }];
  const from = now - days * DAY;
  const begins = Math.max(from, midnight(now) - 64 * DAY);
  const own = devices.filter((device) => found.kinds.includes(device.kind));
  const events = [];
  // The grave one has never happened.
  for (let day = midnight(now); id !== "PV009" && day > begins; day -= DAY) {
    own.forEach((device, i) => {
      if (noise(day / DAY + i * 13.7) < 0.93) return;
      const at = day + (7 + 12 * noise(day / DAY + i)) * HOUR;
      if (at < now) events.push({ device: device.id, from_ms: Math.round(at), to_ms: Math.round(at + (4 + 90 * noise(at)) * MINUTE), severity: found.severity, in_hours: isOpen(at), text: found.plain });
    });
  }
  events.sort((a, b) => b.from_ms - a.from_ms);
  if (events[0]) events[0] = { ...events[0], to_ms: null };
  const inHours = events.filter((event) => event.in_hours).length;
  const lasted = (event) => (event.to_ms ?? now) - event.from_ms;
  const told = own.map((device) => ({ device, list: events.filter((event) => event.device === device.id) })).filter(({ list }) => list.length > 0)
    .map(({ device, list }) => ({ device: device.id, device_name: device.name, count: list.length, longest_ms: Math.max(...list.map(lasted)) })).sort((a, b) => b.count - a.count);
  return [200, {
    rule: id, from_ms: from, to_ms: now, data_from_ms: begins, devices_judged: own.length, firings: events.length, in_hours: inHours, out_of_hours: events.length - inHours,
    told: events.length === 0 ? [] : [{ channel: "值班群", count: events.length }, { channel: "mail", count: inHours }], devices: told, events, took_ms: 1_840,
  }];
}
