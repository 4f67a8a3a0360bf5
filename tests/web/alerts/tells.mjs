// Channels, noise and rehearsals.
import { api, sleep } from "../browser.mjs";
import { openTab, ownErrors } from "./view.mjs";

export async function triesChannels(hall) {
  const { check } = hall;
  const { page, context, seen } = await openTab(hall, "channels");
  const card = (name) => `[data-channel="${name}"]`;
  const { channels } = await api(page, "/channels");
  check.that("all channels are there", (await page.$$("[data-channel]")).length === channels.length);
  const failing = await page.textContent(card("电工短信"));
  check.that("one that fails says since when and why", /发送失败.*3 条.*自 \d\d:\d\d 起失败，已试 9 次.*余额不足/s.test(failing), failing);
  check.that("what a channel is, is said", (await page.textContent(card("值班群"))).includes("企业微信"));
  check.that("one that never delivered says so", (await page.textContent(card("hall-sound"))).includes("启动以来没有"));
  await page.focus(`${card("mail")} .button`);
  await page.keyboard.press("Enter");
  await check.within("a test message that is taken is told", 5, async () => (await page.textContent(`${card("mail")} [role=status]`)) === "测试消息已送达。");
  await page.click(`${card("电工短信")} .button`);
  await check.within("one that is refused is told with its hint", 5, async () => (await page.textContent(`${card("电工短信")} [role=alert]`)) === "短信平台拒绝：余额不足，请充值后再试");
  await hall.shot(page, "alerts-channels-zh");
  await page.click(".language-button");
  check.that("… in the reader's language", (await page.textContent(`${card("电工短信")} [role=alert]`)).includes("no credit left"));
  check.that("no console errors while testing channels", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function tellsNoise(hall) {
  const { check } = hall;
  const asked = [];
  const { page, context } = await openTab(hall, "noise", { before: (opened) => opened.on("request", (request) => { if (request.url().includes("/noise?")) asked.push(new URL(request.url()).searchParams); }) });
  const told = await api(page, `/noise?${asked[0]}`);
  const text = await page.textContent('[data-testid="noise"]');
  check.that("the figures are the API's", text.includes(`告警${told.alarms}`) && text.includes(`自行恢复${told.self_cleared}`) && text.includes("平均确认用时11 分钟"), text);
  check.that("seven days are asked for", Number(asked[0].get("to_ms")) - Number(asked[0].get("from_ms")) === 7 * 86_400_000);
  check.that("there is a bar for every shift", (await page.$$(".bar")).length === told.shifts.length);
  check.that("the ten noisiest are there in order", (await page.$$eval("[data-top]", (all) => all.map((row) => row.dataset.top).join())) === told.top.map((entry) => `${entry.rule}/${entry.device ?? ""}`).join());
  await page.click('[data-span="30"]');
  await check.within("another span is asked for", 5, () => asked.some((query) => Number(query.get("to_ms")) - Number(query.get("from_ms")) === 30 * 86_400_000));
  await sleep(300);
  await hall.shot(page, "alerts-noise-zh");
  await page.click('[data-top="KS008/ticket_machine-03"] a');
  await check.within("a noisy rule leads to its rehearsal", 5, async () => page.url().endsWith("#/alerts/rehearsal/KS008") && (await page.inputValue('.rehearsal select[name="rule"]')) === "KS008");
  await context.close();
}

export async function rehearses(hall) {
  const { check } = hall;
  const { page, context, seen } = await openTab(hall, "rehearsal");
  const result = '[data-testid="rehearsed"]';
  await page.click('.rehearsal button[type="submit"]');
  check.that("a rehearsal needs a rule", (await page.textContent(".rehearsal [role=alert]")) === "请选择规则。");
  await page.selectOption('.rehearsal select[name="rule"]', "PV003");
  await page.click('.rehearsal button[type="submit"]');
  await page.waitForSelector(result);
  const told = await api(page, "/rehearsal?rule=PV003&days=90");
  const text = await page.textContent(result);
  check.that("how often it would have fired", text.includes(`会报警${told.firings} 次`) && text.includes(`服务时间内${told.in_hours} 次`) && text.includes(`服务时间外${told.out_of_hours} 次`), text);
  check.that("… where the data begin", /数据自 .* 起，更早的没有计入/.test(text));
  check.that("… at which devices", (await page.$$("[data-rehearsed]")).length === Math.min(20, told.devices.length));
  check.that("… and whom it would have told", text.includes(`值班群${told.told[0].count} 次`));
  await page.click(".show-all");
  await check.within("every firing is listed", 3, async () => (await page.$$("[data-firing]")).length === told.events.length);
  check.that("… and one that is still on says so", (await page.textContent("[data-firing]")).includes("至今"));
  check.that("… in hours or not", /服务时间[内外]/.test(await page.textContent("[data-firing]")));
  await hall.shot(page, "alerts-rehearsal-zh");
  check.that("a rule whose data are not stored cannot be chosen", await page.$eval('.rehearsal option[value="DP002"]', (option) => option.disabled));
  await page.selectOption('.rehearsal select[name="rule"]', "PV009");
  await page.check('.rehearsal input[name="days"][value="30"]');
  await page.click('.rehearsal button[type="submit"]');
  await check.within("a rule that never fired says so", 5, async () => (await page.textContent(result)).includes("一次也不会报警"));
  check.that("no console errors while rehearsing", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}
