// The data view on a phone, on paper, and while the daemon is away or too old.
import { openPage, sleep } from "../browser.mjs";
import { LAPTOP, WALL, marks } from "../service/view.mjs";
import { openData, verdict } from "./view.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

export async function fitsPhone(hall) {
  const { check } = hall;
  const { page, context } = await openData(hall, PHONE);
  check.that("on a phone those without trouble are folded", (await marks(page, "source")).length === 4, (await marks(page, "source")).join());
  await page.click('[data-source="inv-07"] .fold');
  await page.click(".resend summary");
  await page.click(".recount .button");
  await page.waitForSelector(".recount-result");
  for (const language of ["zh", "en"]) {
    const width = await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth));
    check.that(`no sideways scrolling of the data on a phone (${language})`, width <= 390, `${width} px`);
    const wide = await page.$$eval("#data *", (all) => all.filter((element) => element.getBoundingClientRect().right > 391 && element.closest("thead, caption") === null).map((element) => element.className));
    check.that(`… and nothing cut off (${language})`, wide.length === 0, wide.slice(0, 4).join());
    await page.screenshot({ path: hall.path(`data-phone-${language}`), fullPage: true });
    await page.click(".language-button");
    await sleep(300);
  }
  await context.close();
}

export async function fitsWall(hall) {
  const { check } = hall;
  const { page, context } = await openData(hall, { viewport: WALL });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  check.that("on a wall the page does not scroll", height <= WALL.height, `${height} px`);
  await page.emulateMedia({ colorScheme: "dark" });
  await page.click('[data-source="inv-07"] .fold');
  await sleep(300);
  await hall.shot(page, "data-wall-dark");
  await context.close();
}

export async function prints(hall) {
  const { check } = hall;
  const { page, context } = await openData(hall, { colorScheme: "dark" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.setViewportSize({ width: 718, height: 1016 });
  const visible = (selector) => page.$$eval(selector, (all) => all.filter((element) => element.getClientRects().length > 0).length);
  check.that("nothing to press is on paper", (await visible(".top, .system, .data .button, .data form, .data .chip")) === 0);
  check.that("… and all sources are", (await visible("[data-source]")) === (await marks(page, "source")).length);
  check.that("the verdict is printed black, whatever the theme", (await page.$eval(".verdict-text", (element) => getComputedStyle(element).color)) === "rgb(0, 0, 0)");
  await page.screenshot({ path: hall.path("data-paper-zh"), fullPage: true });
  await context.close();
}

export async function survives(hall) {
  const { check } = hall;
  const { page, context } = await openData(hall);
  const before = await verdict(page);
  await hall.stop();
  await check.within("a dead daemon is told on the data view", 25, async () => /读取失败，显示的是 .*\d\d:\d\d 的数据/.test(await page.textContent(".data [role=alert]")));
  check.that("the last verdict stays, and is marked as old", (await verdict(page)) === before && (await page.$(".data-cards[data-stale]")) !== null);
  await hall.start();
  await check.within("the data view comes back by itself", 30, async () => (await page.$(".data-cards[data-stale], .data [role=alert]")) === null);
  await context.close();
}

export async function oldDaemon(hall) {
  const { check } = hall;
  const { page, context } = await openPage(hall.browser, hall.base, LAPTOP);
  await page.route("**/api/v1/data?*", (route) => route.fulfill({ status: 404, json: { status: 404 } }));
  await page.goto(`${hall.base}/#/data`);
  await check.within("an older daemon has no account of its data, and the page says so", 5, async () => (await page.textContent(".data [role=alert]")).includes("这个版本的网关不提供"));
  await context.close();
}
