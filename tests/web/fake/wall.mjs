// What is announced in the made-up hall.
import { text } from "./hall.mjs";

const MINUTE = 60_000;
const KEPT = 50;
const SITE = text("东城区政务服务中心", "Dongcheng Public Service Centre");
const SEVERITY = { critical: text("严重", "critical"), major: text("重要", "major"), minor: text("次要", "minor"), info: text("提示", "info") };

export class Wall {
  announcements = [];

  constructor(now) {
    this.announce({ severity: "critical", zh: "2 号逆变器 漏电流超限 312 mA", en: "inverter 2: residual current 312 mA, over the limit" }, now - 4 * MINUTE);
    this.announce({ severity: "major", over: true, zh: "取号机 3 缺纸停用", en: "ticket machine 3 is out of paper" }, now - 3 * MINUTE);
  }

  announce({ severity, over = false, zh, en, alerts = [] }, now) {
    const title = text(`${over ? "✔" : "●"} ${SEVERITY[severity].zh} ${over ? "已恢复" : "新告警"}｜${SITE.zh}`, `${over ? "✔" : "●"} ${SEVERITY[severity].en} ${over ? "over" : "new alert"} | ${SITE.en}`);
    const lines = (first, what, where) => `${first}\n${what}\n${where}\nhttps://hall.example.org/`;
    const said = { at_ms: now, channel: "hall-sound", severity, title, text: text(lines(title.zh, zh, "位置：一层综合大厅"), lines(title.en, en, "where: main hall, 1st floor")), alerts };
    this.announcements.unshift(said);
    this.announcements.splice(KEPT);
    return said;
  }

  told(now) {
    return { now_ms: now, announcements: this.announcements };
  }
}
