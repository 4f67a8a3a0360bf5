// The views beside the board, service and data: what they say is what the API says, in both languages, on the wall,
// on a phone and on paper; what is ordered there; and what becomes of them when the daemon is away, is too old, or
// asks for a password.
//
//   node tests/web/service.mjs SCREENSHOT_DIR [BASE_URL]
//
// With BASE_URL a running daemon is compared with its own API and nothing more; without, the fake hall is started.
// HALLWATCH_UI_DIST: the built page, when it is not dashboards/web/dist.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Checks, launch } from "./browser.mjs";
import * as dataMedia from "./data/media.mjs";
import { sendsDaysAgain, sendsLettersAgain } from "./data/orders.mjs";
import { compares as comparesData } from "./data/says.mjs";
import { goodAndBadDays, keepsFocus, looksFurther, recounts, tellsGaps } from "./data/stories.mjs";
import { fitsPhone, prints } from "./service/media.mjs";
import { asksForPassword, survives } from "./service/outage.mjs";
import { compares } from "./service/says.mjs";
import { calmHalls, oldDaemon, tellsStories } from "./service/stories.mjs";

const [shots, given] = process.argv.slice(2).map((argument) => argument.replace(/\/$/, ""));
if (!shots) {
  console.error("usage: node tests/web/service.mjs SCREENSHOT_DIR [BASE_URL]");
  process.exit(2);
}
mkdirSync(shots, { recursive: true });
const PORT = 8124;
const base = given ?? `http://127.0.0.1:${PORT}`;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dist = process.env.HALLWATCH_UI_DIST || here("../../dashboards/web/dist");
const check = new Checks();
let daemon = null;

async function startDaemon(...options) {
  daemon = spawn(process.execPath, [here("fake.mjs"), "--port", String(PORT), "--dist", dist, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => daemon.stdout.once("data", resolve));
}

async function stopDaemon() {
  if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = new Promise((resolve) => daemon.once("exit", resolve));
  daemon.kill("SIGKILL");
  await gone;
}

const path = (name) => join(shots, `${name}.png`);
const shot = (page, name) => page.screenshot({ path: path(name) });
const SERVICE = [tellsStories, calmHalls, oldDaemon, fitsPhone, prints, survives, asksForPassword];
/** Orders last: they change what the fake hall tells. */
const DATA = [
  tellsGaps, looksFurther, keepsFocus, goodAndBadDays, recounts, dataMedia.fitsPhone, dataMedia.fitsWall, dataMedia.prints, dataMedia.oldDaemon,
  dataMedia.survives, sendsLettersAgain, sendsDaysAgain,
];
const browser = await launch();
const hall = { browser, base, check, path, shot, start: startDaemon, stop: stopDaemon };
try {
  if (!given) await startDaemon();
  await compares(hall);
  await comparesData(hall);
  if (!given) {
    for (const story of SERVICE) await story(hall);
    await startDaemon();
    for (const story of DATA) await story(hall);
  }
} catch (error) {
  check.that("the run came to its end", false, error.message);
} finally {
  await stopDaemon();
  await browser.close();
}
check.finish();
