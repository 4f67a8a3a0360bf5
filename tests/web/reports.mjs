// The view "reports": months and their files, one month with its figures and what stands in its way, closing and signing,
// meters read by people, amounts entered and taken back; in both languages, dark, on a phone, on paper, by keyboard; and an old daemon.
//
//   node tests/web/reports.mjs SCREENSHOT_DIR [BASE_URL]
//
// With BASE_URL a running daemon is compared with its own API, a report is opened and kept, and where people read a meter a
// reading is entered and taken back; without, the fake hall is started. HALLWATCH_UI_DIST: the built page, when it is not dashboards/web/dist.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Checks, launch } from "./browser.mjs";
import { closes, closesAgain, refuses, signs } from "./reports/closing.mjs";
import { asksForPeriods, keepsFiles, showsMonths } from "./reports/list.mjs";
import { fitsLaptop, fitsPhone, oldDaemon, prints, survives } from "./reports/media.mjs";
import { entersAmount, readsByKeyboard, readsMeters, takesBack } from "./reports/meters.mjs";
import { showsFigures, showsRevisions } from "./reports/month.mjs";
import { compares } from "./reports/says.mjs";

const [shots, given] = process.argv.slice(2).map((argument) => argument.replace(/\/$/, ""));
if (!shots) {
  console.error("usage: node tests/web/reports.mjs SCREENSHOT_DIR [BASE_URL]");
  process.exit(2);
}
mkdirSync(shots, { recursive: true });
const PORT = 8132;
const base = given ?? `http://127.0.0.1:${PORT}`;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dist = process.env.HALLWATCH_UI_DIST || here("../../dashboards/web/dist");
const check = new Checks();
let daemon = null;

async function startDaemon(...options) {
  daemon = spawn(process.execPath, [here("fake.mjs"), "--port", String(PORT), "--dist", dist, "--turn", "600", ...options], { stdio: ["ignore", "pipe", "inherit"] });
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
/** What only looks comes first: the rest changes what the fake hall tells. */
const STORIES = [
  showsMonths, keepsFiles, asksForPeriods, showsFigures, showsRevisions, fitsLaptop, fitsPhone, prints, oldDaemon,
  refuses, readsMeters, readsByKeyboard, entersAmount, takesBack, closes, signs, closesAgain, survives,
];
const browser = await launch();
const hall = { browser, base, check, path, shot, start: startDaemon, stop: stopDaemon };
try {
  if (!given) await startDaemon();
  await compares(hall, given !== undefined);
  if (!given) for (const story of STORIES) await story(hall);
} catch (error) {
  check.that("the run came to its end", false, error.message);
} finally {
  await stopDaemon();
  await browser.close();
}
check.finish();
