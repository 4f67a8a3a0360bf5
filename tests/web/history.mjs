// The history in the drawer of a device: what is drawn and told of a point's past, step by step through time, and what
// when there is none, it cannot be had, or the screen is small, dark or made of paper.
//
//   node tests/web/history.mjs SCREENSHOT_DIR [BASE_URL]
//
// With BASE_URL a running daemon is compared with its own API and nothing more; without, the fake hall is started.
// HALLWATCH_UI_DIST: the built page, when it is not dashboards/web/dist.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Checks, launch } from "./browser.mjs";
import { drawsBars, drawsLevel, drawsNegatives } from "./history/draws.mjs";
import { fitsPhone, isDark, prints } from "./history/media.mjs";
import { compares } from "./history/says.mjs";
import { choosesPoints, goesThroughTime, hasNothing, keepsChoice, tellsOrigin } from "./history/stories.mjs";
import { oldDaemon, refuses, survives } from "./history/trouble.mjs";

const [shots, given] = process.argv.slice(2).map((argument) => argument.replace(/\/$/, ""));
if (!shots) {
  console.error("usage: node tests/web/history.mjs SCREENSHOT_DIR [BASE_URL]");
  process.exit(2);
}
mkdirSync(shots, { recursive: true });
const PORT = 8125;
const base = given ?? `http://127.0.0.1:${PORT}`;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dist = process.env.HALLWATCH_UI_DIST || here("../../dashboards/web/dist");
const check = new Checks();
let daemon = null;

async function startDaemon(...options) {
  daemon = spawn(process.execPath, [here("fake.mjs"), "--port", String(PORT), "--dist", dist, "--at", "14:20", ...options], { stdio: ["ignore", "pipe", "inherit"] });
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
const STORIES = [
  drawsLevel, drawsBars, drawsNegatives, choosesPoints, goesThroughTime, keepsChoice, tellsOrigin, hasNothing,
  refuses, oldDaemon, fitsPhone, isDark, prints, survives,
];
const browser = await launch();
const hall = { browser, base, check, path, shot, start: startDaemon, stop: stopDaemon };
try {
  if (!given) await startDaemon();
  await compares(hall);
  if (!given) for (const story of STORIES) await story(hall);
} catch (error) {
  check.that("the run came to its end", false, error.message);
} finally {
  await stopDaemon();
  await browser.close();
}
check.finish();
