// Silences and maintenance: read in words, made with hours and dates, refused, and ended.
import { api } from "../browser.mjs";
import { complaint, isAsking, openTab, ownErrors, pick, picked, posts, send } from "./view.mjs";

const row = (page, id) => page.textContent(`[data-silence="${id}"]`);

export async function readsSilences(hall) {
  const { check } = hall;
  const { page, context } = await openTab(hall, "silences");
  const states = await page.$$eval("[data-silence]", (all) => all.map((element) => element.dataset.state));
  check.that("what counts now comes first, what is over last", states.join() === "active,active,waiting,scheduled,over,over", states.join());
  const night = await row(page, "s-3");
  check.that("recurring ones are told in words", night.includes("工作日 22:00–次日 06:00") && night.includes("类型 取号机") && night.includes("级别不高于“次要”") && night.includes("等待时段"), night);
  check.that("… by their weekdays, too", (await row(page, "s-4")).includes("周六、周日 08:00–11:30"), await row(page, "s-4"));
  check.that("who and why are said", /李工.*厂家更换读卡器/.test(await row(page, "s-2")) && (await row(page, "s-2")).includes("医保终端 2"));
  check.that("how long it lasts is said", /还剩 \d+ (小时|分)/.test(await row(page, "s-2")), await row(page, "s-2"));
  await page.click(".desk .resolved summary");
  check.that("who ended one is said", /结束人 赵工/.test(await row(page, "s-6")), await row(page, "s-6"));
  check.that("what is over cannot be ended", (await page.$('[data-silence="s-6"] [data-testid="end"]')) === null);
  await page.click(".language-button");
  const english = await row(page, "s-3");
  check.that("… in English, too", english.includes("Working days 22:00–06:00 the next day") && english.includes("not worse than “Minor”"), english);
  await context.close();
}

export async function refusesNonsense(hall) {
  const { check } = hall;
  const { page, context } = await openTab(hall, "silences");
  const heard = posts(page, /^\/silences$/);
  await page.click('[data-new="silence"]');
  await page.fill('.ask input[name="by"]', "李工");
  await page.fill('.ask textarea[name="why"]', "试试");
  await send(page);
  check.that("not everything can be silenced", (await complaint(page)) === "请至少选择一项范围，不能静默全部。");
  await page.selectOption('.ask select[name="zone"]', "f2");
  await pick(page, "length", "until");
  await page.fill('.ask input[name="end_at"]', "2020-01-01T08:00");
  await send(page);
  check.that("an end that is past is refused here", (await complaint(page)) === "结束时间必须晚于开始时间和现在。");
  await page.fill('.ask input[name="end_at"]', "2029-01-01T08:00");
  check.that("nothing has been sent so far", heard.length === 0);
  await send(page);
  await check.within("what the daemon refuses is told with its hint", 5, async () => (await complaint(page)) === "最长 366 天");
  check.that("… and what was typed stays", (await page.inputValue('.ask textarea[name="why"]')) === "试试");
  await pick(page, "repeats", "weekdays");
  await send(page);
  check.that("weekdays need a day", (await complaint(page)).includes("至少选一天"));
  await context.close();
}

export async function makesRecurring(hall) {
  const { check } = hall;
  // The hours are the hall's, wherever the browser is.
  const { page, context, seen } = await openTab(hall, "silences", { timezoneId: "America/New_York" });
  const heard = posts(page, /^\/silences$/);
  const { now_ms: now } = await api(page, "/hall");
  const day = (ahead) => new Date(now + 8 * 3_600_000 + ahead * 86_400_000).toISOString().slice(0, 10);
  await page.click('[data-new="maintenance"]');
  await page.fill('.ask input[name="by"]', "王师傅");
  await page.selectOption('.ask select[name="kind"]', "inverter");
  for (const zone of ["roof", "f1", "power"]) await page.selectOption('.ask select[name="zone"]', zone);
  check.that("several zones are picked one after the other", (await picked(page)) === "zone/roof,zone/f1,zone/power,kind/inverter", await picked(page));
  await page.focus('[data-picked="zone/f1"]');
  await page.keyboard.press("Enter");
  await check.within("… and taken out by keyboard", 3, async () => (await picked(page)) === "zone/roof,zone/power,kind/inverter");
  check.that("… with the focus at their list", (await page.evaluate(() => document.activeElement?.getAttribute("name"))) === "zone");
  await page.selectOption('.ask select[name="severity"]', "major");
  await pick(page, "begin", "later");
  await page.fill('.ask input[name="begin_at"]', `${day(2)}T08:30`);
  await pick(page, "length", "until");
  await page.fill('.ask input[name="end_at"]', `${day(30)}T18:00`);
  await pick(page, "repeats", "weekdays");
  for (const weekday of ["2", "4"]) await page.check(`.ask input[name="weekday"][value="${weekday}"]`);
  await page.fill('.ask input[name="from"]', "12:00");
  await page.fill('.ask input[name="to"]', "13:30");
  await page.fill('.ask textarea[name="why"]', "组件清洗");
  await page.$eval(".ask", (dialog) => { dialog.scrollTop = 500; });
  await hall.shot(page, "alerts-silence-dialog-zh");
  await send(page);
  await check.within("a recurring maintenance is set", 5, async () => !(await isAsking(page)) && heard.length === 1);
  const wanted = {
    effect: "maintenance", matcher: { rules: [], devices: [], zones: ["roof", "power"], kinds: ["inverter"], severity_max: "major" }, from_ms: Date.parse(`${day(2)}T08:30:00+08:00`),
    until_ms: Date.parse(`${day(30)}T18:00:00+08:00`), recurring: { on: { weekdays: [2, 4] }, from: "12:00", to: "13:30" }, by: "王师傅", why: "组件清洗",
  };
  check.that("… as it was asked for, by the hall's clock", JSON.stringify(heard[0]?.body) === JSON.stringify(wanted), JSON.stringify(heard[0]?.body));
  await check.within("… and stands in the list as scheduled", 5, async () => {
    const text = await page.textContent(".silence-list");
    return text.includes("周二、周四 12:00–13:30") && text.includes("类型 逆变器");
  });
  check.that("no console errors while setting it", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function endsSilence(hall) {
  const { check } = hall;
  const { page, context } = await openTab(hall, "silences");
  const heard = posts(page, /^\/silences\/.*\/end$/);
  await page.focus('[data-silence="s-1"] [data-testid="end"]');
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ask");
  check.that("ending one says which", (await page.textContent(".ask-text")).includes("医保终端 1"));
  await page.keyboard.type("赵工");
  await page.keyboard.press("Enter");
  await check.within("a silence is ended by keyboard", 5, async () => !(await isAsking(page)) && heard.length === 1);
  check.that("… by name", heard[0]?.path === "/silences/s-1/end" && heard[0]?.body.by === "赵工", JSON.stringify(heard[0]));
  await check.within("… and is over", 5, async () => (await page.getAttribute('[data-silence="s-1"]', "data-state")) === "over");
  const { alerts } = await api(page, "/alerts?state=active&limit=200");
  check.that("its alert is heard again", alerts.find((alert) => alert.rule === "KS007").silenced === null);
  await context.close();
}
