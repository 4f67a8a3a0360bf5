// The service view on a phone and on paper.
import { api, sleep } from "../browser.mjs";
import { LAPTOP, marks, openView } from "./view.mjs";

export async function fitsPhone(hall) {
  const { check } = hall;
  const { page, context } = await openView(hall, { width: 390, height: 844 }, { isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  const all = (await api(page, "/service")).machines.length;
  check.that("on a phone those that serve are folded", (await marks(page, "machine")).length < all);
  await page.click(".fold");
  await check.within("… and unfold", 3, async () => (await marks(page, "machine")).length === all);
  for (const language of ["zh", "en"]) {
    const width = await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth));
    check.that(`no sideways scrolling on a phone (${language})`, width <= 390, `${width} px`);
    await hall.shot(page, `service-phone-${language}`);
    await page.click(".language-button");
    await sleep(500);
  }
  await context.close();
}

export async function prints(hall) {
  const { check } = hall;
  const { page, context } = await openView(hall, LAPTOP, { colorScheme: "dark" });
  await page.evaluate(() => { window.print = () => { window.printed = true; }; });
  await page.focus(".refill .button");
  await page.keyboard.press("Enter");
  check.that("the button prints", await page.evaluate(() => window.printed === true));
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.setViewportSize({ width: 718, height: 1016 });
  const visible = (selector) => page.$$eval(selector, (all) => all.filter((element) => element.offsetParent !== null || element.getClientRects().length > 0).length);
  const { items } = (await api(page, "/service")).refill;
  check.that("every line has a box to tick on paper", (await visible(".refill-item .tick")) === items.length);
  check.that("only the list is on paper", (await visible(".top, .system, .opening, .kinds, .machines, .day, .refill button.button")) === 0);
  check.that("the paper says whose and how old it is", /东城区政务服务中心 · 数据截至 \d{4}年/.test(await page.textContent(".on-paper")) && (await visible(".on-paper")) === 1);
  check.that("it is printed black, whatever the theme", (await page.$eval(".refill-item b", (element) => getComputedStyle(element).color)) === "rgb(0, 0, 0)");
  await hall.shot(page, "service-paper-zh");
  const pages = (await page.pdf({ format: "A4" })).toString("latin1").match(/\/Type\s*\/Page\b/g);
  check.that("seven lines are one sheet", pages?.length === 1, `${pages?.length}`);
  await page.evaluate(() => { window.location.hash = "#/"; });
  await check.within("the board is printed as ever", 5, async () => (await visible(".top")) === 1);
  await context.close();
}
