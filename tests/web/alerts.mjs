// The view "alerts & repair": open alerts say what the API says, silences are made and ended, alerts acknowledged for
// some hours, orders stepped, channels tried, noise and rehearsals told, announcements shown and heard; in both languages, by keyboard, on a phone.
//
//   node tests/web/alerts.mjs SCREENSHOT_DIR [BASE_URL]
//
// With BASE_URL a running daemon's open alerts and silences are compared with its own API and nothing more; without, the
// fake hall is started. HALLWATCH_UI_DIST: the built page, when it is not dashboards/web/dist.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { acknowledgesForHours, filters, foldsUnder, maintains, namesMachines, silencesAnAlert, tellsCost, tellsSuspects } from "./alerts/deeds.mjs";
import { boardStaysLight, fitsLaptop, fitsPhone, oldDaemon, survives } from "./alerts/media.mjs";
import { foldsFigures, makesOrder, stepsOrder } from "./alerts/orders.mjs";
import { compares } from "./alerts/says.mjs";
import { endsSilence, makesRecurring, readsSilences, refusesNonsense } from "./alerts/silences.mjs";
import { rehearses, tellsNoise, triesChannels } from "./alerts/tells.mjs";
import { announces, phonesAreQuiet, tellsBlockedSound, withoutSoundChannel } from "./alerts/wall.mjs";
import { Checks, launch } from "./browser.mjs";

const [shots, given] = process.argv.slice(2).map((argument) => argument.replace(/\/$/, ""));
if (!shots) {
  console.error("usage: node tests/web/alerts.mjs SCREENSHOT_DIR [BASE_URL]");
  process.exit(2);
}
mkdirSync(shots, { recursive: true });
const PORT = 8128;
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
  boardStaysLight, fitsLaptop, fitsPhone, foldsUnder, tellsSuspects, namesMachines, tellsCost, foldsFigures, filters, readsSilences, tellsNoise, rehearses, oldDaemon,
  withoutSoundChannel, tellsBlockedSound, phonesAreQuiet, announces,
  triesChannels, acknowledgesForHours, silencesAnAlert, maintains, refusesNonsense, makesRecurring, endsSilence, makesOrder, stepsOrder, survives,
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
