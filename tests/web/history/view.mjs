// What the tests of the history share.
import { enter, openPage } from "../browser.mjs";
import { LAPTOP } from "../service/view.mjs";

export const PHONE = { viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 1 };
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** The drawer of a device, at its history. `route` may answer for the daemon; `lang` is what the reader had chosen before. */
export async function openHistory({ browser, base }, device, { viewport = LAPTOP, lang = "zh", route = null, ...options } = {}) {
  const opened = await openPage(browser, base, viewport, options);
  const { page } = opened;
  await page.addInitScript((chosen) => localStorage.setItem("hallwatch.lang", chosen), lang);
  if (route) await page.route("**/past?*", route);
  const asked = [];
  page.on("request", (request) => {
    const [, query] = request.url().split("/past?");
    if (query) asked.push(Object.fromEntries(new URLSearchParams(query)));
  });
  await enter(page, base);
  await page.click(`[data-device="${device}"]`);
  await page.waitForSelector(".history");
  await page.$eval(".history", (section) => section.scrollIntoView({ block: "start" }));
  return { ...opened, asked };
}

/** Waits until what is shown is what was asked for last. */
export const settled = (page) => page.waitForFunction(() => document.querySelector('[data-testid="past"][aria-busy="false"], .past-failed') !== null && document.querySelector('.past-loading')?.textContent === "", null, { timeout: 20_000 });

/** Chooses something of the history and waits for it. */
export async function choose(page, { point, range }) {
  if (point) await page.selectOption(".past-point", point);
  if (range) await page.click(`[data-range="${range}"]`);
  await settled(page);
}

export const summary = (page) => page.textContent('[data-testid="past-summary"]');
export const title = (page) => page.textContent(".past figcaption");
export const period = (page) => page.textContent('[data-testid="past-period"]');
export const kind = (page) => page.getAttribute('[data-testid="past"]', "data-kind");

/** Waits for the chart, whose library comes after the page: what is settled in numbers may not be drawn yet. */
export const chart = (page) => page.waitForSelector(".past canvas");

/** The rows of the table of values, opened if need be. */
export async function rows(page) {
  if ((await page.$(".past-table[open]")) === null) await page.click(".past-table summary");
  await page.waitForSelector(".past-table tbody tr");
  return page.$$eval(".past-table tbody tr", (all) => all.map((row) => Array.from(row.cells, (cell) => cell.textContent)));
}

/** How many pixels of each column of the chart have the colour of its line and bars, and how many that of its band. */
export async function ink(page) {
  await chart(page);
  return page.$eval(".past canvas", (canvas) => {
    const read = (name) => getComputedStyle(canvas).getPropertyValue(name).trim();
    const rgb = (hex) => (hex.length === 4 ? [1, 2, 3].map((at) => parseInt(hex[at] + hex[at], 16)) : [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
    const [line, ground] = [rgb(read("--accent")), rgb(read("--surface"))];
    const band = ground.map((part, i) => part + (line[i] - part) * 0.18);
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    // The canvas has no ground of its own.
    const over = (at) => [0, 1, 2].map((i) => ground[i] + (data[at + i] - ground[i]) * (data[at + 3] / 255));
    const like = (colour, wanted) => colour.every((part, i) => Math.abs(part - wanted[i]) < 14);
    const columns = { line: new Array(width).fill(0), band: new Array(width).fill(0) };
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const colour = over((y * width + x) * 4);
        if (like(colour, line)) columns.line[x] += 1;
        else if (like(colour, band)) columns.band[x] += 1;
      }
    }
    return columns;
  });
}

/** Runs of neighbouring columns with at least so much ink: [first, last]. */
export function runs(columns, least = 1) {
  const found = [];
  columns.forEach((pixels, x) => {
    if (pixels < least) return;
    const last = found[found.length - 1];
    if (last && last[1] === x - 1) last[1] = x;
    else found.push([x, x]);
  });
  return found;
}
