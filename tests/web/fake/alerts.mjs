// Alerts of the made-up hall: a few that stay, and one every few seconds that comes and goes.
import { HOUR, devices, text } from "./hall.mjs";

const MINUTE = 60_000;
/** The page shows a bounded list of resolved alerts; so does the fake. */
const KEPT = 60;

const FIRST = [
  ["PV009", "critical", "inv-02", "2 号逆变器", "Inverter 2", "roof", "inverter", "漏电流超限 312 mA", "Residual current 312 mA, over the limit",
    "人员离开屋顶，断开该逆变器后请电工检查", "Keep people off the roof, isolate the inverter, call an electrician", 4],
  ["PV002", "major", "inv-05", "5 号逆变器", "Inverter 5", "roof", "inverter", "故障停机，代码 2031", "Tripped, code 2031",
    "查故障码表，检查交流侧接线；不要远程复位", "Read the code table and check the AC wiring; do not reset remotely", 95],
  ["KS004", "major", "ticket_machine-03", "取号机 3", "Ticket machine 3", "f1", "ticket_machine", "缺纸停用", "Out of paper, out of service", "立即补纸", "Refill now", 12],
  ["KS001", "major", "approval_kiosk-04", "审批一体机 4", "Approval kiosk 4", "f1", "approval_kiosk", "离线", "Offline", "检查电源和网线，必要时现场重启", "Check power and cable, restart on site if needed", 26],
  ["KS003", "minor", "tax_terminal-05", "办税终端 5", "Tax terminal 5", "f2", "tax_terminal", "纸张将尽（约 12 张）", "Paper is low (about 12 sheets)", "今天补纸", "Refill today", 47],
  ["PV019", "info", null, "光伏电站", "Solar plant", null, null, "疑似限功率运行", "Output seems to be curtailed", "写入月报备注即可", "Note it in the monthly report", 190],
];
/** A line that is gone, and two of those that are silent with it. */
const LINE = ["SY015", "major", null, "采集线路 192.168.10.12:502", "Line 192.168.10.12:502", null, null, "线路 192.168.10.12:502 上的 3 台设备全部无应答", "None of the 3 devices on line 192.168.10.12:502 answers",
  "检查配电间交换机和网线", "Check the switch and the cable in the switch room", 18];
const BEHIND_LINE = ["mtr-01", "mtr-02", "wx-01"];
/** A switch with all that is behind it, and one of those that said so before it. */
const SWITCH = ["SY017", "critical", null, "政务服务中心", "Public Service Centre", null, null, "24 小时区交换机后面的 12 台设备全部失联", "All 12 devices behind the switch of the 24-hour area are gone",
  "先查这台交换机的电源和上联，再查单台设备", "Look at the power and the uplink of this switch before the single devices", 6];
const BEHIND_SWITCH = ["health_check_machine-01", "health_check_machine-02", "tax_terminal-08", "tax_terminal-09", "tax_terminal-10", "tax_terminal-11",
  "social_security_kiosk-05", "social_security_kiosk-06", "social_security_kiosk-07", "social_security_kiosk-08", "ticket_machine-07", "ticket_machine-08"];
const ON_SWITCH = [["KS001", "major", "ticket_machine-07", "取号机 7", "Ticket machine 7", "h24", "ticket_machine", "离线", "Offline", "检查电源和网线，必要时现场重启", "Check power and cable, restart on site if needed", 6]];
const COSTS = { PV002: [12_300, 9.8, 0], PV009: [860, null, 0], KS004: [0, null, 12 * MINUTE], SY017: [0, null, 26 * HOUR], SY015: [12_300, 9.8, 45 * MINUTE] };
const ON_LINE = [
  ["MT001", "major", "mtr-01", "并网点电表", "Grid meter", "power", "meter", "没有应答", "Does not answer", "检查线路", "Check the line", 17],
  ["MT001", "major", "mtr-02", "光伏计量表", "PV meter", "power", "meter", "没有应答", "Does not answer", "检查线路", "Check the line", 17],
];
const SHAKY = ["DP002", "minor", "display-01", "信息屏 1", "Display 1", "f1", "display", "网络时断时续", "Its network comes and goes", "检查该屏网口和网线", "Check its port and its cable", 63];
const SILENT = ["KS006", "minor", "tax_terminal-07", "办税终端 7", "Tax terminal 7", "f2", "tax_terminal", "主机温度偏高 58 °C", "The host is warm, 58 °C", "清理进风口", "Clean its air inlet", 55];
const QUIET = ["KS007", "minor", "medical_insurance_kiosk-01", "医保终端 1", "Medical-insurance kiosk 1", "f2", "medical_insurance_kiosk", "读卡失败率 12%", "12% of the cards cannot be read", "清洁读卡器", "Clean the card reader", 130];
const PASSING = ["KS008", "minor", "扫码器无响应", "The barcode reader does not answer", "拔插扫码器的数据线", "Unplug and replug the reader's cable"];

