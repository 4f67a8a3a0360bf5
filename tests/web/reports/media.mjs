// The reports on a laptop, in the dark, on a phone and on paper; and when the daemon is away or too old.
import { openPage, sleep } from "../browser.mjs";
import { LAPTOP, marks } from "../service/view.mjs";
import { PHONE, fill, goTo, monthsOf, openReports, ownErrors } from "./view.mjs";

/** What lies beyond the edge, and does not scroll in a box of its own. */
const cut = (page, width) => page.$$eval("#reports *, dialog *, .top *", (all, edge) => all
  .filter((element) => element.getBoundingClientRect().right > edge + 1 && element.closest("thead, option, .visually-hidden") === null)
  .map((element) => element.getAttribute("class") ?? element.tagName), width);
const widthOf = (page) => page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth));
/** What can be pressed has to have a name. */
const nameless = (page) => page.$$eval("#reports a, #reports button, #reports input, #reports select", (all) => all
  .filter((element) => (element.getAttribute("aria-label") ?? element.textContent ?? "").trim() === "" && element.closest("label") === null).length);

/** Every part and every form, in both languages. */
async function fits(hall, name, options) {
  const { check, base } = hall;
  const [, open, closed] = await monthsOf(hall);
  const { page, context } = await openReports(hall, "", options);
  const width = page.viewportSize().width;
  const look = async (what, language) => {
    await sleep(300);
    const wide = await widthOf(page);
    check.that(`no sideways scrolling of ${what} on a ${name} (${language})`, wide <= width, `${wide} px`);
    const over = await cut(page, width);
    check.that(`… and nothing cut off (${language})`, over.length === 0, over.slice(0, 4).join());
    await page.screenshot({ path: hall.path(`reports-${what}-${name}-${language}`), fullPage: !what.startsWith("form") });
  };
  const form = async (what, language, selector) => {
    await page.click(selector);
    await page.waitForSelector(".ask");
    await look(`form-${what}`, language);
    await page.keyboard.press("Escape");
    await page.waitForSelector(".ask", { state: "detached" });
  };
  for (const language of ["zh", "en"]) {
    for (const [part, what] of [["", "list"], [open, "open"], [closed, "closed"], ["meters", "meters"]]) {
      await goTo(page, base, part);
      await look(what, language);
      check.that(`everything to press has a name on ${what} (${language})`, (await nameless(page)) === 0);
      if (what === "open") await form("close", language, '[data-deed="close"]');
      if (what === "closed") await form("sign", language, '[data-deed="sign"]');
    }
    await form("reading", language, '[data-meter="water-main"] [data-deed="read"]');
    await form("amount", language, '[data-meter="mtr-01"] [data-deed="amount"]');
    await form("take-back", language, '[data-deed="take-back"] >> nth=0');
    await page.click(".language-button");
  }
  await context.close();
}

export const fitsLaptop = (hall) => fits(hall, "laptop", { colorScheme: "dark" });
export const fitsPhone = (hall) => fits(hall, "phone", PHONE);

export async function prints(hall) {
  const { check, base } = hall;
  const [, , closed] = await monthsOf(hall);
  const { page, context } = await openReports(hall, "", { colorScheme: "dark" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.setViewportSize({ width: 718, height: 1016 });
  const visible = (selector) => page.$$eval(selector, (all) => all.filter((element) => element.getClientRects().length > 0).length);
  for (const part of ["", closed, "meters"]) {
    await goTo(page, base, part);
    await sleep(500);
    check.that(`nothing to press is on paper (${part || "list"})`, (await visible(".top, .system, .desk-tabs, .reports .button, .reports .file, .reports form, .reports .chip, .reports .back")) === 0);
    await page.screenshot({ path: hall.path(`reports-${part || "list"}-paper-zh`), fullPage: true });
  }
  await goTo(page, base, closed);
  check.that("figures and revisions are on paper", (await visible("[data-figure]")) > 5 && (await visible("[data-revision]")) === 2);
  check.that("it is printed black, whatever the theme", (await page.$eval(".stage", (element) => getComputedStyle(element).color)) === "rgb(0, 0, 0)");
  await context.close();
}

export async function oldDaemon(hall) {
  const { check, base } = hall;
  const { page, context, seen } = await openPage(hall.browser, base, LAPTOP);
  await page.route(/\/api\/v1\/reports/, (route) => route.fulfill({ status: 404, json: { status: 404 } }));
  for (const part of ["", "/meters", "/2026-10"]) {
    await page.goto(`${base}/#/reports${part}`);
    await check.within(`a daemon without reports is told${part}`, 8, async () => (await page.textContent(".reports [role=alert]")) === "这个版本的网关不提供月报，请升级。");
  }
  check.that("… and nothing waits for ever", (await page.$(".reports .loading")) === null);
  await page.click(".language-button");
  check.that("… in both languages", (await page.textContent(".reports [role=alert]")).includes("does not offer reports"));
  await hall.shot(page, "reports-old-daemon-en");
  await page.click('.views a[href="#/"]');
  await check.within("the rest of the page works", 8, async () => (await page.$("[data-device]")) !== null);
  check.that("no console errors with an old daemon", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function survives(hall) {
  const { check } = hall;
  const [, open] = await monthsOf(hall);
  const { page, context } = await openReports(hall, "meters");
  const before = (await marks(page, "entry")).length;
  await page.click('[data-meter="heat-main"] [data-deed="read"]');
  await fill(page, "by", "李工");
  await fill(page, "value", "77");
  // The clock of the fake hall begins anew when it starts again.
  await fill(page, "at", `${open}-28T09:00`);
  await hall.stop();
  await page.click('.ask button[type="submit"]');
  await check.within("what cannot be sent is told, and not lost", 8, async () => (await page.textContent(".ask [role=alert]")).includes("没有应答") && (await page.inputValue('.ask [name="value"]')) === "77");
  await check.within("a dead daemon is told, and what was read stays", 40, async () => (await page.textContent(".reports > [role=alert]")).includes("没有应答") && (await marks(page, "entry")).length === before);
  await hall.start();
  await page.click('.ask button[type="submit"]');
  await check.within("… and goes through when the daemon is back", 10, async () => (await page.$(".ask")) === null);
  await check.within("the view comes back by itself", 40, async () => (await page.$(".reports > [role=alert]")) === null);
  await context.close();
}
