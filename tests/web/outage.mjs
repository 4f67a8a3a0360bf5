// What the page does when things go wrong, against the fake hall: the daemon dies and comes back, falls
// silent, gets a new version, asks for a password, or has a thousand devices.
//
//   node tests/web/outage.mjs [DIST_DIR]
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Checks, enter, launch, openPage, sleep } from "./browser.mjs";

const PORT = 8123;
const BASE = `http://127.0.0.1:${PORT}`;
const FAKE = fileURLToPath(new URL("fake.mjs", import.meta.url));
const DIST = process.argv[2] ?? fileURLToPath(new URL("../../dashboards/web/dist", import.meta.url));
const check = new Checks();
let daemon = null;

async function startDaemon(...options) {
  daemon = spawn(process.execPath, [FAKE, "--port", String(PORT), "--dist", DIST, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => daemon.stdout.once("data", resolve));
}

async function stopDaemon() {
  if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = new Promise((resolve) => daemon.once("exit", resolve));
  daemon.kill("SIGKILL");
  await gone;
}

const connection = (page) => page.textContent(".connection");
const saysLive = (page) => async () => (await connection(page)).includes("实时");
const saysLost = (page) => async () => /连接中断，显示的是 .*\d\d:\d\d 的数据/.test(await connection(page));

async function diesAndReturns(browser) {
  await startDaemon();
  const { page, context } = await openPage(browser, BASE, { width: 1280, height: 800 });
  await enter(page, BASE);
  await check.within("live at first", 5, saysLive(page));
  await page.evaluate(() => { window.notReloaded = true; });
  await stopDaemon();
  await check.within("a dead daemon is noticed", 5, saysLost(page), () => connection(page));
  const power = await page.textContent('[data-testid="pv-power"]');
  check.that("the last figures stay, they do not become zero", /^[1-9]/.test(power), power);
  await check.within("old values turn grey while nothing arrives", 25, () => page.$('[data-device="inv-01"][data-stale]').then(Boolean));
  await startDaemon();
  await check.within("the page comes back by itself", 25, saysLive(page), () => connection(page));
  await check.within("values are fresh again", 8, async () => (await page.$('[data-device="inv-01"][data-stale]')) === null);
  check.that("the same version does not reload the page", await page.evaluate(() => window.notReloaded === true));
  await stopDaemon();
  await startDaemon("--version", "0.2.0");
  await check.within("a new version reloads the page", 40, async () => (await page.evaluate(() => window.notReloaded)) === undefined);
  await check.within("the new version is shown", 8, async () => (await page.textContent(".version")).includes("0.2.0"));
  await context.close();
  await stopDaemon();
}

/** What is read on demand, and what becomes of it when nobody answers. */
async function looksCloser(browser) {
  await startDaemon();
  const { page, context } = await openPage(browser, BASE, { width: 1280, height: 800 });
  await enter(page, BASE);
  await page.click('[data-testid="buses"] summary');
  await check.within("the line with trouble is first", 5, async () => (await page.textContent("[data-line]")).startsWith("roof-485"));
  const said = await page.textContent(".finding-trouble");
  check.that("what is wrong is said in words", said.includes("inv-07") && said.includes("不应答"), said);
  await page.click('[data-testid="buses"] summary');
  await page.click('[data-device="inv-01"]');
  await page.click('[data-testid="registers"] summary');
  await check.within("registers come with their raw words", 5, async () => (await page.textContent(".registers")).includes("0000 30B6"));
  check.that("… and with why one has no value", (await page.textContent(".registers")).includes("设备拒绝"));
  await stopDaemon();
  await check.within("registers that cannot be read are told", 20, () => page.$(".registers [role=alert]").then(Boolean));
  check.that("… and the last ones stay", (await page.textContent(".registers")).includes("0000 30B6"));
  await context.close();
}

/** A daemon that hangs keeps its sockets open: only the silence tells. */
async function fallsSilent(browser) {
  await startDaemon();
  const { page, context } = await openPage(browser, BASE, { width: 1280, height: 800 });
  await enter(page, BASE);
  await check.within("live before the silence", 5, saysLive(page));
  daemon.kill("SIGSTOP");
  await sleep(8_000);
  check.that("eight silent seconds are not yet a lost connection", await saysLive(page)());
  await check.within("fifteen silent seconds are", 12, saysLost(page), () => connection(page));
  daemon.kill("SIGCONT");
  await check.within("back after the hang", 30, saysLive(page), () => connection(page));
  await context.close();
  await stopDaemon();
}

async function asksForPassword(browser) {
  await startDaemon("--password", "open sesame");
  const { page, context } = await openPage(browser, BASE, { width: 1280, height: 800 });
  await page.goto(BASE);
  await page.waitForSelector(".login-card");
  await page.fill('input[name="password"]', "wrong");
  await page.click('.login-card button[type="submit"]');
  await check.within("a wrong password is told", 5, async () => (await page.textContent('.login-card [role="alert"]')).includes("密码不正确"));
  await page.fill('input[name="password"]', "open sesame");
  await page.click('.login-card button[type="submit"]');
  await check.within("the right one opens the page", 8, () => page.$("[data-device]").then(Boolean));
  await stopDaemon();
  await startDaemon("--password", "open sesame");
  await check.within("a session lost in a restart asks again", 30, () => page.$(".login-card").then(Boolean));
  check.that("… and shows nothing meanwhile", (await page.$("[data-device]")) === null);
  await page.fill('input[name="password"]', "open sesame");
  await page.click('.login-card button[type="submit"]');
  await page.waitForSelector("[data-device]");
  await page.click("header .text-button >> text=退出登录");
  await check.within("logging out locks the page", 8, () => page.$(".login-card").then(Boolean));
  await context.close();
  await stopDaemon();
}

/** Counts the time the page's thread is busy while a thousand devices tick. */
async function staysFluid(browser) {
  await startDaemon("--copies", "25", "--turn", "900");
  const { page, context } = await openPage(browser, BASE, { width: 1280, height: 800 });
  await enter(page, BASE);
  await check.within("a thousand tiles", 10, async () => (await page.$$("[data-device]")).length > 1_000);
  await sleep(3_000);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const busy = async () => (await session.send("Performance.getMetrics")).metrics.find((metric) => metric.name === "TaskDuration").value;
  const before = await busy();
  await sleep(10_000);
  const share = (await busy()) - before;
  console.log(`1,000 devices: the page's thread was busy ${(share * 10).toFixed(1)} % of the time`);
  check.that("a thousand devices leave the page idle most of the time", share < 4, `${share.toFixed(2)} s of 10 s`);
  await context.close();
  await stopDaemon();
}

const browser = await launch();
try {
  for (const story of [diesAndReturns, looksCloser, fallsSilent, asksForPassword, staysFluid]) await story(browser);
} catch (error) {
  check.that("the run came to its end", false, error.message);
} finally {
  await stopDaemon();
  await browser.close();
}
check.finish();
