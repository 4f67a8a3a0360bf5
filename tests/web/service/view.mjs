// What the tests of the service view share.
import { enter, openPage } from "../browser.mjs";

export const WALL = { width: 1920, height: 1080 };
export const LAPTOP = { width: 1280, height: 800 };
export const texts = (page, selector) => page.$$eval(selector, (all) => all.map((element) => element.textContent));
/** The values of data-NAME, in the order of the page. */
export const marks = (page, name) => page.$$eval(`[data-${name}]`, (all, attribute) => all.map((element) => element.getAttribute(`data-${attribute}`)), name);

/** The view, reached as people reach it. */
export async function openView({ browser, base }, viewport, options) {
  const opened = await openPage(browser, base, viewport, options);
  await enter(opened.page, base);
  await opened.page.click('.views a[href="#/service"]');
  await opened.page.waitForSelector('[data-testid="opening"]');
  return opened;
}
