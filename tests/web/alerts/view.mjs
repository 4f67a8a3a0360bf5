// What the tests of the view "alerts & repair" share.
import { openPage } from "../browser.mjs";
import { LAPTOP } from "../service/view.mjs";

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
export const TABS = ["open", "silences", "orders", "channels", "noise", "rehearsal"];
/** What is there when a part has been read. */
export const READY = {
  open: "[data-deed], .desk .empty", silences: "[data-silence]", orders: "[data-order]", channels: "[data-channel]", noise: "[data-top]", rehearsal: '.rehearsal option[value="PV003"]',
};
export const addressOf = (tab) => (tab === "open" ? "#/alerts" : `#/alerts/${tab}`);

/** A part of the view by its address. */
export async function openTab({ browser, base }, tab, { viewport = LAPTOP, before = null, ...options } = {}) {
  const opened = await openPage(browser, base, viewport, options);
  if (before) await before(opened.page);
  await opened.page.goto(`${base}/${addressOf(tab)}`);
  await opened.page.waitForSelector(READY[tab], { state: "attached", timeout: 20_000 });
  return opened;
}

export async function goTo(page, tab) {
  await page.click(`.desk-tabs a[href="${addressOf(tab)}"]`);
  await page.waitForSelector(READY[tab], { state: "attached" });
}

/** The bodies that were posted to a path behind /api/v1. */
export function posts(page, path) {
  const heard = [];
  page.on("request", (request) => {
    const at = request.url().split("/api/v1")[1];
    if (request.method() === "POST" && at !== undefined && path.test(at)) heard.push({ path: at, body: JSON.parse(request.postData() ?? "null") });
  });
  return heard;
}

export const pick = (page, name, value) => page.check(`.ask input[name="${name}"][value="${value}"]`);
/** For which devices, rules, zones and kinds a silence is to be. */
export const picked = (page) => page.$$eval(".ask [data-picked]", (all) => all.map((chip) => chip.dataset.picked).join());
export const send = (page) => page.click('.ask button[type="submit"]');
export const isAsking = async (page) => (await page.$(".ask")) !== null;
export const complaint = (page) => page.textContent(".ask [role=alert]");
/** Errors that the page itself made; a refusal is one that the browser tells of. */
export const ownErrors = (seen) => seen.errors.filter((error) => !/status of (400|404|409|502)/.test(error));