function costOf(rule) {
  const [energy_wh, money, service_ms] = COSTS[rule] ?? [0, null, 0];
  return { energy_wh, money, service_ms };
}

export class Alerts {
  list = [];
  number = 0;

  constructor(now) {
    for (const row of FIRST) this.add(row, now);
    const taken = this.list.find((alert) => alert.rule === "PV002");
    this.mark(taken, { by: "王师傅", note: "已联系厂家，下午到场", for_h: 8 }, now - 40 * MINUTE);
    taken.told = ["值班群", "电工短信"];
    // Raised after the text messages began to fail.
    this.list.find((alert) => alert.device === "approval_kiosk-04").told = ["值班群", "电工短信"];
    this.parent(LINE, BEHIND_LINE, ON_LINE, now);
    this.parent(SWITCH, BEHIND_SWITCH, ON_SWITCH, now);
    Object.assign(this.add(SHAKY, now), { flapping: true, state: "recovering" });
    this.add(SILENT, now).state = "stale";
    this.add(QUIET, now);
    for (let i = 0; i < 3; i += 1) this.resolve(this.pass(now - (80 + 55 * i) * MINUTE), now - (60 + 55 * i) * MINUTE);
  }

  add([rule, severity, device, nameZh, nameEn, zone, kind, zh, en, adviceZh, adviceEn, minutes], now) {
    this.number += 1;
    const alert = {
      id: `01FAKE${String(this.number).padStart(6, "0")}`, rule, severity, state: "active", device, device_name: text(nameZh, nameEn), zone, kind,
      text: text(zh, en), advice: text(adviceZh, adviceEn), since_ms: now - minutes * MINUTE, raised_ms: now - minutes * MINUTE,
      resolved_ms: null, acknowledged: null,
      silenced: null, inhibited: null, flapping: false, told: severity === "critical" || severity === "major" ? ["值班群"] : [],
      cost: costOf(rule),
      labels: rule === "PV009" ? { 班组: "电工班", contract: "PV-2026" } : {},
      evidence: rule === "PV002" ? [{ label: text("报警字 1", "Alarm word 1"), value: "0x0004" }] : [],
    };
    this.list.unshift(alert);
    return alert;
  }

  /** One alert for many machines, and those that it says, too. */
  parent(row, behind, under, now) {
    const parent = this.add(row, now);
    const named = devices(now).filter((device) => behind.includes(device.id)).map((device) => `${device.name.zh} [${device.id}]`);
    Object.assign(parent, { told: ["值班群"], evidence: [{ label: text("设备", "machines"), value: named.join("、") }] });
    for (const child of under) Object.assign(this.add(child, now), { inhibited: parent.id, told: [] });
  }

  /** A small thing at a machine, like those that happen all day. */
  pass(now) {
    const n = 1 + (this.number % 6);
    const [rule, severity, zh, en, adviceZh, adviceEn] = PASSING;
    return this.add([rule, severity, `ticket_machine-0${n}`, `取号机 ${n}`, `Ticket machine ${n}`, "f1", "ticket_machine", zh, en, adviceZh, adviceEn, 0], now);
  }

  resolve(alert, now) {
    alert.state = "resolved";
    alert.resolved_ms = now;
    const ended = this.list.filter((entry) => entry.state === "resolved");
    for (const old of ended.slice(KEPT)) this.list.splice(this.list.indexOf(old), 1);
  }

  mark(alert, { by, note = "", for_h = null }, now) {
    if (alert.state === "active") alert.state = "acknowledged";
    alert.acknowledged = { by, note, at_ms: now, until_ms: for_h === null ? null : now + for_h * 60 * MINUTE };
  }

  /** Every call: end the oldest passing alert nobody works on, or start one. */
  turn(now) {
    const passing = this.list.filter((alert) => alert.rule === PASSING[0] && alert.state === "active");
    if (passing.length > 1) this.resolve(passing[passing.length - 1], now);
    else this.pass(now);
  }

  open() {
    return this.list.filter((alert) => alert.state !== "resolved");
  }

  find(state, limit) {
    const all = state === "all" ? this.list : state === "resolved" ? this.list.filter((alert) => alert.state === "resolved") : this.open();
    return all.slice().sort((a, b) => b.raised_ms - a.raised_ms).slice(0, limit);
  }
}
