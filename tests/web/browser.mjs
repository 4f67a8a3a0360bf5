// What the browser tests share: Debian's Chromium, a list of checks, the daemon's API.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

export { CJK, Checks, sleep } from "./checks.mjs";

const require = createRequire(fileURLToPath(new URL("../../dashboards/web/package.json", import.meta.url)));
const { chromium } = require("playwright-core");

const ARGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** A fresh profile every time: nothing remembered from an earlier run. */
export function launch(...more) {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...ARGS, ...more] });
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
