// What the tests of the reports share.
import { api, openPage } from "../browser.mjs";
import { LAPTOP } from "../service/view.mjs";

export { complaint, isAsking, ownErrors, posts, send } from "../alerts/view.mjs";
export const PHONE = { viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
/** What is there when a part has been read. */
const READY = { "": "[data-period]", meters: "[data-meter]" };

/** A part of the view by its address: "" is the list, "meters", or a period. */
export async function openReports({ browser, base }, part = "", { viewport = LAPTOP, before = null, ...options } = {}) {
  const opened = await openPage(browser, base, viewport, options);
  if (before) await before(opened.page);
  await opened.page.goto(`${base}/#/reports${part === "" ? "" : `/${part}`}`);
  await opened.page.waitForSelector(READY[part] ?? "[data-figure]", { timeout: 20_000 });
  return opened;
}

export async function goTo(page, base, part) {
  await page.goto(`${base}/#/reports${part === "" ? "" : `/${part}`}`);
  await page.waitForSelector(READY[part] ?? "[data-figure]", { timeout: 20_000 });
}

export const told = (page) => api(page, "/reports");
/** The month that runs, the one to be closed, and the one before. */
export async function monthsOf({ base }) {
  const { months } = await (await fetch(`${base}/api/v1/reports`)).json();
  return months.map((month) => month.period);
}
export const fill = (page, name, value) => page.fill(`.ask [name="${name}"]`, value);
