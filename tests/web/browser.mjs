// What the browser tests share: Debian's Chromium, a list of checks, the daemon's API.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(fileURLToPath(new URL("../../dashboards/web/package.json", import.meta.url)));
const { chromium } = require("playwright-core");

const ARGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
export const CJK = /[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]/;
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A fresh profile every time: nothing remembered from an earlier run. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });
}

export class Checks {
  done = 0;
  failed = [];

  that(name, ok, detail = "") {
    this.done += 1;
    if (ok) return;
    this.failed.push(detail === "" ? name : `${name}: ${detail}`);
    console.error(`FAILED ${this.failed[this.failed.length - 1]}`);
  }

  /** Waits until `probe` is true; a probe that throws is not true yet. */
  async within(name, seconds, probe, detail = () => "") {
    const end = Date.now() + seconds * 1000;
    let ok = false;
    while (!ok && Date.now() < end) {
      ok = Boolean(await Promise.resolve().then(probe).catch(() => false));
      if (!ok) await sleep(100);
    }
    this.that(name, ok, ok ? "" : await Promise.resolve().then(detail).catch(String));
    return ok;
  }

  finish() {
    if (this.failed.length === 0) console.log(`ok ${this.done} checks`);
    else console.log(`${this.failed.length} of ${this.done} checks failed:\n- ${this.failed.join("\n- ")}`);
    process.exitCode = this.failed.length === 0 ? 0 : 1;
  }
}

/** A page whose console, failures and requests are watched. */
export async function openPage(browser, base, viewport, options = {}) {
  const context = await browser.newContext({ viewport, locale: "zh-CN", timezoneId: "Asia/Shanghai", ...options });
  const page = await context.newPage();
  const seen = { errors: [], foreign: [] };
  page.on("console", (message) => { if (message.type() === "error") seen.errors.push(message.text()); });
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith("data:")) seen.foreign.push(url);
  });
  return { context, page, seen };
}

/** Logs in when the daemon asks for it (HALLWATCH_PASSWORD) and waits for the board. */
export async function enter(page, base) {
  await page.goto(base);
  await page.waitForSelector("[data-device], .login-card", { timeout: 20_000 });
  if ((await page.$(".login-card")) !== null) {
    await page.fill('input[name="password"]', process.env.HALLWATCH_PASSWORD ?? "");
    await page.click('.login-card button[type="submit"]');
    await page.waitForSelector("[data-device]", { timeout: 20_000 });
  }
}

/** Reads the API with the page's own session. */
export async function api(page, path) {
  return page.evaluate(async (url) => (await fetch(url)).json(), `/api/v1${path}`);
}

/** All words a reader or a screen reader meets, except what people typed and other languages' names. */
export function wordsOnPage(page) {
  return page.evaluate(() => {
    const skipped = (element) => element.closest("[data-person], script, style, noscript, [lang]:not(html)") !== null;
    const words = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { parentElement, textContent } = walker.currentNode;
      if (textContent.trim() !== "" && !skipped(parentElement)) words.push(textContent.trim());
    }
    for (const element of document.querySelectorAll("[title], [aria-label], [placeholder]")) {
      if (skipped(element)) continue;
      for (const name of ["title", "aria-label", "placeholder"]) if (element.hasAttribute(name)) words.push(element.getAttribute(name));
    }
    return words;
  });
}
