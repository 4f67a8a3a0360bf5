// What the view says is what the API says: for any daemon.
import { CJK, api, enter, openPage, sleep, wordsOnPage } from "../browser.mjs";
import { english } from "../service/says.mjs";
import { WALL, marks } from "../service/view.mjs";
import { TABS, addressOf } from "./view.mjs";

const STATES = { active: "告警中", acknowledged: "已确认", stale: "失联", recovering: "恢复中" };

/** What the page does not say of an alert, or says though it is not so. */
async function wrongOf(page, alert) {
  const row = page.locator(`.desk-alerts [data-alert="${alert.id}"]`).first();
  const head = await row.locator(".alert-head").first().textContent();
  const all = await row.textContent();
  const told = alert.told.length === 0 ? ["未通知任何渠道"] : alert.told;
  const said = [[STATES[alert.state], head], [alert.text.zh, all], [alert.advice.zh, all], ...told.map((name) => [name, all]), ...alert.evidence.filter((entry) => entry.label.en !== "machines").map((entry) => [entry.value, all]), ...(alert.acknowledged ? [[alert.acknowledged.by, all]] : [])];
  const silent = said.filter(([word, where]) => !where.includes(word)).map(([word]) => `no ${word}`);
  const marked = [["静默", alert.silenced !== null], ["受抑制", alert.inhibited !== null], ["抖动", alert.flapping]];
  return [...silent, ...marked.filter(([mark, is]) => head.includes(mark) !== is).map(([mark]) => `wrong ${mark}`)].map((word) => `${alert.id}: ${word}`);
}

async function saysOpenAlerts(page, check) {
  await page.waitForSelector(".desk");
  let wrong = [];
  // A living hall's alerts change between the two looks.
  await check.within("every open alert is there once, and says what the API says", 8, async () => {
    // Those that another one says are there when that one is opened.
    while ((await page.$('.desk-alerts .fold[aria-expanded="false"]')) !== null) await page.click('.desk-alerts .fold[aria-expanded="false"]');
    const { alerts } = await api(page, "/alerts?state=active&limit=200");
    const shown = await page.$$eval(".desk-alerts [data-alert]", (all) => all.map((row) => row.dataset.alert));
    wrong = shown.slice().sort().join() === alerts.map((alert) => alert.id).sort().join() ? [] : [`there are ${shown.join()}`];
    if (wrong.length === 0) for (const alert of alerts) wrong.push(...(await wrongOf(page, alert)));
    if ((await page.textContent('.desk-tabs a[href="#/alerts"] .badge')) !== String(alerts.length)) wrong.push("the tab counts others");
    return wrong.length === 0;
  }, () => wrong.join(" | "));
}

async function saysSilences(page, check) {
  await page.click('.desk-tabs a[href="#/alerts/silences"]');
  await page.waitForSelector(".desk-actions");
  const { silences } = await api(page, "/silences");
  if (silences.some((silence) => silence.state === "over")) await page.click(".desk .resolved summary");
  await sleep(300);
  const shown = await marks(page, "silence");
  check.that("every silence is there", shown.slice().sort().join() === silences.map((silence) => silence.id).sort().join(), shown.join());
}

/** On every part of the view. */
async function speaksEnglish(page, hall) {
  const { check } = hall;
  await page.click(".language-button");
  const paths = ["/hall", "/alerts?state=all&limit=200", "/silences", "/orders?state=all&limit=300", "/channels", "/vendors", "/rules", "/system"];
  const allowed = english(await Promise.all(paths.map((path) => api(page, path).catch(() => null))));
  for (const tab of TABS) {
    await page.click(`.desk-tabs a[href="${addressOf(tab)}"]`);
    await sleep(900);
    const left = (await wordsOnPage(page)).filter((word) => CJK.test(word) && !allowed.some((text) => word.includes(text)));
    check.that(`no Chinese is left on the English ${tab}`, left.length === 0, left.slice(0, 8).join(" | "));
    await hall.shot(page, `alerts-${tab}-wall-en`);
  }
  await page.click(".language-button");
}

export async function compares(hall) {
  const { check } = hall;
  const { page, context, seen } = await openPage(hall.browser, hall.base, WALL);
  await enter(page, hall.base);
  await page.click('.views a[href="#/alerts"]');
  await page.waitForSelector(".desk");
  check.that("the header says where one is", (await page.textContent(".views [aria-current]")) === "告警与维修");
  check.that("… and so does the title", /告警与维修/.test(await page.title()), await page.title());
  await sleep(500);
  await hall.shot(page, "alerts-open-wall-zh");
  await saysOpenAlerts(page, check);
  await saysSilences(page, check);
  await speaksEnglish(page, hall);
  const errors = seen.errors.filter((error) => !error.includes("status of 404"));
  check.that("no console errors in the view", errors.length === 0, errors.join(" | "));
  check.that("no request to another origin", seen.foreign.length === 0, seen.foreign.join(" | "));
  await context.close();
}
