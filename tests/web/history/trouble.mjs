// The history when it is refused, not known, or nobody answers.
import { openHistory, choose, period, settled, summary } from "./view.mjs";

const said = (page) => page.textContent(".past-failed");

export async function refuses(hall) {
  const { check } = hall;
  let answers = false;
  const hint = { zh: "缩短时段，或取更长的步长", en: "ask for a shorter span or for longer steps" };
  const route = (given) => (answers || !given.request().url().includes("step=1mo")
    ? given.continue() : given.fulfill({ status: 400, contentType: "application/problem+json", json: { type: "about:blank", status: 400, detail: "more than 50000000 readings in the span", hint } }));
  for (const [lang, words] of [["zh", "读取历史数据失败。缩短时段，或取更长的步长重试"], ["en", "Reading the history failed.ask for a shorter span or for longer stepsTry again"]]) {
    answers = false;
    const { page, context, asked } = await openHistory(hall, "inv-01", { route, lang });
    await settled(page);
    await choose(page, { range: "year" });
    check.that(`what the daemon refuses is told with its hint (${lang})`, (await said(page)) === words, await said(page));
    check.that("… and not something else drawn in its place", (await page.$('[data-testid="past"]')) === null);
    await hall.shot(page, `history-refused-${lang}`);
    const before = asked.length;
    answers = true;
    await page.click(".past-failed .button");
    await settled(page);
    check.that("… and can be tried again", asked.length === before + 1 && (await page.$(".past-failed")) === null && (await period(page)).startsWith("20"));
    await context.close();
  }
}

export async function oldDaemon(hall) {
  const { check } = hall;
  const { page, context } = await openHistory(hall, "inv-01", { route: (given) => given.fulfill({ status: 404, json: { status: 404 } }) });
  await check.within("an older daemon has no history, and the page says so", 5, async () => (await said(page)).includes("这个版本的网关不提供"), () => said(page));
  check.that("… and the points are still there", (await page.$(".points tbody tr")) !== null);
  await context.close();
}

export async function survives(hall) {
  const { check } = hall;
  const { page, context } = await openHistory(hall, "inv-01");
  await settled(page);
  const before = await summary(page);
  await hall.stop();
  await page.click('[data-range="week"]');
  await check.within("a dead daemon is told at the history", 5, async () => (await said(page)).includes("网关没有应答"), () => said(page));
  check.that("… and no other time is shown in its place", (await page.$('[data-testid="past"]')) === null);
  await page.click('[data-range="day"]');
  await check.within("what was drawn of the day is still there", 5, async () => (await summary(page)) === before && (await said(page)).includes("网关没有应答"));
  await hall.start();
  await check.within("the history comes back by itself", 20, async () => (await page.$(".past-failed")) === null && (await page.$(".past canvas")) !== null);
  await context.close();
}
