// The reports and the books of the made-up hall: the month that runs, one to be closed, and a year that was.
import { createHash } from "node:crypto";
import { refuse } from "./desk.mjs";
import { HOUR, noise, text } from "./hall.mjs";

const DAY = 24 * HOUR;
const ZONE_OFFSET = 8 * HOUR;
const MONTHS = 17;
const ROLES = ["made", "checked", "approved"];
const LOOK = /^(\d{4}|\d{4}-Q[1-4]|\d{4}-(0[1-9]|1[0-2])|\d{4}-W(0[1-9]|[1-4]\d|5[0-3])|\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))$/;
const ENGLISH = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const TYPES = { html: "text/html; charset=utf-8", pdf: "application/pdf", xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", csv: "text/csv; charset=utf-8" };

const METERS = [
  { id: "water-main", name: text("总水表", "Main water meter"), supply: "water", unit: "m³", by_hand: true },
  { id: "gas-kitchen", name: text("食堂燃气表", "Kitchen gas meter"), supply: "gas", unit: "m³", by_hand: true },
  { id: "heat-main", name: text("供热总表", "Main heat meter"), supply: "heat", unit: "GJ", by_hand: true },
  { id: "mtr-01", name: text("关口电表", "Grid meter"), supply: "electricity", unit: "kWh", by_hand: false },
  { id: "mtr-02", name: text("光伏电表", "PV meter"), supply: "electricity", unit: "kWh", by_hand: false },
];

const dateOf = (ms) => new Date(ms + ZONE_OFFSET).toISOString().slice(0, 10);
const minuteOf = (ms) => new Date(ms + ZONE_OFFSET).toISOString().slice(0, 16).replace("T", " ");
const startOf = (date) => Date.parse(`${date}T00:00:00Z`) - ZONE_OFFSET;
/** "2026-11" and so many months before. */
function monthBefore(month, n) {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 - n, 15)).toISOString().slice(0, 7);
}
function textOf(period) {
  const [year, rest = ""] = period.split("-");
  if (/^\d\d$/.test(rest)) return text(`${year}年${Number(rest)}月`, `${ENGLISH[rest - 1]} ${year}`);
  return rest.startsWith("Q") ? text(`${year}年第${rest[1]}季度`, `${rest} ${year}`) : text(period);
}
/** First and last day, near enough for a made-up hall. */
function daysOf(period) {
  const [year, rest = ""] = period.split("-");
  const endOf = (month) => new Date(Date.UTC(Number(year), month, 0)).toISOString().slice(0, 10);
  if (period.length === 10) return [period, period];
  if (/^\d\d$/.test(rest)) return [`${period}-01`, endOf(Number(rest))];
  if (rest.startsWith("Q")) return [`${year}-${String(rest[1] * 3 - 2).padStart(2, "0")}-01`, endOf(rest[1] * 3)];
  if (!rest.startsWith("W")) return [`${year}-01-01`, `${year}-12-31`];
  const fourth = Date.UTC(Number(year), 0, 4);
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY + (Number(rest.slice(1)) - 1) * 7 * DAY;
  return [monday, monday + 6 * DAY].map((ms) => new Date(ms).toISOString().slice(0, 10));
}

const goodName = (by) => typeof by === "string" && by.trim().length >= 1 && by.length <= 64;
const noName = () => refuse(400, "`by` has 1 to 64 characters", "请填写姓名（1 至 64 个字）", "give a name of 1 to 64 characters");
const hashOf = (word) => createHash("sha256").update(word).digest("hex");

