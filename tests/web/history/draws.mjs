// What is drawn: a level as a line with a band and its gaps, a counter as bars with their sum.
import { sleep } from "../browser.mjs";
import { chart, choose, ink, kind, openHistory, period, rows, runs, settled, summary, title } from "./view.mjs";

export async function drawsLevel(hall) {
  const { check } = hall;
  const { page, context, seen, asked } = await openHistory(hall, "inv-01");
  await settled(page);
  await chart(page);
  check.that("an inverter shows its power first", (await page.inputValue(".past-point")) === "ac_power_w" && (await kind(page)) === "line");
  check.that("… of today, in steps of five minutes", asked.length === 1 && asked[0].step === "5m" && asked[0].points === "ac_power_w", JSON.stringify(asked));
  check.that("… with its unit", (await title(page)) === "交流功率（kW）", await title(page));
  check.that("… and in words", /^平均 [\d.]+ kW最低 0 W最高 [\d.]+ kW（\d\d:\d\d–\d\d:\d\d）$/.test(await summary(page)), await summary(page));
  check.that("… and to who cannot see it", /^交流功率（kW） · \d{4}年\d+月\d+日周. · 平均 .* · 最低 .* · 最高 /.test(await page.getAttribute(".past .curve-box", "aria-label")));
  const drawn = runs((await ink(page)).line);
  const [first, last] = [drawn[0][0], drawn[drawn.length - 1][1]];
  const gaps = drawn.slice(1).map((run, i) => [drawn[i][1], run[0]]).filter(([a, b]) => b - a > 4);
  const hour = (x) => ((x - first) / (last - first)) * (14 + 20 / 60);
  check.that("a gap stays a gap", gaps.length === 1 && Math.abs(hour(gaps[0][0]) - 9.5) < 0.3 && Math.abs(hour(gaps[0][1]) - 9.95) < 0.3, JSON.stringify(gaps.map((gap) => gap.map(hour))));
  check.that("… and is one row of the table", (await rows(page)).some(([time, value]) => time === "09:30–09:55" && value === "无数据"));
  const box = await page.$eval(".past canvas", (canvas) => canvas.getBoundingClientRect().toJSON());
  await page.mouse.move(box.left + last - 20, box.top + box.height / 2);
  await check.within("the pointer reads a value", 3, async () => /1[34]:\d\d–1[34]:\d\d[\d.]+ kW最低 [\d.]+ kW · 最高 [\d.]+ kW/.test(await page.textContent(".past .curve-box")), () => page.textContent(".past .curve-box"));
  await sleep(200);
  await hall.shot(page, "history-level-zh");
  check.that("no console errors at the history", seen.errors.length === 0, seen.errors.join(" | "));
  check.that("no request of the history to another origin", seen.foreign.length === 0, seen.foreign.join(" | "));
  await context.close();
}

export async function drawsBars(hall) {
  const { check } = hall;
  const { page, context, asked } = await openHistory(hall, "inv-01");
  await choose(page, { point: "energy_total_wh" });
  check.that("a counter is told by the hour", asked[asked.length - 1].step === "1h" && (await title(page)) === "累计发电量，每小时（kWh）", await title(page));
  const [total] = /[\d.]+/.exec(await summary(page));
  check.that("… with its sum in words", /^合计 [\d.]+ kWh$/.test(await summary(page)), await summary(page));
  const told = await rows(page);
  const sum = told.reduce((all, [, value]) => all + Number(value), 0);
  check.that("… that is the sum of the table", Math.abs(sum - Number(total)) < 0.2, `${sum} and ${total}`);
  check.that("… up to now and not beyond", told.length === 15 && told[14][0] === "14:00–15:00", told[told.length - 1]?.join());
  const bars = runs((await ink(page)).line, 6).filter(([a, b]) => b - a > 4);
  check.that("… and drawn as bars", (await kind(page)) === "bars" && bars.length >= 6 && bars.length <= 9, JSON.stringify(bars));
  await hall.shot(page, "history-bars-day-zh");
  await choose(page, { range: "year" });
  const { edges_ms: edges } = await page.evaluate(async (query) => (await fetch(`/api/v1/devices/inv-01/past?${new URLSearchParams(query)}`)).json(), asked[asked.length - 1]);
  check.that("a year has its twelve months", asked[asked.length - 1].step === "1mo" && edges.length === 13, String(edges.length));
  check.that("… and its sum a unit of its size", /^合计 [\d.,]+ [kM]Wh$/.test(await summary(page)), await summary(page));
  await choose(page, { range: "month" });
  check.that("a month has a bar for each day", asked[asked.length - 1].step === "1d" && (await title(page)) === "累计发电量，每天（kWh）", await title(page));
  await hall.shot(page, "history-bars-month-zh");
  await context.close();
}

/** A meter at the grid: power flows both ways; and a frequency is read by its changes. */
export async function drawsNegatives(hall) {
  const { check } = hall;
  const { page, context } = await openHistory(hall, "mtr-01");
  await settled(page);
  check.that("what flows back is negative", /最低 −[\d.]+ kW/.test(await summary(page)), await summary(page));
  await choose(page, { point: "grid_freq_hz" });
  check.that("a frequency has two decimals", /^平均 \d\d\.\d\d Hz最低 \d\d\.\d\d Hz/.test(await summary(page)), await summary(page));
  const tallest = Math.max(...runs((await ink(page)).band).map(([from, to]) => to - from));
  check.that("… and a band of its lowest and highest, large enough to be seen", tallest > 50, `${tallest} px of band`);
  await choose(page, { point: "power_factor" });
  check.that("a number without a unit has none", (await title(page)) === "功率因数" && /^平均 0\.\d+最低/.test(await summary(page)), await summary(page));
  check.that("… and its time is still today's", /^\d{4}年\d+月\d+日周.$/.test(await period(page)), await period(page));
  await context.close();
}
