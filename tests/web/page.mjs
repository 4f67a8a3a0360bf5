// Opens the page of a running daemon in Chromium and checks what a person would check.
//
//   node tests/web/page.mjs BASE_URL SCREENSHOT_DIR
//
// HALLWATCH_PASSWORD: the password, when the daemon asks for one.
// PAGE_ALERT_CMD: a shell command that provokes a new alert; without it the hall must raise one by itself.
// PAGE_ALERT_WAIT: how many seconds to wait for the new alert (60).
import { execSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CJK, Checks, api, enter, launch, openPage, sleep, wordsOnPage } from "./browser.mjs";

const [base, shots] = process.argv.slice(2).map((argument) => argument.replace(/\/$/, ""));
if (!base || !shots) {
  console.error("usage: node tests/web/page.mjs BASE_URL SCREENSHOT_DIR");
  process.exit(2);
}
mkdirSync(shots, { recursive: true });
const PERSON = "测试员 李工";
const NOTE = "已到现场 on site";
const check = new Checks();

/** Whatever the daemon itself sends as English (or as plain data) may hold any character. */
function sentByDaemon(value, into = new Set()) {
  if (typeof value === "string") into.add(value);
  else if (value && typeof value === "object") {
    for (const [key, inner] of Object.entries(value)) if (key !== "zh") sentByDaemon(inner, into);
  }
  return into;
}

async function chineseFirst(page) {
  const hall = await api(page, "/hall");
  check.that("<html lang> is zh-CN", (await page.getAttribute("html", "lang")) === "zh-CN");
  check.that("the hall's Chinese name is the heading", (await page.textContent("h1")) === hall.site.name.zh, await page.textContent("h1"));
  check.that("the words are Chinese", (await wordsOnPage(page)).filter((word) => CJK.test(word)).length > 30);
  await check.within("the page says 实时", 10, async () => (await page.textContent(".connection")).includes("实时"));
  check.that("the demo banner is there when the data is made up", ((await page.$(".demo")) !== null) === (hall.demo !== null));
}

async function powerShown(page) {
  const pv = await api(page, "/pv");
  const text = await page.textContent('[data-testid="pv-power"]');
  const shown = /^([\d.,]+)\s*(W|kW|MW)$/.exec(text);
  const scale = { W: 1, kW: 1e3, MW: 1e6 };
  if (pv.power_w === null) return check.that("PV power is a dash when unknown", text.startsWith("—"), text);
  check.that("PV power is shown with its unit", shown !== null, text);
  const watts = shown ? Number(shown[1].replace(",", "")) * scale[shown[2]] : NaN;
  const tolerance = Math.max(1_000, pv.rated_power_w * 0.15);
  check.that("PV power is the API's", Math.abs(watts - pv.power_w) < tolerance, `${watts} and ${pv.power_w}`);
  await check.within("the curve is drawn", 10, () => page.$(".curve-box canvas").then(Boolean));
}

function ages(page) {
  return page.$$eval("[data-device]", (tiles) => tiles.map((tile) => [tile.dataset.device, tile.querySelector(".tile-age").textContent]));
}

async function devicesShown(page) {
  const { devices } = await api(page, "/devices");
  const shown = await page.$$eval("[data-device]", (tiles) => tiles.map((tile) => tile.dataset.device));
  check.that("all devices are on the board", shown.length === devices.length, `${shown.length} of ${devices.length}`);
  const seconds = (text) => Number(/^(\d+) 秒前$/.exec(text)?.[1] ?? NaN);
  const before = new Map(await ages(page));
  await sleep(2_200);
  const grown = (await ages(page)).filter(([id, text]) => [1, 2, 3, 4].includes(seconds(text) - seconds(before.get(id))));
  check.that("ages count up by themselves", grown.length > 0);
  // A device is heard again while one looks from the one to the other, or is at the edge.
  const wrong = async () => {
    const fresh = await api(page, "/devices");
    const marked = new Set(await page.$$eval("[data-device][data-stale]", (tiles) => tiles.map((tile) => tile.dataset.device)));
    const clear = fresh.devices.filter((device) => device.last_seen_ms === null || Math.abs(fresh.now_ms - device.last_seen_ms - device.stale_after_ms) > 3_000);
    const old = (device) => device.last_seen_ms === null || fresh.now_ms - device.last_seen_ms > device.stale_after_ms;
    return clear.filter((device) => old(device) !== marked.has(device.id)).map((device) => device.id);
  };
  await check.within("what is stale is marked, and nothing else", 10, async () => (await wrong()).length === 0, wrong);
  // Healths change while one looks from the one to the other.
  await check.within("every health has its word", 10, async () => {
    const healths = new Set((await api(page, "/devices")).devices.map((device) => device.health));
    const words = new Set(await page.$$eval("[data-device] .tile-about b", (all) => all.map((element) => element.textContent)));
    return words.size === healths.size;
  });
}