export class Books {
  constructor(now) {
    const month = dateOf(now).slice(0, 7);
    const month_ends = (n) => startOf(`${monthBefore(month, n - 1)}-01`);
    this.entries = [];
    this.seals = [];
    /** What is closed again has to have changed. */
    this.changes = 1;
    const seal = (period, revision, why, at_ms, signed) => this.seals.push({
      period, revision, who: "张会计", why, at_ms, hash: hashOf(`${period}/${revision}`), changes: 0,
      signatures: signed.map(([role, who], i) => ({ role, who, at_ms: at_ms + (i + 1) * HOUR })),
    });
    const all = [["made", "张会计"], ["checked", "李工"], ["approved", "王主任"]];
    for (let n = MONTHS - 1; n >= 3; n -= 1) seal(monthBefore(month, n), 1, "", month_ends(n) + 2 * DAY, all);
    seal(monthBefore(month, 2), 1, "", month_ends(2) + DAY, all);
    seal(monthBefore(month, 2), 2, "更正食堂燃气表读数", month_ends(2) + 6 * DAY, all.slice(0, 1));
    this.month = month;
    this.quarter = `${monthBefore(month, 6).slice(0, 4)}-Q1`;
    seal(this.quarter, 1, "", month_ends(3) + 5 * DAY, all.slice(0, 2));
    const shown = (meter, at_ms, value, who, more = {}) => this.add({ meter, at_ms, value, who, why: "", ...more }, Math.min(now, at_ms + HOUR));
    shown("water-main", month_ends(2) + 9 * HOUR, 12_345.6, "李工");
    shown("gas-kitchen", month_ends(2) + 9.2 * HOUR, 8_021.4, "李工");
    shown("water-main", month_ends(1) + 9 * HOUR, 12_811.2, "李工");
    this.add({ meter: "mtr-02", first: `${monthBefore(month, 1)}-12`, last: `${monthBefore(month, 1)}-13`, value: 310.5, estimated: true, who: "张会计", why: "光伏电表更换，停表两天" }, month_ends(1) - 10 * DAY);
    shown("gas-kitchen", month_ends(1) + 9.2 * HOUR, 80_432.1, "李工");
    this.entries[this.entries.length - 1].taken_back = "李工: 小数点写错";
  }

  add(entry, at_ms) {
    const meter = METERS.find((one) => one.id === entry.meter);
    const what = entry.at_ms === undefined
      ? text(`${entry.first} 至 ${entry.last} ${entry.estimated ? "估算" : "补录"} ${entry.value} ${meter.unit}`, `${entry.first} to ${entry.last}: ${entry.value} ${meter.unit}, ${entry.estimated ? "estimated" : "by hand"}`)
      : text(`${minuteOf(entry.at_ms)} 累计读数 ${entry.value} ${meter.unit}${entry.first_of_new ? "（换表后）" : ""}`, `${minuteOf(entry.at_ms)}: register ${entry.value} ${meter.unit}${entry.first_of_new ? ", new register" : ""}`);
    const id = this.entries.length + 1;
    this.entries.push({ ...entry, id, name: meter.name, what, entered_ms: at_ms });
    this.changes += 1;
    return id;
  }

  readings(meter) {
    return this.entries.filter((entry) => entry.meter === meter && entry.at_ms !== undefined && !entry.taken_back).sort((a, b) => a.at_ms - b.at_ms);
  }

  listed(period, now) {
    const own = this.seals.filter((seal) => seal.period === period);
    const since = own.length > 0 ? this.changes - own[own.length - 1].changes : 0;
    const revisions = own.map(({ period: _, changes: __, ...revision }) => revision).reverse();
    return { period, text: textOf(period), running: startOf(daysOf(period)[1]) + DAY > now, entries_since: since, revisions };
  }

  all(now) {
    const meters = METERS.map((meter) => {
      const last = this.readings(meter.id).pop();
      return last ? { ...meter, last: { at_ms: last.at_ms, value: last.value } } : meter;
    });
    const entries = this.entries.map(({ id, name, what, who, why, entered_ms: at_ms, taken_back }) => ({ id, name, what, who, why, at_ms, ...(taken_back ? { taken_back } : {}) })).reverse();
    return {
      now_ms: now, months: Array.from({ length: MONTHS }, (_, n) => this.listed(monthBefore(this.month, n), now)), others: [this.listed(this.quarter, now)],
      meters, entries, forms: ["json", "html", "pdf", "xlsx", "csv"],
    };
  }

