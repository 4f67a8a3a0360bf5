// What can be done about an open alert: found, acknowledged for some hours, silenced, its device taken into maintenance.
import { api, sleep } from "../browser.mjs";
import { marks } from "../service/view.mjs";
import { complaint, isAsking, openTab, ownErrors, pick, picked, posts, send } from "./view.mjs";

const ofRule = async (page, rule, device) => (await api(page, "/alerts?state=active&limit=200")).alerts.find((alert) => alert.rule === rule && (!device || alert.device === device));
const rowOf = (alert) => `[data-alert="${alert.id}"]`;

export async function foldsUnder(hall) {
  const { check } = hall;
  const { page, context } = await openTab(hall, "open");
  const line = await ofRule(page, "SY015");
  const row = rowOf(line);
  check.that("what another alert says lies under that one", (await page.textContent(`${row} .folded .fold`)) === "2 条已并入");
  check.that("… folded", (await page.$(`${row} [data-alert]`)) === null);
  await page.focus(`${row} .fold`);
  await page.keyboard.press("Enter");
  await check.within("… and is unfolded by keyboard", 3, async () => (await page.$$(`${row} [data-alert]`)).length === 2);
  check.that("those say why they are quiet", (await page.textContent(`${row} .folded [data-alert]`)).includes("受抑制"));
  check.that("they stand nowhere else", (await marks(page, "alert")).filter((id, i, all) => all.indexOf(id) !== i).length === 0);
  check.that("what nobody has taken comes first", (await page.getAttribute(".desk-alerts > .alert", "class")).includes("sev-critical"));
  const taken = await page.textContent(rowOf(await ofRule(page, "PV002")));
  const missed = await page.textContent(rowOf(await ofRule(page, "KS001", "approval_kiosk-04")));
  check.that("a channel that fails is not said to have told anybody", missed.includes("已通知：值班群") && missed.includes("未送达，正在重试：电工短信"), missed);
  check.that("… but for what it told before it failed", taken.includes("已通知：值班群、电工短信"), taken);
  check.that("who knows, until when, and its order are said", /王师傅.*有效至 \d\d:\d\d/.test(taken) && /工单 WO-\d+-001：赶往现场/.test(taken), taken);
  await hall.shot(page, "alerts-folded-zh");
  await context.close();
}

/** What is no alert yet is told where somebody looks for it, and counts down. */
export async function tellsSuspects(hall) {
  const { check } = hall;
  const { page, context, seen } = await openTab(hall, "open");
  await page.waitForSelector('[data-testid="suspects"]');
  const told = () => page.textContent('[data-testid="suspects"]');
  check.that("what is about to be an alert is folded", (await told()).startsWith("即将告警 2 条") && !(await page.isVisible("[data-suspect]")));
  await page.focus('[data-testid="suspects"] summary');
  await page.keyboard.press("Enter");
  check.that("… with its device, what is wrong and how long it has", /办税终端 2.*离线.*再持续 2 分钟.*即告警/.test(await told()), await told());
  check.that("labels of a rule stand beside its alert", (await page.textContent('[data-label="班组"]')) === "班组：电工班");
  await hall.shot(page, "alerts-suspects-zh");
  await page.click('[data-suspect="KS001"] .alert-device');
  await check.within("… and its device opens", 5, async () => (await page.textContent(".drawer h2")) === "办税终端 2");
  await page.keyboard.press("Escape");
  await page.click(".language-button");
  check.that("… in both languages", /2 about to become alerts.*Tax terminal 2 is offline.*an alert in 2 min/.test(await told()), await told());
  check.that("no console errors about suspects", seen.errors.length === 0, seen.errors.join(" | "));
  await context.close();
}