async function filterWorks(page) {
  const { devices } = await api(page, "/devices");
  const one = devices[devices.length - 1];
  await page.fill('input[type="search"]', one.id);
  await check.within("the search narrows the board", 3, async () => (await page.$$("[data-device]")).length < devices.length);
  check.that("the search keeps the device it names", (await page.$(`[data-device="${one.id}"]`)) !== null);
  await page.fill('input[type="search"]', "");
  await check.within("the board comes back", 3, async () => (await page.$$("[data-device]")).length === devices.length);
}

function openAlerts(page) {
  return page.$$eval('[data-testid="alerts"] > [data-alert]', (rows) => rows.map((row) => row.dataset.alert));
}

async function alertArrives(page) {
  const before = new Set(await openAlerts(page));
  await page.evaluate(() => { window.notReloaded = true; });
  if (process.env.PAGE_ALERT_CMD) execSync(process.env.PAGE_ALERT_CMD, { stdio: "inherit" });
  const wait = Number(process.env.PAGE_ALERT_WAIT ?? 60);
  await check.within("a new alert appears", wait, async () => (await openAlerts(page)).some((id) => !before.has(id)));
  check.that("… without a reload", await page.evaluate(() => window.notReloaded === true));
}

async function acknowledges(page) {
  const row = page.locator('[data-testid="alerts"] > [data-alert]').filter({ has: page.locator('[data-testid="acknowledge"]') }).first();
  if ((await row.count()) === 0) return check.that("there is an alert to acknowledge", false);
  const id = await row.getAttribute("data-alert");
  await row.locator('[data-testid="acknowledge"]').click();
  await page.click('.ask button[type="submit"]');
  check.that("a name is asked for", (await page.$('.ask [role="alert"]')) !== null);
  await page.fill('.ask input[name="by"]', PERSON);
  await page.fill('.ask textarea[name="note"]', NOTE);
  await page.click('.ask button[type="submit"]');
  const done = `[data-alert="${id}"] .alert-ack`;
  await check.within("the alert shows who took it", 5, async () => (await page.textContent(done)).includes(PERSON));
  check.that("… and the note", ((await page.textContent(done)) ?? "").includes(NOTE));
  const { alerts } = await api(page, "/alerts?state=all&limit=200");
  check.that("the daemon knows who took it", alerts.find((alert) => alert.id === id)?.acknowledged?.by === PERSON);
  const next = page.locator('[data-testid="acknowledge"]').first();
  if ((await next.count()) === 0) return;
  await next.click();
  check.that("the name is remembered", (await page.inputValue('.ask input[name="by"]')) === PERSON);
  await page.keyboard.press("Escape");
  await check.within("Escape closes the dialog", 3, async () => (await page.$(".ask")) === null);
}

async function drawerOpens(page) {
  const { devices } = await api(page, "/devices");
  const device = devices.find((entry) => entry.points.length > 0);
  await page.focus(`[data-device="${device.id}"]`);
  await page.keyboard.press("Enter");
  await check.within("Enter opens the drawer", 5, async () => (await page.textContent(".drawer h2")) === device.name.zh);
  const { device: whole } = await api(page, `/devices/${device.id}`);
  await check.within("the drawer lists all points", 6, async () => (await page.$$(".points tbody tr")).length === whole.points.length);
  await page.keyboard.press("Escape");
  await check.within("Escape closes the drawer", 3, async () => (await page.$(".drawer")) === null);
  check.that("the focus returns to the tile", await page.evaluate((id) => document.activeElement?.dataset.device === id, device.id));
}

async function busesShown(page) {
  await page.click('[data-testid="buses"] summary');
  const { buses } = await api(page, "/buses?limit=30");
  await check.within("every line is in the table of buses", 8, async () => {
    const shown = await page.$$eval("[data-line]", (rows) => rows.map((row) => row.dataset.line).sort().join());
    return shown === buses.map((bus) => bus.name).sort().join();
  });
  await page.click('[data-testid="buses"] summary');
  const folded = async () => (await page.$('[data-testid="buses"][open]')) === null;
  await check.within("… and it folds again", 3, folded);
  const aways = { "by Escape": () => page.keyboard.press("Escape"), "by a click elsewhere": () => page.click("h1") };
  for (const [how, away] of Object.entries(aways)) {
    await page.click('[data-testid="buses"] summary');
    await page.waitForSelector('[data-testid="buses"][open]');
    await away();
    await check.within(`… and ${how}`, 3, folded);
  }
}