  obstacles(period, now) {
    const [, last] = daysOf(period);
    const found = startOf(last) + DAY > now ? [text("报告期尚未结束", "the period is not over")] : [];
    if (period === monthBefore(this.month, 1)) found.push(text("有效记录不足 95%：3 号逆变器", "less than 95 % of the records are valid of inverter 3"));
    // Those of long ago were read.
    if (last < dateOf(now - 50 * DAY)) return found;
    return found.concat(METERS.filter((meter) => meter.by_hand && !this.readings(meter.id).some((entry) => entry.at_ms >= startOf(last)))
      .map(({ name }) => text(`${name.zh} 没有期末读数（${last} 或之后）`, `${name.en} was not read on ${last} or later`)));
  }

  figures(period, seal, now) {
    const [first, last] = daysOf(period);
    const seed = Number(hashOf(period).slice(0, 4).replace(/\D/g, "7")) + (seal ? seal.revision : this.changes) / 100;
    const of = (value) => ({ value });
    const none = (zh, en) => ({ value: null, why: text(zh, en) });
    const figures = (by) => ({ total_kwh: of(68_000 * by), import_kwh: of(41_000 * by), export_kwh: of(1_200 * by), pv_kwh: of(28_200 * by), per_day_kwh: of(2_230 * by) });
    const by = 0.9 + 0.2 * noise(seed);
    return {
      schema: "hallwatch-report/1", period, first, last, running: startOf(last) + DAY > now, electricity: { ...figures(by), renewable_share: of(0.397) },
      before: { period: monthBefore(first.slice(0, 7), 1), ...figures(1) },
      roof: { plant: { pr: none("有效记录不足 90%", "less than 90 % of the records are valid"), final_yield_h: of(70.5 * by) } },
      supplies: [
        { supply: "water", unit: "m³", total: of(465.6 * by) },
        { supply: "gas", unit: "m³", total: seal ? of(310.2) : none("食堂燃气表没有期末读数", "the kitchen gas meter was not read at the end") },
      ],
      carbon: { grid_kg: of(22_771 * by) },
      remarks: [text("电量按电表累计读数之差", "energies are differences of registers"), text("“电网平均排放因子”的出处（2023 年公告）未经核对原文", "the document of `carbon dioxide of the grid` was not checked against the original")],
      obstacles: seal ? [] : this.obstacles(period, now),
    };
  }

  close(period, { by, why }, now) {
    if (!goodName(by)) return noName();
    const ways = this.obstacles(period, now);
    if (startOf(daysOf(period)[1]) + DAY > now) return refuse(409, `\`${period}\` is not over`, `\`${period}\` 尚未结束，不能关账`, `\`${period}\` is not over and cannot be closed`);
    if (ways.length > 0 && !why?.trim()) {
      const told = (of, between) => ways.map((way) => way[of]).join(between);
      return refuse(409, "something stands in the way", `暂不能关账：${told("zh", "；")}。处理后再关账，或写明原因后强制关账`, `it cannot be closed: ${told("en", "; ")}. Mend that, or say why it is closed all the same`);
    }
    const before = this.seals.filter((seal) => seal.period === period).pop();
    if (before?.changes === this.changes) return refuse(409, "the same", "没有变化，无需再次关账", "nothing has changed: it need not be closed again");
    const revision = (before?.revision ?? 0) + 1;
    this.seals.push({ period, revision, who: by, why: why ?? "", at_ms: now, hash: hashOf(`${period}/${revision}/${now}`), changes: this.changes, signatures: [] });
    return [200, this.listed(period, now).revisions[0]];
  }

  sign(period, { by, role }, now) {
    if (!goodName(by)) return noName();
    const seal = this.seals.filter((one) => one.period === period).pop();
    if (!seal) return refuse(404, "not closed", "请先关账", "close it first");
    const made = seal.signatures.find((signature) => signature.role === "made");
    if (seal.signatures.some((signature) => signature.role === role)) return refuse(409, "signed already", "该栏已签", "this place is taken");
    if (ROLES[seal.signatures.length] !== role) return refuse(409, "too early", "请按编制、审核、批准的顺序签", "made, then checked, then approved");
    if (role === "approved" && made?.who === by) return refuse(409, "same person", "编制与批准不能是同一人", "who made it does not approve it");
    seal.signatures.push({ role, who: by, at_ms: now });
    return [200, this.listed(period, now).revisions[0]];
  }

