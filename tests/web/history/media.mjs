// The history on a phone, in the dark, in English, and on paper.
import { CJK, sleep, wordsOnPage } from "../browser.mjs";
import { PHONE, chart, choose, ink, openHistory, rows, runs, settled } from "./view.mjs";

export async function fitsPhone(hall) {
  const { check } = hall;
  for (const lang of ["zh", "en"]) {
    const { page, context, seen } = await openHistory(hall, "inv-01", { ...PHONE, lang });
    await settled(page);
    for (const [point, range] of [["ac_power_w", "day"], ["ac_power_w", "week"], ["energy_total_wh", "month"], ["insulation_ohm", "year"]]) {
      await choose(page, { point, range });
      await rows(page);
      const width = await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.querySelector(".drawer-scroll").scrollWidth));
      check.that(`no sideways scrolling of the history on a phone (${lang}, ${point}, ${range})`, width <= 360, `${width} px`);
      const wide = await page.$$eval(".history *", (all) => all.filter((element) => element.getBoundingClientRect().right > 361 && element.closest("caption, option, optgroup") === null).map((element) => element.className));
      check.that(`… and nothing cut off (${lang}, ${point}, ${range})`, wide.length === 0, wide.slice(0, 4).join());
      await page.$eval(".history", (section) => section.scrollIntoView({ block: "start" }));
      await hall.shot(page, `history-phone-${point}-${range}-${lang}`);
    }
    await choose(page, { point: "ac_power_w", range: "day" });
    await chart(page);
    await page.$eval(".past canvas", (canvas) => canvas.scrollIntoView({ block: "center" }));
    const box = await page.$eval(".past canvas", (canvas) => canvas.getBoundingClientRect().toJSON());
    await page.touchscreen.tap(box.left + box.width * 0.5, box.top + box.height / 2);
    await check.within(`a finger reads a value (${lang})`, 3, async () => /\d\d:\d\d–\d\d:\d\d[\d.]+ kW/.test(await page.textContent(".past .curve-box")), () => page.textContent(".past .curve-box"));
    check.that("no console errors at the history on a phone", seen.errors.length === 0, seen.errors.join(" | "));
    await context.close();
  }
}

export async function isDark(hall) {
  const { check } = hall;
  const { page, context } = await openHistory(hall, "inv-01", { lang: "en" });
  for (const [point, range] of [["ac_power_w", "day"], ["energy_total_wh", "week"], ["ac_power_w", "year"]]) {
    await choose(page, { point, range });
    await rows(page);
    const left = (await wordsOnPage(page)).filter((word) => CJK.test(word));
    check.that(`no Chinese is left in the English history (${point}, ${range})`, left.length === 0, left.slice(0, 5).join(" | "));
  }
  await choose(page, { point: "energy_total_wh", range: "day" });
  const bars = async () => runs((await ink(page)).line, 6).length;
  let light = await bars();
  // The chart grows into its place: it is there when it stands still.
  for (let before = -1; before !== light; light = await bars()) {
    before = light;
    await sleep(400);
  }
  await hall.shot(page, "history-light-en");
  await page.emulateMedia({ colorScheme: "dark" });
  // Drawn anew, which takes its time on a busy machine.
  await check.within("in the dark the same is drawn in the colours of the dark", 5, async () => light > 5 && (await bars()) === light, async () => `${light} and ${await bars()} bars`);
  await hall.shot(page, "history-dark-en");
  await context.close();
}

export async function prints(hall) {
  const { check } = hall;
  const { page, context } = await openHistory(hall, "inv-01", { colorScheme: "dark" });
  await settled(page);
  await chart(page);
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.setViewportSize({ width: 718, height: 1016 });
  await sleep(300);
  const visible = (selector) => page.$$eval(selector, (all) => all.filter((element) => element.getClientRects().length > 0).length);
  check.that("the open device is what is on paper", (await visible(".top, .system, [data-device]")) === 0 && (await visible(".past canvas")) === 1);
  check.that("… without what is there to be pressed", (await visible(".drawer button, .past-point, .past-table")) === 0);
  check.that("… with its time and its point", (await visible('[data-testid="past-period"]')) === 1 && (await visible(".past figcaption")) === 1);
  const shape = await page.$eval(".drawer", (drawer) => [drawer.getBoundingClientRect().width, drawer.scrollHeight - drawer.clientHeight]);
  check.that("… as wide as the paper and as long as it takes", shape[0] === 718 && shape[1] <= 0, shape.join());
  const dark = await page.$eval(".past canvas", (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let n = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200 && data[at] + data[at + 1] + data[at + 2] < 60) n += 1;
    return n;
  });
  check.that("the line is printed black, whatever the theme", dark > 200, `${dark} pixels`);
  await page.screenshot({ path: hall.path("history-paper-zh"), fullPage: true });
  await page.emulateMedia({ media: "screen", colorScheme: "dark" });
  await sleep(200);
  check.that("… and the screen has its own colours again", runs((await ink(page)).line).length > 0);
  await context.close();
}