export async function namesMachines(hall) {
  const { check } = hall;
  const { page, context, seen } = await openTab(hall, "open");
  const gone = await ofRule(page, "SY017");
  const chips = `${rowOf(gone)} > .alert-body .alert-machines [data-chip]`;
  check.that("an alert for many names the first of them", (await page.$$(chips)).length === 8);
  check.that("… by their names, not their ids", (await page.textContent(chips)) === "体检机 1" && !(await page.textContent(rowOf(gone))).includes("health_check_machine"), await page.textContent(chips));
  await page.click(`${rowOf(gone)} .chip-more`);
  await check.within("… and all when asked", 3, async () => (await page.$$(chips)).length === 12);
  await page.focus(`${rowOf(gone)} [data-chip="tax_terminal-09"]`);
  await page.keyboard.press("Enter");
  await check.within("a chip opens its device", 5, async () => (await page.textContent(".drawer h2")) === "办税终端 9");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".drawer", { state: "detached" });
  check.that("… and the focus comes back to it", await page.evaluate(() => document.activeElement?.dataset.chip === "tax_terminal-09"));
  await hall.shot(page, "alerts-machines-zh");
  await page.click(".language-button");
  check.that("… in the reader's language", (await page.textContent(chips)) === "Health-check machine 1", await page.textContent(chips));
  await hall.shot(page, "alerts-machines-en");
  check.that("no console errors among the machines", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function tellsCost(hall) {
  const { check } = hall;
  const { page, context } = await openTab(hall, "open");
  const costOf = async (rule) => {
    const found = await page.$(`${rowOf(await ofRule(page, rule))} [data-testid="cost"]`);
    return found && (await found.textContent());
  };
  check.that("what an alert costs is said", (await costOf("SY015")) === "少发 12.3 kWh，约 9.8 元；影响服务 45 分钟", await costOf("SY015"));
  check.that("… as far as it is known", (await costOf("PV009")) === "少发 860 Wh" && (await costOf("KS004")) === "影响服务 12 分钟", `${await costOf("PV009")} ${await costOf("KS004")}`);
  check.that("… and nothing where there is none", (await costOf("KS003")) === null);
  await page.click(".language-button");
  check.that("… in English, too", (await costOf("SY015")) === "Cost so far: 12.3 kWh not made, about CNY 9.8; 45 min of service", await costOf("SY015"));
  await context.close();
}

export async function filters(hall) {
  const { check } = hall;
  const { page, context } = await openTab(hall, "open");
  const { alerts } = await api(page, "/alerts?state=active&limit=200");
  const shown = async () => (await page.$$(".desk-alerts > .alert")).length;
  const all = await shown();
  await page.click('[data-severity="minor"]');
  await check.within("alerts are narrowed by severity", 3, async () => (await shown()) === alerts.filter((alert) => alert.severity === "minor").length);
  check.that("… and it says how many of how many", /显示 \d+ \/ \d+ 条/.test(await page.textContent(".desk-note")));
  await page.click('[data-severity="minor"]');
  await page.selectOption('select[aria-label="区域"]', "roof");
  await check.within("… by zone", 3, async () => (await shown()) === alerts.filter((alert) => alert.zone === "roof").length);
  await page.selectOption('select[aria-label="区域"]', "");
  await page.selectOption('select[aria-label="设备类型"]', "meter");
  await check.within("… by kind, and one that lies under another is found there", 3, async () => (await shown()) === 1 && (await page.$('.desk-alerts [aria-expanded]')) !== null);
  await page.selectOption('select[aria-label="设备类型"]', "");
  await page.click('[data-testid="nobody"]');
  await check.within("… by whether nobody is on it", 3, async () => (await shown()) < all && !(await page.textContent(".desk-alerts")).includes("王师傅"));
  check.that("… which leaves out what is silenced", !(await page.textContent(".desk-alerts")).includes("读卡失败率"));
  await context.close();
}

export async function acknowledgesForHours(hall) {
  const { check } = hall;
  const { page, context, seen } = await openTab(hall, "open");
  const heard = posts(page, /\/acknowledge$/);
  const alert = await ofRule(page, "KS004");
  await page.focus(`${rowOf(alert)} [data-deed="acknowledge"]`);
  await page.keyboard.press("Enter");
  await check.within("acknowledging asks", 3, () => isAsking(page));
  check.that("the name has the focus", (await page.evaluate(() => document.activeElement?.getAttribute("name"))) === "by");
  await send(page);
  check.that("without a name nothing is sent", (await complaint(page)) === "请填写姓名。" && heard.length === 0);
  await page.fill('.ask input[name="by"]', "赵工");
  await page.keyboard.press("Tab");
  await page.keyboard.type("在换纸");
  await page.keyboard.press("Tab");
  for (let i = 0; i < 3; i += 1) await page.keyboard.press("ArrowRight");
  await hall.shot(page, "alerts-acknowledge-zh");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await check.within("by keyboard alone it is acknowledged", 5, async () => !(await isAsking(page)) && heard.length === 1);
  check.that("… for the hours that were chosen", JSON.stringify(heard[0]?.body) === '{"by":"赵工","note":"在换纸","for_h":8}', JSON.stringify(heard[0]?.body));
  await check.within("… and shown with who, what and until when", 5, async () => /赵工.*有效至.*在换纸/s.test(await page.textContent(rowOf(alert))));
  check.that("the state follows", (await page.textContent(`${rowOf(alert)} [data-state]`)) === "已确认");
  check.that("who pressed Enter is still at that alert", await page.evaluate(() => document.activeElement?.closest("[data-alert]") !== null));
  check.that("no console errors while acknowledging", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function silencesAnAlert(hall) {
  const { check } = hall;
  const { page, context, seen } = await openTab(hall, "open");
  const heard = posts(page, /^\/silences$/);
  const alert = await ofRule(page, "KS003", "tax_terminal-05");
  await page.click(`${rowOf(alert)} [data-deed="silence"]`);
  await page.waitForSelector('.ask option[value="KS004"]', { state: "attached" });
  check.that("a silence is prefilled with the rule and the device", (await picked(page)) === "device/tax_terminal-05,rule/KS003", await picked(page));
  check.that("… and says what it is for now", (await page.textContent('[data-testid="matches"]')) === "目前有 1 条未恢复告警符合。");
  await page.fill('.ask input[name="by"]', "李工");
  await pick(page, "length", "1");
  await send(page);
  check.that("a silence needs a reason", (await complaint(page)) === "请写明原因。" && heard.length === 0);
  await page.fill('.ask textarea[name="why"]', "下午统一换纸");
  const before = Date.now();
  const { now_ms: now } = await api(page, "/hall");
  await send(page);
  await check.within("a silence is set", 5, async () => !(await isAsking(page)) && heard.length === 1);
  const { until_ms: until, ...rest } = heard[0]?.body ?? {};
  check.that("… for the device and the rule", JSON.stringify(rest) === JSON.stringify({ effect: "silence", matcher: { rules: ["KS003"], devices: ["tax_terminal-05"], zones: [], kinds: [], severity_max: null }, by: "李工", why: "下午统一换纸" }), JSON.stringify(rest));
  check.that("… for an hour", Math.abs(until - now - 3_600_000) < 5_000 + Date.now() - before, `${until - now}`);
  await check.within("the alert says that it is silenced", 8, async () => (await page.textContent(`${rowOf(alert)} .alert-head`)).includes("静默"));
  check.that("no console errors while silencing", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function maintains(hall) {
  const { check } = hall;
  const { page, context } = await openTab(hall, "open");
  const heard = posts(page, /^\/silences$/);
  const alert = await ofRule(page, "KS006");
  await page.click(`${rowOf(alert)} [data-deed="maintenance"]`);
  await page.waitForSelector(".ask");
  check.that("maintenance is of the device, whatever the rule", (await picked(page)) === "device/tax_terminal-07");
  check.that("… and says what it does", (await page.textContent(".ask")).includes("不判断故障"));
  await page.fill('.ask input[name="by"]', "李工");
  await page.fill('.ask textarea[name="why"]', "更换风扇");
  await pick(page, "length", "24");
  await send(page);
  await check.within("maintenance is set", 5, async () => !(await isAsking(page)) && heard[0]?.body.effect === "maintenance" && heard[0].body.matcher.rules.length === 0);
  await page.click(`${rowOf(alert)} [data-deed="silence"]`);
  await page.keyboard.press("Escape");
  await sleep(200);
  check.that("Escape leaves a form", !(await isAsking(page)));
  await context.close();
}