  enter({ meter: id, by, why, value, at_ms, first_of_new, first, last, estimated }, now) {
    const meter = METERS.find((one) => one.id === id);
    if (!meter) return refuse(404, "no such meter", "没有这块表", "there is no such meter");
    if (!goodName(by)) return noName();
    if (at_ms === undefined) {
      if (!why?.trim()) return refuse(400, "no reason", "请写明原因", "say why");
      if (!(first <= last)) return refuse(400, "no span", "起止日期应先早后晚，且不超过 400 天", "the first day is before the last, by 400 days at most");
      return [200, { id: this.add({ meter: id, first, last, value, estimated: estimated === true, who: by, why }, now) }];
    }
    if (!meter.by_hand) return refuse(400, "read by itself", "该表自动采集，只能补录电量", "it is read by itself: enter an amount of some days");
    if (at_ms > now) return refuse(400, "ahead", "不能录入将来的数据", "what has not been cannot be entered");
    const before = this.readings(id).filter((entry) => entry.at_ms <= at_ms).pop();
    if (before && before.value > value && !first_of_new) {
      return refuse(409, "backwards", `累计读数应在 ${before.value} 与 — 之间；若换过表，请勾选“换表后的首次读数”`, `the register has to be between ${before.value} and —; where the meter was changed, say that it is the first value of a new one`);
    }
    return [200, { id: this.add({ meter: id, at_ms, value, first_of_new: first_of_new === true, who: by, why: why ?? "" }, now) }];
  }

  takeBack(id, { by, why }) {
    const entry = this.entries.find((one) => one.id === id && !one.taken_back);
    if (!entry) return refuse(404, "no such entry", "请刷新列表", "load the list again");
    if (!goodName(by)) return noName();
    if (!why?.trim()) return refuse(400, "no reason", "请写明原因", "say why");
    entry.taken_back = `${by}: ${why}`;
    this.changes += 1;
    return [200, { id }];
  }

  /** A file has headers and content, too. */
  async one(period, query, now) {
    if (!LOOK.test(period)) return refuse(400, "not a period", "写 2026-10（月）、2026-10-05（日）、2026-W41（周）、2026-Q4（季）或 2026（年）", "write 2026-10 for a month, 2026-10-05 for a day, 2026-W41, 2026-Q4 or 2026");
    const wanted = query.get("revision");
    const own = this.seals.filter((seal) => seal.period === period);
    const seal = query.get("now") === "true" ? undefined : wanted === null ? own[own.length - 1] : own.find((one) => one.revision === Number(wanted));
    const form = query.get("form") ?? "json";
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (form === "json") return [200, this.figures(period, seal, now)];
    const zh = query.get("lang") !== "en";
    const which = seal ? `R${seal.revision}` : zh ? "现在" : "now";
    const title = `${textOf(period)[zh ? "zh" : "en"]} ${which}`;
    const content = form === "html" ? `<!doctype html><html lang="${zh ? "zh-CN" : "en"}"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1></html>` : form === "pdf" ? `%PDF-1.7\n% ${title}\n` : title;
    return [200, content, { "Content-Type": TYPES[form], "Content-Disposition": `${query.get("save") === "true" ? "attachment" : "inline"}; filename="dongcheng-${period}.${form}"` }];
  }

  /** Status, body, and headers where it is a file; null when the path is another's. */
  async answer({ method, path, query, body, now }) {
    const post = method === "POST";
    if (path === "/reports") return [200, this.all(now)];
    const deed = /^\/reports\/([^/]+)\/(close|sign)$/.exec(path);
    if (deed && post) return this[deed[2]](decodeURIComponent(deed[1]), await body(), now);
    const one = /^\/reports\/([^/]+)$/.exec(path);
    if (one) return this.one(decodeURIComponent(one[1]), query, now);
    if (path === "/entries" && post) return this.enter(await body(), now);
    const taken = /^\/entries\/(\d+)\/take-back$/.exec(path);
    return taken && post ? this.takeBack(Number(taken[1]), await body()) : null;
  }
}
