// Which points there are, how one goes through time, what stays chosen, where numbers come from, and when there are none.
import { api, sleep } from "../browser.mjs";
import { texts } from "../service/view.mjs";
import { DAY, choose, kind, openHistory, period, rows, settled, summary } from "./view.mjs";

export async function choosesPoints(hall) {
  const { check } = hall;
  const { page, context } = await openHistory(hall, "ticket_machine-01");
  const { device } = await api(page, "/devices/ticket_machine-01");
  const offered = await page.$$eval(".past-point option", (all) => all.map((option) => option.value));
  const numbers = device.points.filter((point) => typeof point.value === "number").map((point) => point.name);
  check.that("only numbers can be drawn: no words, no yes and no", offered.slice().sort().join() === numbers.sort().join(), offered.join());
  check.that("a machine shows what it counts first", (await page.inputValue(".past-point")) === "tickets_total" && (await page.$('.past-point optgroup[label^="计数"] option[value="tickets_total"]')) !== null);
  await settled(page);
  check.that("… as a whole number", /^合计 \d+$/.test(await summary(page)), await summary(page));
  await choose(page, { point: "printer_paper_left_sheets" });
  check.that("a unit that is a word is said in the reader's language", (await summary(page)).includes(" 张"), await summary(page));
  await context.close();
  const word = await openHistory(hall, "display-01");
  check.that("a display has its temperature", (await word.page.inputValue(".past-point")) === "host_temp_c");
  await word.context.close();
}

export async function goesThroughTime(hall) {
  const { check } = hall;
  // The days are the hall's, wherever the browser is.
  const { page, context, asked } = await openHistory(hall, "inv-02", { timezoneId: "America/New_York" });
  await settled(page);
  const { now_ms: now } = await api(page, "/hall");
  const midnight = Math.floor((now + 8 * 3_600_000) / DAY) * DAY - 8 * 3_600_000;
  const last = () => asked[asked.length - 1];
  check.that("today is the hall's", Number(last().from_ms) === midnight && Number(last().to_ms) === midnight + DAY, JSON.stringify(last()));
  const labels = async () => [await page.getAttribute(".past-earlier", "aria-label"), await page.getAttribute(".past-later", "aria-label")].join();
  check.that("the buttons say where they lead", (await labels()) === "前一天,后一天", await labels());
  check.that("there is no way into the future", (await page.getAttribute(".past-later", "aria-disabled")) === "true");
  await page.focus(".past-later");
  await page.keyboard.press("Enter");
  await sleep(300);
  check.that("… not even by pressing", asked.length === 1);
  await page.focus(".past-earlier");
  await page.keyboard.press("Enter");
  await settled(page);
  check.that("the day before is asked for", Number(last().from_ms) === midnight - DAY && Number(last().to_ms) === midnight);
  check.that("… and today is no longer what is shown", (await page.$('[data-range][aria-pressed="true"]')) === null && (await page.$('.is-range[data-range="day"]')) !== null);
  await page.click(".past-later");
  await settled(page);
  check.that("… and there is a way back", Number(last().from_ms) === midnight && (await page.getAttribute('[data-range="day"]', "aria-pressed")) === "true");
  await choose(page, { range: "week" });
  check.that("seven days end today", last().step === "1h" && Number(last().from_ms) === midnight - 6 * DAY && Number(last().to_ms) === midnight + DAY);
  await page.click(".past-earlier");
  await settled(page);
  check.that("… and those before end before", Number(last().from_ms) === midnight - 13 * DAY && Number(last().to_ms) === midnight - 6 * DAY);
  await choose(page, { range: "month" });
  const first = new Date(midnight + 8 * 3_600_000).toISOString().slice(0, 8);
  check.that("a month begins with its first day", Number(last().from_ms) === Date.parse(`${first}01T00:00:00+08:00`), JSON.stringify(last()));
  await page.click(".past-earlier");
  await settled(page);
  check.that("… and the one before ends there", Number(last().to_ms) === Date.parse(`${first}01T00:00:00+08:00`) && /^\d{4}年\d+月$/.test(await period(page)), await period(page));
  await choose(page, { range: "year" });
  check.that("a year begins in January", last().step === "1mo" && Number(last().from_ms) === Date.parse(`${first.slice(0, 4)}-01-01T00:00:00+08:00`));
  await context.close();
}

export async function keepsChoice(hall) {
  const { check } = hall;
  const { page, context, asked } = await openHistory(hall, "inv-03");
  await choose(page, { point: "cabinet_temp_c", range: "week" });
  await page.click(".past-earlier");
  await settled(page);
  const before = [await period(page), asked.length].join();
  const age = () => page.textContent(".pairs dd");
  const old = await age();
  await check.within("the drawer goes on living", 10, async () => (await age()) !== old);
  await sleep(5_000);
  check.that("… and the choice stays", (await page.inputValue(".past-point")) === "cabinet_temp_c" && (await page.$('.is-range[data-range="week"]')) !== null);
  check.that("… without reading it again", [await period(page), asked.length].join() === before, `${before} and ${[await period(page), asked.length].join()}`);
  await context.close();
}

export async function tellsOrigin(hall) {
  const { check } = hall;
  const { page, context } = await openHistory(hall, "inv-01");
  await settled(page);
  check.that("what is kept here needs no word", (await page.$("[data-origin]")) === null);
  await choose(page, { range: "year" });
  check.that("… nor a whole year of it", (await page.$("[data-origin]")) === null && (await kind(page)) === "line");
  await page.click(".past-earlier");
  await settled(page);
  const said = await texts(page, "[data-origin]");
  check.that("what comes from a database says so", /^\d{4}年11月1日 00:00 之前的数据来自 InfluxDB “main”$/.test(said[1] ?? ""), said.join(" | "));
  check.that("what is nowhere says why and what to do", /^\d{4}年2月1日 10:00 之前没有数据检查 InfluxDB 是否运行.*401 unauthorized$/.test(said[0] ?? ""), said[0]);
  await hall.shot(page, "history-origin-zh");
  await page.click(".past-earlier");
  await settled(page);
  check.that("a year of which nothing is left says why", (await kind(page)) === "empty" && /^交流功率这段时间没有数据检查 InfluxDB .*401 unauthorized$/.test(await page.textContent(".past")), await page.textContent(".past"));
  await hall.shot(page, "history-lost-zh");
  await context.close();
}

export async function hasNothing(hall) {
  const { check } = hall;
  const { page, context } = await openHistory(hall, "wx-01");
  await settled(page);
  check.that("where a device begins is said", (await texts(page, "[data-origin]")).join() === "08:00 之前没有数据", (await texts(page, "[data-origin]")).join());
  await choose(page, { range: "week" });
  const [[gap, none]] = await rows(page);
  check.that("… and what was not there is one row, named by both its ends", /^\d+月\d+日周. 00:00 – \d+月\d+日周. 08:00$/.test(gap) && none === "无数据", gap);
  await choose(page, { range: "day" });
  await page.click(".past-earlier");
  await settled(page);
  check.that("a time without data says so", (await kind(page)) === "empty" && (await page.textContent(".past-empty")) === "这段时间没有数据");
  check.that("… once, and without an empty chart", (await page.$(".past canvas, .past-table, [data-origin]")) === null);
  await hall.shot(page, "history-empty-zh");
  await context.close();
  const silent = await openHistory(hall, "wx-01", { lang: "en" });
  await silent.page.click(".past-earlier");
  await settled(silent.page);
  check.that("… in English, too", (await silent.page.textContent(".past-empty")) === "No data in this time");
  await silent.context.close();
}
