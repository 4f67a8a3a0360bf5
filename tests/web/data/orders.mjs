// What is asked of a database from the data view: refused lines again, old days once more, and no more of it.
import { sleep } from "../browser.mjs";
import { marks } from "../service/view.mjs";
import { ears, openData, verdict } from "./view.mjs";

const sent = (heard, method) => heard.filter((request) => request.method === method);

export async function sendsLettersAgain(hall) {
  const { check } = hall;
  const { page, context } = await openData(hall);
  const heard = ears(page);
  check.that("a refused line is there with the server's words", /field type conflict.*kiosk,device=tax_terminal-05/s.test(await page.textContent('[data-letter="48001205"]')));
  check.that("… and its device", (await page.textContent('[data-letter="48001205"]')).includes("办税终端 5"));
  await page.focus(".letters .button");
  await page.keyboard.press("Enter");
  await check.within("the button sends them again", 5, () => sent(heard, "POST").length === 1);
  const [order] = sent(heard, "POST");
  check.that("… all of that database", order?.path === "/sinks/main/resend" && order?.body === '{"dead_letters":true}', JSON.stringify(order));
  await check.within("nothing waits for a person any more", 5, async () => (await verdict(page)) === "没有丢失数据" && (await marks(page, "letter")).length === 0);
  check.that("… and it is said that they are on their way", (await page.textContent(".verdict")).includes("正在重发"));
  check.that("who pressed the button is still at that database", await page.evaluate(() => document.activeElement?.closest("[data-sink]") !== null));
  const job = `[data-job="${Math.max(...(await marks(page, "job")).map(Number))}"]`;
  check.that("the job is listed", (await page.textContent(job)).includes("重发被拒收的数据"));
  await page.click(`${job} .button`);
  await page.waitForSelector(".ask");
  await page.keyboard.press("Escape");
  await check.within("giving up refused lines asks first", 3, async () => (await page.$(".ask")) === null && sent(heard, "DELETE").length === 0);
  await page.click(`${job} .button`);
  await page.click(".ask .button:not(.button-main)");
  await check.within("… and then does it", 5, async () => sent(heard, "DELETE").length === 1 && (await page.$(job)) === null);
  await context.close();
}

export async function sendsDaysAgain(hall) {
  const { check } = hall;
  // The days are the hall's, wherever the browser is.
  const { page, context, seen } = await openData(hall, { timezoneId: "America/New_York" });
  const heard = ears(page);
  await page.click(".resend summary");
  const fill = async (from, to) => {
    await page.fill('.resend input[name="from"]', from);
    await page.fill('.resend input[name="to"]', to);
    await page.click(".resend .button");
  };
  const { now_ms: now } = await page.evaluate(async () => (await fetch("/api/v1/hall")).json());
  const day = (back) => new Date(now + 8 * 3_600_000 - back * 86_400_000).toISOString().slice(0, 10);
  await fill(day(2), day(4));
  await check.within("days the wrong way round are refused here", 3, async () => (await page.textContent(".resend [role=alert]")).includes("开始不晚于结束"));
  await fill("", day(2));
  await check.within("… and so is a day that is missing", 3, async () => (await page.textContent(".resend [role=alert]")).includes("请填写两个日期"));
  check.that("… and not sent", sent(heard, "POST").length === 0);
  await fill(day(4), day(2));
  await check.within("days are ordered", 5, () => sent(heard, "POST").length === 1);
  const wanted = { from_ms: Date.parse(`${day(4)}T00:00:00+08:00`), to_ms: Date.parse(`${day(1)}T00:00:00+08:00`) };
  check.that("… from midnight to midnight in the hall, the last day included", sent(heard, "POST")[0]?.body === JSON.stringify(wanted), sent(heard, "POST")[0]?.body);
  await check.within("… and its progress is shown", 5, async () => (await page.$$("[data-job] progress")).length === 2);
  check.that("the form is still open, and says so", (await page.$(".resend[open]")) !== null && (await page.textContent(".resend [role=status]")).includes("已安排"));
  await fill(day(-2), day(-3));
  await check.within("what the daemon refuses is told with its hint", 5, async () => (await page.textContent(".resend [role=alert]")).includes("开始要早于结束，也要早于现在"));
  await page.click(".language-button");
  check.that("… in the reader's language", (await page.textContent(".resend [role=alert]")).includes("the beginning has to be before the end"));
  await page.click('[data-job="3"] .button');
  await check.within("a job is given up", 5, async () => sent(heard, "DELETE")[0]?.path === "/sinks/main/jobs/3" && (await page.$('[data-job="3"]')) === null);
  await sleep(200);
  // The refusal above is one that the browser tells of.
  const errors = seen.errors.filter((error) => !error.includes("status of 400"));
  check.that("no console errors while ordering", errors.length === 0, errors.join(" | "));
  await hall.shot(page, "data-orders-en");
  await context.close();
}
