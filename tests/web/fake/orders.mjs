// The work orders of the made-up hall: two vendors, a few orders on their way and a few that are over.
import { HOUR, devices, text } from "./hall.mjs";

const MINUTE = 60_000;
const DAY = 24 * HOUR;
const STATES = {
  reported: text("已报修", "reported"), assigned: text("已派工", "assigned"), on_the_way: text("赶往现场", "on the way"), repairing: text("正在维修", "being repaired"),
  waiting_for_part: text("等待配件", "waiting for a part"), done: text("已修好，待验证", "done, to be proven"), closed: text("已关闭", "closed"), cancelled: text("已取消", "cancelled"),
};
const NEXT = {
  reported: ["assigned", "on_the_way", "repairing", "cancelled"], assigned: ["assigned", "on_the_way", "repairing", "cancelled"], on_the_way: ["assigned", "repairing", "cancelled"],
  repairing: ["assigned", "waiting_for_part", "done", "cancelled"], waiting_for_part: ["assigned", "on_the_way", "repairing", "done", "cancelled"], done: ["repairing", "closed"], closed: [], cancelled: [],
};
const ATTENDED = ["on_the_way", "repairing"];
const VENDORS = [
  { id: "zhengtong", name: "政通自助设备维保部", phone: "010-5550 1234", response_ms: 2 * HOUR, repair_ms: 8 * HOUR, devices: ["approval_kiosk-04", "ticket_machine-03", "medical_insurance_kiosk-02"] },
  { id: "guangfu", name: "京阳光伏运维公司", phone: "010-5550 5678", response_ms: 4 * HOUR, repair_ms: 24 * HOUR, devices: ["inv-02", "inv-05"] },
];
const FIRST = [
  { device: "inv-05", rule: "PV002", minutes: 62, way: [["assigned", "王师傅", 55], ["on_the_way", "王师傅", 20]], to: "guangfu" },
  { device: "approval_kiosk-04", minutes: 190, what: "开机后黑屏", origin: "person", by: "导办小陈", way: [] },
  { device: "medical_insurance_kiosk-02", minutes: 2 * 1440 + 90, what: "读不了证件或卡", en: "cards are not read", origin: "public", reports: 3, to: "zhengtong",
    way: [["assigned", "李工", 2 * 1440 + 70], ["repairing", "刘师傅", 1440 + 300], ["waiting_for_part", "刘师傅", 1440 + 200, "读卡模块明天到"]], parts: [["清洁卡", 2]] },
  { device: "ticket_machine-03", minutes: 340, what: "出票卡纸", origin: "person", by: "李工", to: "zhengtong", way: [["repairing", "刘师傅", 300], ["done", "刘师傅", 45, "更换切刀"]], parts: [["切刀", 1]] },
  { device: "tax_terminal-02", minutes: 3 * 1440, what: "屏幕没有反应", en: "the screen does not react", origin: "public", reports: 1, to: "zhengtong", way: [["repairing", "刘师傅", 3 * 1440 - 200], ["done", "刘师傅", 3 * 1440 - 260]], proven: 3 * 1440 - 320 },
  { device: "ticket_machine-01", minutes: 6 * 1440, what: "误报", origin: "person", by: "导办小陈", way: [], cancelled: "现场查看正常" },
];
const refuse = (status, zh, en) => [status, { type: "about:blank", title: en, status, detail: en, hint: text(zh, en) }];
const noOrder = () => refuse(404, "检查编号；名称可能已改变", "check the id; a name may have changed");

export class Orders {
  list = [];

  constructor(alerts, now) {
    this.alerts = alerts;
    for (const story of FIRST) this.tell(story, now);
  }

