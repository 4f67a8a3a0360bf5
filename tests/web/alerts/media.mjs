// The view on a laptop and a phone, the board beside it, and what becomes of it when the daemon is away or too old.
import { enter, openPage, sleep } from "../browser.mjs";
import { LAPTOP } from "../service/view.mjs";
import { PHONE, READY, TABS, addressOf, goTo, openTab } from "./view.mjs";

/** What lies beyond the edge, and does not scroll in a box of its own. */
const cut = (page, width) => page.$$eval("#alerts *, dialog *, .top *", (all, edge) => all
  .filter((element) => element.getBoundingClientRect().right > edge + 1 && element.closest("thead, option, .visually-hidden") === null)
  .map((element) => element.getAttribute("class") ?? element.tagName), width);
const widthOf = (page) => page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth));

/** Every part and every form, in both languages. */
async function fits(hall, name, options) {
  const { check } = hall;
  const { page, context } = await openTab(hall, "open", options);
  const width = page.viewportSize().width;
  const look = async (what, language) => {
    const wide = await widthOf(page);
    check.that(`no sideways scrolling of ${what} on a ${name} (${language})`, wide <= width, `${wide} px`);
    const over = await cut(page, width);
    check.that(`… and nothing cut off (${language})`, over.length === 0, over.slice(0, 4).join());
    await page.screenshot({ path: hall.path(`alerts-${what}-${name}-${language}`), fullPage: !what.startsWith("form") });
  };
  for (const language of ["zh", "en"]) {
    for (const tab of TABS) {
      await goTo(page, tab);
      await sleep(300);
      await look(tab, language);
    }
    await page.selectOption('.rehearsal select[name="rule"]', "PV003");
    await page.click('.rehearsal button[type="submit"]');
    await page.waitForSelector('[data-testid="rehearsed"]');
    await look("rehearsed", language);
    await goTo(page, "silences");
    await page.click('[data-new="silence"]');
    await page.check('.ask input[name="repeats"][value="weekdays"]');
    await page.check('.ask input[name="begin"][value="later"]');
    await sleep(300);
    await look("form-silence", language);
    await page.keyboard.press("Escape");
    await goTo(page, "orders");
    await page.click(".order-link");
    await page.waitForSelector("[data-next]");
    await sleep(300);
    await look("form-order", language);
    await page.keyboard.press("Escape");
    await page.waitForSelector(".sheet", { state: "detached" });
    await page.click(".language-button");
    await sleep(200);
  }
  await context.close();
}

export const fitsLaptop = (hall) => fits(hall, "laptop", { viewport: LAPTOP });
export const fitsPhone = (hall) => fits(hall, "phone", PHONE);

export async function boardStaysLight(hall) {
  const { check } = hall;
  const { page, context, seen } = await openPage(hall.browser, hall.base, LAPTOP);
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await enter(page, hall.base);
  await page.waitForSelector('[data-testid="alerts"] [data-alert]');
  await sleep(1_500);
  const desk = asked.filter((path) => /silences|orders|rules|noise|rehearsal|repair|\/view-/.test(path));
  check.that("the board loads nothing of the view beside it", desk.length === 0, desk.join());
  const panel = await page.textContent('[data-testid="alerts"]');
  check.that("the board's alerts show the new states", ["失联", "恢复中", "抖动", "静默", "受抑制"].every((word) => panel.includes(word)), panel);
  check.that("… and nothing that goes without saying", !panel.includes("告警中"));
  await hall.shot(page, "alerts-board-zh");
  check.that("no console errors on the board", seen.errors.length === 0, seen.errors.join(" | "));
  await context.close();
}

export async function oldDaemon(hall) {
  const { check } = hall;
  const { page, context } = await openPage(hall.browser, hall.base, LAPTOP);
  await page.route(/\/api\/v1\/(silences|orders|repair|vendors|channels|rules|noise)/, (route) => route.fulfill({ status: 404, json: { status: 404 } }));
  await page.goto(`${hall.base}/#/alerts`);
  await page.waitForSelector(READY.open);
  check.that("open alerts need nothing else", (await page.$$("[data-deed]")).length > 0 && (await page.$(".desk [role=alert]")) === null);
  for (const tab of TABS.slice(1)) {
    await page.click(`.desk-tabs a[href="${addressOf(tab)}"]`);
    await check.within(`a daemon without ${tab} is told`, 5, async () => (await page.textContent(".desk [role=alert]")).includes("不提供这项数据"));
  }
  await context.close();
}

export async function survives(hall) {
  const { check } = hall;
  const { page, context } = await openTab(hall, "silences");
  const before = (await page.$$("[data-silence]")).length;
  await hall.stop();
  await check.within("a dead daemon is told", 25, async () => (await page.textContent(".desk [role=alert]")).includes("没有应答"));
  check.that("what was read stays", (await page.$$("[data-silence]")).length === before);
  await page.click('[data-silence="s-2"] [data-testid="end"]');
  await page.fill('.ask input[name="by"]', "李工");
  await page.click('.ask button[type="submit"]');
  await check.within("what cannot be sent is told, and not lost", 5, async () => (await page.textContent(".ask [role=alert]")).includes("没有应答") && (await page.inputValue('.ask input[name="by"]')) === "李工");
  await hall.start();
  await page.click('.ask button[type="submit"]');
  await check.within("… and goes through when the daemon is back", 10, async () => (await page.$(".ask")) === null);
  await check.within("the view comes back by itself", 25, async () => (await page.$(".desk [role=alert]")) === null);
  await context.close();
}
