// The service view of the made-up hall: its stories, calm days, keyboard, how often it is read, an older daemon.
import { openPage, sleep } from "../browser.mjs";
import { LAPTOP, openView, texts } from "./view.mjs";

export async function tellsStories(hall) {
  const { check } = hall;
  const { page, context } = await openView(hall, LAPTOP);
  const heads = await texts(page, ".opening .floor h3");
  check.that("the walk goes floor by floor", heads.join() === "1 层,2 层", heads.join());
  const row = (id) => page.textContent(`[data-machine="${id}"]`);
  const ticket = await row("ticket_machine-03");
  check.that("hurt services are named", ticket.includes("受影响：取号、打印"), ticket);
  check.that("what is used up is said so", ticket.includes("已用完"), ticket);
  const unknown = await row("social_security_kiosk-07");
  check.that("nothing known is a dash, no zero and no infinity", !/%|NaN|Infinity|∞/.test(unknown), unknown);
  const partly = await row("ticket_machine-02");
  check.that("an availability of a part of the month says so", partly.includes("40 小时无数据") && !ticket.includes("小时无数据"), partly);
  check.that("a supply nobody can foresee says why", unknown.includes("还没有用量记录"), unknown);
  check.that("the missing year is named", (await page.textContent('[data-testid="missing-year"]')).includes("2027 年节假日尚未导入"));
  await page.focus('[data-machine="ticket_machine-03"] button');
  await page.keyboard.press("Enter");
  await check.within("a machine's name opens its details", 5, async () => (await page.textContent(".drawer h2")) === "取号机 3");
  await page.keyboard.press("Escape");
  await check.within("… and Escape leads back", 3, () => page.evaluate(() => document.activeElement?.closest("[data-machine]") !== null));
  await page.goBack();
  await check.within("back leads to the board", 5, () => page.$("[data-device]").then(Boolean));
  let asked = 0;
  page.on("request", (request) => { if (request.url().endsWith("/service")) asked += 1; });
  await page.focus('.views a[href="#/service"]');
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-machine]");
  await sleep(16_500);
  check.that("the view is read again every 15 s", asked === 2, `${asked} times`);
  await page.goBack();
  await sleep(16_000);
  check.that("… and not while the board is shown", asked === 2, `${asked} times`);
  await context.close();
}

/** Opens the view with the fake's answer changed. */
async function withAnswer(hall, change, look) {
  const { page, context } = await openPage(hall.browser, hall.base, LAPTOP);
  await page.route("**/api/v1/service", async (route) => {
    const response = await route.fetch();
    const service = await response.json();
    change(service);
    await route.fulfill({ response, json: service });
  });
  await page.goto(`${hall.base}/#/service`);
  await page.waitForSelector('[data-testid="opening"]');
  await look(page);
  await context.close();
}

export async function calmHalls(hall) {
  const { check } = hall;
  const calm = (service) => { service.opening.not_ready = []; service.refill.items = []; service.calendar.missing_year = null; };
  await withAnswer(hall, calm, async (page) => {
    check.that("all ready is said", (await page.textContent('[data-testid="opening"]')) === "全部就绪");
    check.that("an empty refill list says so, and is not printed", (await page.textContent(".refill")).includes("没有需要补给的耗材") && (await page.$(".refill button")) === null);
    check.that("known holidays are no warning", (await page.$('[data-testid="missing-year"]')) === null);
    await hall.shot(page, "service-calm-zh");
  });
  const silent = (service) => { service.opening.not_ready.forEach((machine) => { machine.reason = null; }); };
  await withAnswer(hall, silent, async (page) => {
    const offline = await page.textContent('[data-not-ready="approval_kiosk-04"] p');
    check.that("a machine that is not ready says how it is, with or without a reason", offline === "离线", offline);
  });
  const between = (service) => { calm(service); service.opening.checked = false; service.opening.check_ms = service.now_ms + 86_400_000; };
  await withAnswer(hall, between, async (page) => {
    const card = await page.textContent(".opening");
    check.that("without a check nothing is promised, and the next one is named", card.includes("现在没有检查") && /下次检查：明天 \d\d:\d\d/.test(card) && !card.includes("全部就绪"), card);
  });
  const bare = (service) => {
    calm(service);
    service.calendar.today = null;
    Object.assign(service, { machines: [], kinds: [], opening: { zones: [], check_ms: null, checked: false, of: 0, not_ready: [] } });
    service.refill.by_ms = null;
  };
  await withAnswer(hall, bare, async (page) => check.that("a hall without machines says so", (await page.textContent(".machines")).includes("没有自助设备")));
}

export async function oldDaemon(hall) {
  const { check } = hall;
  const { page, context } = await openPage(hall.browser, hall.base, LAPTOP);
  await page.route("**/api/v1/service", (route) => route.fulfill({ status: 404, json: { status: 404 } }));
  await page.goto(`${hall.base}/#/service`);
  await check.within("an older daemon has no such data, and the page says so", 5, async () => (await page.textContent(".service [role=alert]")).includes("这个版本的网关不提供"));
  await context.close();
}