  tell(story, now) {
    const alert = story.rule ? this.alerts.list.find((entry) => entry.rule === story.rule && entry.device === story.device) : null;
    const origin = alert ? "alert" : story.origin;
    const opened = now - story.minutes * MINUTE;
    const order = this.add({ device: story.device, what: alert?.text ?? text(story.what, story.en ?? story.what), origin, by: story.by ?? (alert ? "李工" : null), alert }, opened);
    order.reports = story.reports ?? 0;
    for (const [state, by, ago, note] of story.way) this.move(order, { state, by, note: note ?? "", ...(state === "assigned" ? { to: story.to } : {}) }, now - ago * MINUTE);
    if (story.to) order.assigned = this.assignee(story.to);
    order.parts = (story.parts ?? []).map(([name, count]) => ({ name, count }));
    if (story.proven) this.over(order, "closed", { by: null, by_kind: "program", reason: text("连续两小时正常服务", "two hours of good service"), proven: true }, now - story.proven * MINUTE);
    if (story.cancelled) this.move(order, { state: "cancelled", by: "李工", note: "", reason: story.cancelled }, opened + HOUR);
  }

  add({ device: id, what, origin, by, alert }, now) {
    const device = devices(now).find((entry) => entry.id === id);
    const day = new Date(now + 8 * HOUR).toISOString().slice(0, 10).replace(/-/g, "");
    const vendor = VENDORS.find((entry) => entry.devices.includes(id));
    const order = {
      id: `WO-${day}-${String(this.list.length + 1).padStart(3, "0")}`, device: id, device_name: device.name, zone: device.zone, kind: device.kind, profile: device.profile, rule: alert?.rule ?? null,
      alerts: alert ? [alert.id] : [], what, origin, opened_by: by, opened_ms: now, state: "reported", assigned: null,
      contract: vendor ? { vendor: vendor.id, response_ms: vendor.response_ms, repair_ms: vendor.repair_ms } : null,
      steps: [], parts: [], reports: 0, done_ms: null, closed: null,
    };
    this.list.push(order);
    this.step(order, "reported", by, origin === "public" ? "public" : "person", text(""), now);
    return order;
  }

  step(order, state, by, by_kind, note, at_ms) {
    order.state = state;
    order.steps.push({ state, state_text: STATES[state], at_ms, by, by_kind, note });
  }

  assignee(to) {
    const vendor = VENDORS.find((entry) => entry.id === to);
    return { vendor: vendor?.id ?? null, name: vendor?.name ?? to, phone: vendor?.phone ?? null };
  }

  over(order, state, { by, by_kind, reason, proven }, now) {
    this.step(order, state, by, by_kind, reason, now);
    order.closed = { at_ms: now, by, by_kind, reason, proven };
  }

  move(order, { state, by, note = "", to, parts = [], reason }, now) {
    if (state === "assigned") order.assigned = this.assignee(to);
    if (state === "done") order.done_ms = now;
    order.parts.push(...parts);
    if (state === "closed" || state === "cancelled") this.over(order, state, { by, by_kind: "person", reason: text(reason), proven: false }, now);
    else this.step(order, state, by, "person", text(note), now);
  }

  /** Eight hours of service a day, near enough. */
  clock(order, end, limit, now) {
    const until = end ?? now;
    const wall = until - order.opened_ms;
    const service = Math.floor(wall / DAY) * 8 * HOUR + Math.min(wall % DAY, 8 * HOUR);
    return { service_ms: service, wall_ms: wall, running: end === null, due_ms: limit === null ? null : now + Math.max(limit - service, -HOUR), late: limit !== null && service > limit };
  }

  shown(order, now) {
    const attended = order.steps.find((step) => ATTENDED.includes(step.state))?.at_ms ?? order.closed?.at_ms ?? null;
    const next = NEXT[order.state].map((state) => ({ state, text: STATES[state] }));
    const done = order.done_ms ?? order.closed?.at_ms ?? null;
    return {
      ...order, state_text: STATES[order.state], next,
      response: this.clock(order, attended, order.contract?.response_ms ?? null, now), repair: this.clock(order, done, order.contract?.repair_ms ?? null, now),
    };
  }

  find(state, limit, now) {
    const wanted = this.list.filter((order) => state === "all" || (order.closed === null) === (state !== "closed"));
    return wanted.sort((a, b) => b.opened_ms - a.opened_ms).slice(0, limit).map((order) => this.shown(order, now));
  }

