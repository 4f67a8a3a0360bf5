// What the history says is what the API says: for any daemon.
import { api, enter, openPage } from "../browser.mjs";
import { LAPTOP } from "../service/view.mjs";
import { rows, settled, title } from "./view.mjs";

const SCALES = [["GWh", 1e9], ["MWh", 1e6], ["kWh", 1e3], ["MW", 1e6], ["kW", 1e3], ["kvar", 1e3], ["MΩ", 1e6], ["kΩ", 1e3]];
const byOf = (head) => SCALES.find(([unit]) => head.includes(`（${unit}）`))?.[1] ?? 1;

/** What the page was told last, by its own request. */
async function heard(page, act) {
  const answer = page.waitForResponse((response) => response.url().includes("/past?"));
  await act();
  const response = await answer;
  await settled(page);
  return { past: await response.json(), status: response.status() };
}

async function sameNumbers(page, check, name, { past, status }) {
  const [point] = past.points;
  const counted = /^(energy|irradiation)_|_total$/.test(point.name);
  const wanted = (counted ? [point.increase] : [point.mean, point.min, point.max]).map((list) => list.filter((value) => value !== null));
  check.that(`${name} is answered`, status === 200 && point.count.length === past.edges_ms.length - 1);
  if (wanted[0].length === 0) return check.that(`${name} says that there is nothing`, (await page.$(".past-empty")) !== null);
  const by = byOf(await title(page));
  const told = (await rows(page)).filter(([, value]) => value !== "无数据");
  const shown = wanted.map((_, column) => told.map((row) => Number(row[column + 1].replace(/,/g, "").replace("−", "-")) * by));
  const off = wanted.flatMap((list, column) => list.filter((value, i) => !(Math.abs((shown[column][i] ?? NaN) - value) <= Math.max(Math.abs(value) * 0.01, by * 0.06))));
  check.that(`${name} shows the API's numbers`, shown[0].length === wanted[0].length && off.length === 0, `${shown[0].length} of ${wanted[0].length} rows, off: ${off.slice(0, 3).join()}`);
  const drawn = await page.getAttribute('[data-testid="past"]', "data-kind");
  check.that(`${name} is drawn as it is told`, drawn === (counted ? "bars" : "line"), drawn);
}

export async function compares({ browser, base, check, shot }) {
  const { page, context, seen } = await openPage(browser, base, LAPTOP);
  await enter(page, base);
  const { devices } = await api(page, "/devices");
  for (const kind of ["inverter", "meter", "weather", "ticket_machine"]) {
    const device = devices.find((entry) => entry.kind === kind);
    if (!device) continue;
    const opened = await heard(page, () => page.click(`[data-device="${device.id}"]`));
    const first = await page.inputValue(".past-point");
    check.that(`${device.id} begins with what matters`, (kind === "inverter" || kind === "meter") ? first === "ac_power_w" : first !== "", first);
    await sameNumbers(page, check, `${device.id} today`, opened);
    for (const range of ["week", "month", "year"]) await sameNumbers(page, check, `${device.id} ${range}`, await heard(page, () => page.click(`[data-range="${range}"]`)));
    const counter = await page.$$eval(".past-point option", (all) => all.map((option) => option.value).find((name) => /^(energy|irradiation)_|_total$/.test(name)));
    if (counter && counter !== first) await sameNumbers(page, check, `${device.id} ${counter}`, await heard(page, () => page.selectOption(".past-point", counter)));
    await page.$eval(".history", (section) => section.scrollIntoView({ block: "start" }));
    await shot(page, `history-of-${kind}`);
    await page.keyboard.press("Escape");
    await page.waitForSelector(".drawer", { state: "detached" });
  }
  check.that("no console errors while comparing", seen.errors.length === 0, seen.errors.join(" | "));
  await context.close();
}