/** Opens the registers of the first device that is asked over Modbus. */
async function openRegisters(page) {
  const { buses } = await api(page, "/buses");
  const id = buses.flatMap((bus) => bus.units).flatMap((unit) => unit.devices)[0];
  await page.click(`[data-device="${id}"]`);
  await page.click('[data-testid="registers"] summary');
  await page.waitForSelector(".registers tbody tr");
  return id;
}

async function registersShown(page) {
  const id = await openRegisters(page);
  const { registers } = await api(page, `/devices/${id}/registers`);
  const rows = await page.$$eval(".registers tbody tr", (all) => all.map((row) => row.textContent));
  check.that("the drawer lists all registers", rows.length === registers.length, `${rows.length} of ${registers.length}`);
  check.that("… with their addresses", registers.every(({ function: code, address }, place) => rows[place]?.includes(`${code}:${address}`)));
  const raw = await page.$$eval(".registers td:nth-child(3)", (cells) => cells.filter((cell) => /^[0-9A-F]{4}/.test(cell.textContent)).length);
  check.that("… and their raw words", raw > 3, `${raw} with words`);
  await page.keyboard.press("Escape");
}

async function foreignWords(page) {
  const data = await Promise.all(["/hall", "/devices", "/pv", "/system", "/buses", "/alerts?state=all&limit=200"].map((path) => api(page, path)));
  const allowed = [...sentByDaemon(data)].filter((text) => CJK.test(text));
  return (await wordsOnPage(page)).filter((word) => CJK.test(word) && !allowed.some((text) => word.includes(text)));
}

async function speaksEnglish(page) {
  await page.click(".language-button");
  await check.within("<html lang> follows", 3, async () => (await page.getAttribute("html", "lang")) === "en");
  await sleep(1_200);
  let left = await foreignWords(page);
  check.that("no Chinese is left on the English page", left.length === 0, left.slice(0, 8).join(" | "));
  await page.click("[data-device]");
  await page.waitForSelector(".points, .drawer .muted");
  left = await foreignWords(page);
  check.that("no Chinese is left in the English drawer", left.length === 0, left.slice(0, 8).join(" | "));
  await page.keyboard.press("Escape");
  await openRegisters(page);
  left = await foreignWords(page);
  check.that("no Chinese is left among the registers", left.length === 0, left.slice(0, 8).join(" | "));
  await page.screenshot({ path: join(shots, "registers-en.png") });
  await page.keyboard.press("Escape");
  await page.click('[data-testid="buses"] summary');
  await page.waitForSelector("[data-line]");
  left = await foreignWords(page);
  check.that("no Chinese is left among the buses", left.length === 0, left.slice(0, 8).join(" | "));
  await page.screenshot({ path: join(shots, "buses-en.png") });
  await page.reload();
  await page.waitForSelector("[data-device]");
  check.that("the language is remembered", (await page.getAttribute("html", "lang")) === "en");
}

async function fitsPhone(browser) {
  const { context, page, seen } = await openPage(browser, base, { width: 390, height: 844 }, { isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
  await enter(page, base);
  await sleep(1_500);
  for (const language of ["zh", "en"]) {
    const width = await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth));
    check.that(`no sideways scrolling on a phone (${language})`, width <= 390, `${width} px`);
    await page.screenshot({ path: join(shots, `phone-${language}.png`) });
    await page.click(".language-button");
    await sleep(500);
  }
  check.that("no console errors on the phone", seen.errors.length === 0, seen.errors.join(" | "));
  await context.close();
}

async function main() {
  const browser = await launch();
  try {
    const { page, seen } = await openPage(browser, base, { width: 1920, height: 1080 });
    // What a daemon announces meanwhile lies over the board. It is taken away without a click, which
    // would fold what a step has just unfolded; behind the first there may be another.
    const away = (banner) => banner.evaluate((element) => { element.style.display = "none"; }).catch(() => {});
    await page.addLocatorHandler(page.locator("[data-announcement]:visible").first(), away, { noWaitAfter: true });
    await enter(page, base);
    for (const step of [chineseFirst, powerShown, devicesShown, filterWorks, alertArrives, acknowledges, drawerOpens, busesShown, registersShown]) await step(page);
    await page.screenshot({ path: join(shots, "wall-zh.png") });
    await page.setViewportSize({ width: 1280, height: 800 });
    await speaksEnglish(page);
    await sleep(1_500);
    await page.screenshot({ path: join(shots, "laptop-en.png") });
    await page.emulateMedia({ colorScheme: "dark" });
    await sleep(500);
    await page.screenshot({ path: join(shots, "laptop-en-dark.png") });
    await fitsPhone(browser);
    check.that("no console errors", seen.errors.length === 0, seen.errors.join(" | "));
    check.that("no request to another origin", seen.foreign.length === 0, seen.foreign.join(" | "));
  } catch (error) {
    check.that("the run came to its end", false, error.message);
  } finally {
    await browser.close();
  }
  check.finish();
}

await main();