  make({ device, what = "", by, alert: id }, now) {
    const alert = id ? this.alerts.list.find((entry) => entry.id === id) : null;
    if (!devices(now).some((entry) => entry.id === device)) return refuse(400, `没有设备 \`${device}\`；检查编号`, `no device \`${device}\`; check the id`);
    if (!alert && what.trim() === "") return refuse(400, "请写明故障现象", "say what is wrong");
    const twin = this.list.find((order) => order.closed === null && order.device === device && order.rule === (alert?.rule ?? null));
    if (twin) return refuse(409, `同一故障已有未结工单 \`${twin.id}\`；请在该工单上继续处理`, `go on with order \`${twin.id}\``);
    return [200, this.shown(this.add({ device, what: what.trim() ? text(what) : alert.text, origin: alert ? "alert" : "person", by, alert }, now), now)];
  }

  take(id, step, now) {
    const order = this.list.find((entry) => entry.id === id);
    if (!order) return noOrder();
    if (!NEXT[order.state].includes(step.state)) return refuse(409, "工单状态已改变，请刷新后再试", "the order has moved on; look again");
    if (step.state === "assigned" && !step.to) return refuse(400, "`to` 写维保单位的 id，或人员姓名", "write the id of a vendor or a person's name as `to`");
    if (["closed", "cancelled"].includes(step.state) && !step.reason) return refuse(400, "请写明原因", "say why");
    this.move(order, step, now);
    return [200, this.shown(order, now)];
  }

  figures(from, to, now) {
    const inRange = this.list.filter((order) => order.opened_ms >= from && order.opened_ms < to).map((order) => this.shown(order, now));
    const mean = (list) => (list.length === 0 ? null : list.reduce((sum, n) => sum + n, 0) / list.length);
    const group = (key, orders) => {
      const closed = orders.filter((order) => order.state === "closed");
      const bound = orders.filter((order) => order.contract !== null);
      return {
        key, orders: orders.length, cancelled: orders.filter((order) => order.state === "cancelled").length, closed: closed.length, proven: closed.filter((order) => order.closed.proven).length,
        repair_service_ms: mean(closed.map((order) => order.repair.service_ms)), repair_wall_ms: mean(closed.map((order) => order.repair.wall_ms)),
        response_service_ms: mean(orders.filter((order) => !order.response.running).map((order) => order.response.service_ms)), response_wall_ms: null,
        service_ms: 160 * HOUR * orders.length, failures: orders.length, mtbf_service_ms: orders.length > 0 ? 160 * HOUR : null,
        first_time_fix: closed.length > 0 ? 1 : null, response_in_time: mean(bound.map((order) => Number(!order.response.late))), repair_in_time: mean(bound.map((order) => Number(!order.repair.late))),
      };
    };
    const by = (keyOf) => Array.from(new Set(inRange.map(keyOf)), (key) => group(key, inRange.filter((order) => keyOf(order) === key)));
    return {
      from_ms: from, to_ms: to, all: group("", inRange), vendors: by((order) => order.contract?.vendor ?? ""), profiles: by((order) => order.profile), kinds: by((order) => order.kind),
      repeats: [{ device: "ticket_machine-03", rule: "KS004", orders: ["WO-20261101-002", "WO-20261109-001", "WO-20261117-004"] }], parts: inRange.flatMap((order) => order.parts),
    };
  }

  /** Status and body; null when the path is another's. */
  async answer({ post, path, query, body, now }) {
    if (path === "/orders") return post ? this.make(await body(), now) : [200, { now_ms: now, orders: this.find(query.get("state") ?? "open", Number(query.get("limit") ?? 200), now), overdue: [] }];
    const step = /^\/orders\/([^/]+)\/step$/.exec(path);
    if (step && post) return this.take(decodeURIComponent(step[1]), await body(), now);
    const one = /^\/orders\/([^/]+)$/.exec(path);
    if (one) {
      const order = this.list.find((entry) => entry.id === decodeURIComponent(one[1]));
      return order ? [200, this.shown(order, now)] : noOrder();
    }
    if (path === "/vendors") return [200, { vendors: VENDORS }];
    return path === "/repair" ? [200, this.figures(Number(query.get("from_ms")), Number(query.get("to_ms")), now)] : null;
  }
}
