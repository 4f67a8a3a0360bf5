// The service view while the daemon is away, and behind a login.
import { openPage } from "../browser.mjs";
import { LAPTOP, openView } from "./view.mjs";

export async function survives(hall) {
  const { check } = hall;
  const { page, context } = await openView(hall, LAPTOP);
  const before = await page.textContent('[data-testid="opening"]');
  await hall.stop();
  await check.within("a dead daemon is told", 20, async () => /读取失败，显示的是 .*\d\d:\d\d 的数据/.test(await page.textContent(".service [role=alert]")));
  check.that("the last figures stay", (await page.textContent('[data-testid="opening"]')) === before);
  check.that("… and are marked as old", (await page.$(".service-cards[data-stale]")) !== null);
  await hall.shot(page, "service-lost-zh");
  await page.click('.views a[href="#/"]');
  await page.click('.views a[href="#/service"]');
  check.that("who comes back to the view meanwhile still sees them", (await page.textContent('[data-testid="opening"]')) === before);
  await hall.start();
  await check.within("the view comes back by itself", 30, async () => (await page.$(".service-cards[data-stale], .service [role=alert]")) === null);
  await context.close();
  await hall.stop();
}

export async function asksForPassword(hall) {
  const { check } = hall;
  await hall.start("--password", "open sesame");
  const { page, context } = await openPage(hall.browser, hall.base, LAPTOP);
  await page.goto(`${hall.base}/#/service`);
  await page.waitForSelector(".login-card");
  check.that("who has not logged in sees no other view", (await page.$(".views")) === null);
  await page.fill('input[name="password"]', "open sesame");
  await page.click('.login-card button[type="submit"]');
  await check.within("after the login the bookmarked view is shown", 8, () => page.$("[data-machine]").then(Boolean));
  await context.close();
  await hall.stop();
}
