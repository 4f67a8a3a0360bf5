// Meters that people read, amounts of some days, and what is taken back.
import { api } from "../browser.mjs";
import { complaint, fill, isAsking, monthsOf, openReports, ownErrors, posts, send, told } from "./view.mjs";

const meterOf = async (page, id) => (await told(page)).meters.find((meter) => meter.id === id);
const row = (page, id) => page.textContent(`[data-meter="${id}"]`);
const last = (page) => page.textContent(".reading-last");

export async function readsMeters(hall) {
  const { check } = hall;
  const [, open] = await monthsOf(hall);
  const { page, context, seen } = await openReports(hall, "meters");
  const heard = posts(page, /^\/entries$/);
  check.that("a meter says what it showed last", /总水表.*12,811\.2 m³/.test(await row(page, "water-main")), await row(page, "water-main"));
  check.that("… or that nobody has read it", (await row(page, "heat-main")).includes("还没有读数"));
  check.that("what is read by itself is not read by people", (await page.$('[data-meter="mtr-01"] [data-deed="read"]')) === null && (await page.$('[data-meter="mtr-01"] [data-deed="amount"]')) !== null);
  await page.click('[data-meter="gas-kitchen"] [data-deed="read"]');
  check.that("the form has the meter, its unit and its last reading", (await page.inputValue('.ask [name="meter"]')) === "gas-kitchen" && (await page.textContent(".ask")).includes("（m³）") && (await last(page)).includes("8,021.4 m³"));
  const { now_ms } = await api(page, "/system");
  const at = await page.inputValue('.ask [name="at"]');
  check.that("the time is now in the hall, to the minute", /T\d\d:\d\d$/.test(at) && Math.abs(Date.parse(`${at}:00+08:00`) - now_ms) < 120_000, at);
  await fill(page, "by", "李工");
  await send(page);
  check.that("a reading needs a value", (await complaint(page)).includes("请填写数字") && heard.length === 0);
  await fill(page, "value", "802.9");
  await check.within("less than last time is seen before it is sent", 3, async () => (await last(page)).includes("比上次少 7,218.5 m³"));
  await send(page);
  await check.within("… and refused by the daemon with what to do", 5, async () => (await complaint(page)).includes("累计读数应在 8021.4 与"));
  await hall.shot(page, "reports-backwards-zh");
  await fill(page, "at", "2099-01-01T00:00");
  await send(page);
  check.that("what has not been cannot be entered", (await complaint(page)).includes("不晚于现在"));
  await fill(page, "at", at);
  await fill(page, "value", "8352.9");
  await check.within("how much more it is, is said", 3, async () => /比上次多 331\.5 m³（距上次 \d+ 天/.test(await last(page)), () => last(page));
  await send(page);
  await check.within("a reading is entered", 5, async () => !(await isAsking(page)) && (await row(page, "gas-kitchen")).includes("8,352.9 m³"));
  const sent = heard[heard.length - 1]?.body;
  check.that("… as a number at a moment", sent.value === 8352.9 && sent.at_ms === Date.parse(`${at}:00+08:00`) && !("first_of_new" in sent) && !("why" in sent), JSON.stringify(sent));
  check.that("… and listed with who", /食堂燃气表 .*8352\.9 m³.*李工/s.test(await page.textContent("[data-entry] >> nth=0")));
  await page.goto(`${hall.base}/#/reports/${open}`);
  await check.within("it no longer stands in the way", 10, async () => (await page.$$(".in-the-way [data-obstacle]")).length === 2);
  check.that("no console errors while reading meters", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function readsByKeyboard(hall) {
  const { check } = hall;
  const { page, context } = await openReports(hall, "meters");
  const heard = posts(page, /^\/entries$/);
  await page.focus('[data-meter="water-main"] [data-deed="read"]');
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ask");
  check.that("the name has the focus", (await page.evaluate(() => document.activeElement?.getAttribute("name"))) === "by");
  await page.keyboard.type("王师傅");
  await page.focus('.ask [name="value"]');
  await page.keyboard.type("3.5");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await check.within("the first reading of a new meter may be less", 3, async () => !(await last(page)).includes("比上次少"));
  await page.focus('.ask [name="value"]');
  await page.keyboard.press("Enter");
  await check.within("… and is entered by keyboard alone", 5, async () => !(await isAsking(page)) && heard[0]?.body.first_of_new === true);
  check.that("the focus comes back to the meter", await page.evaluate(() => document.activeElement?.closest('[data-meter="water-main"]') !== null));
  await check.within("… which shows it", 5, async () => (await row(page, "water-main")).includes("3.5 m³") && (await page.textContent("[data-entry] >> nth=0")).includes("换表后"));
  check.that("its last reading is the new one", (await meterOf(page, "water-main")).last.value === 3.5);
  await context.close();
}

export async function entersAmount(hall) {
  const { check } = hall;
  const [, open] = await monthsOf(hall);
  const { page, context, seen } = await openReports(hall, "meters");
  const heard = posts(page, /^\/entries$/);
  await page.click('[data-meter="mtr-01"] [data-deed="amount"]');
  await fill(page, "by", "张会计");
  await fill(page, "first", `${open}-03`);
  await fill(page, "last", `${open}-01`);
  await fill(page, "value", "120");
  await send(page);
  check.that("days have an order", (await complaint(page)).includes("先早后晚") && heard.length === 0);
  await fill(page, "first", `${open}-01`);
  await fill(page, "last", `${open}-03`);
  await send(page);
  check.that("an amount needs a reason", (await complaint(page)) === "请写明原因。" && heard.length === 0);
  await page.check('.ask [name="estimated"]');
  await fill(page, "why", "关口电表校验，停表三天");
  await hall.shot(page, "reports-amount-zh");
  await send(page);
  await check.within("an amount of some days is entered", 5, async () => !(await isAsking(page)) && (await page.textContent("[data-entry] >> nth=0")).includes("停表三天"));
  check.that("… as it was written", JSON.stringify(heard[0]?.body) === JSON.stringify({ meter: "mtr-01", by: "张会计", why: "关口电表校验，停表三天", value: 120, first: `${open}-01`, last: `${open}-03`, estimated: true }), JSON.stringify(heard[0]?.body));
  await page.click(".language-button");
  check.that("… and told in both languages", /Grid meter .*120 kWh, estimated/.test(await page.textContent("[data-entry] >> nth=0")), await page.textContent("[data-entry] >> nth=0"));
  check.that("no console errors while entering", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function takesBack(hall) {
  const { check } = hall;
  const { page, context, seen } = await openReports(hall, "meters");
  const heard = posts(page, /take-back$/);
  const before = await page.textContent('[data-entry="5"]');
  check.that("what was taken back is struck through, with who and why", /已撤销.*李工: 小数点写错/.test(before) && (await page.$('[data-entry="5"] del')) !== null && (await page.$('[data-entry="5"] button')) === null, before);
  const { id } = (await told(page)).entries[0];
  await page.click(`[data-entry="${id}"] [data-deed="take-back"]`);
  check.that("the form says what is taken back", (await page.textContent(".ask-text")).includes("120 kWh"));
  await fill(page, "by", "李工");
  await send(page);
  check.that("it needs a reason", (await complaint(page)) === "请写明原因。" && heard.length === 0);
  await fill(page, "why", "重复录入");
  await send(page);
  await check.within("an entry is taken back, and stays on the list", 5, async () => /已撤销.*李工: 重复录入/.test(await page.textContent(`[data-entry="${id}"]`)) && (await page.$(`[data-entry="${id}"] del`)) !== null);
  check.that("… with who and why", JSON.stringify(heard[0]?.body) === JSON.stringify({ by: "李工", why: "重复录入" }));
  await page.route("**/take-back", (route) => route.fulfill({ status: 404, json: { status: 404, hint: { zh: "请刷新列表", en: "load the list again" } } }));
  await page.click('[data-entry="1"] [data-deed="take-back"]');
  await fill(page, "why", "试试");
  await send(page);
  await check.within("what somebody else took back is told", 5, async () => (await complaint(page)) === "请刷新列表");
  await page.keyboard.press("Escape");
  await page.screenshot({ path: hall.path("reports-meters-zh"), fullPage: true });
  check.that("no console errors while taking back", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}
