// What the service view says is what the API says: for any daemon.
import { CJK, api, sleep, wordsOnPage } from "../browser.mjs";
import { WALL, marks, openView, texts } from "./view.mjs";

async function saysWhatTheApiSays(page, check) {
  const service = await api(page, "/service");
  const { opening, refill, machines, kinds, calendar } = service;
  const count = await page.textContent('[data-testid="opening"]');
  const missing = opening.not_ready.length;
  check.that("the opening check is one line", count === (missing > 0 ? `${missing} 台未就绪` : opening.checked ? "全部就绪" : "现在没有检查"), count);
  check.that("… with the machines in walking order", (await marks(page, "not-ready")).join() === opening.not_ready.map((entry) => entry.device).join());
  const ratios = await texts(page, "[data-kind] b");
  check.that("every kind says how many serve", ratios.join() === kinds.map((kind) => `${kind.serving}/${kind.of}`).join(), ratios.join());
  const parts = (await texts(page, "[data-kind]")).map((text) => text.includes("时间无数据"));
  const unseen = kinds.map(({ month }) => month.availability !== null && month.unknown_ms > month.service_ms / 10);
  check.that("… and whether its availability is that of a part of the month", parts.join() === unseen.join(), parts.join());
  check.that("the refill list is in walking order", (await marks(page, "refill")).join() === refill.items.map((item) => `${item.device}/${item.supply}`).join());
  check.that("… and counted", (await page.textContent('[data-testid="refill-count"]')) === String(refill.items.length));
  const shown = await marks(page, "machine");
  const serves = (machine) => machine.condition === "serving";
  const wanted = [...machines.filter((machine) => !serves(machine)), ...machines.filter(serves)].map((machine) => machine.device);
  check.that("all machines are in the table, those with trouble first", shown.join() === wanted.join());
  for (const machine of machines) {
    const row = await page.textContent(`[data-machine="${machine.device}"]`);
    const said = [machine.condition_text, ...machine.hurt, ...(machine.reason ? [machine.reason] : []), ...machine.supplies.map((supply) => supply.label)];
    const silent = said.find((text) => !row.includes(text.zh));
    if (silent) check.that(`${machine.device} says ${silent.zh}`, false, row);
    const figure = await page.textContent(`[data-machine="${machine.device}"] .figure`);
    const good = machine.month.availability === null ? figure === "—" : Math.abs(parseFloat(figure) - machine.month.availability * 100) < 0.11;
    if (!good) check.that(`the availability of ${machine.device} is the API's`, false, `${figure} and ${machine.month.availability}`);
  }
  const today = (await texts(page, '[data-testid="today"]')).join();
  check.that("today's kind of day is said", today === (calendar.today?.zh ?? ""), today);
  const warning = await page.$('[data-testid="missing-year"]');
  check.that("missing holidays are told when they are missing", (warning !== null) === (calendar.missing_year !== null));
  check.that("every zone's hours are there", (await marks(page, "hours")).join() === opening.zones.map((zone) => zone.zone).join());
  check.that("how old the data is, is said", /^数据：(刚刚|\d+ 秒前)$/.test(await page.textContent('[data-testid="service-age"]')));
}

/** The English of the daemon may hold any character; the page's own may not. */
export function english(value) {
  if (typeof value === "string") return CJK.test(value) ? [value] : [];
  return value && typeof value === "object" ? Object.entries(value).flatMap(([key, inner]) => (key === "zh" ? [] : english(inner))) : [];
}

async function speaksEnglish(page, { check, shot }) {
  await page.click(".language-button");
  await check.within("<html lang> follows", 3, async () => (await page.getAttribute("html", "lang")) === "en");
  const allowed = english(await Promise.all(["/service", "/hall", "/system"].map((path) => api(page, path))));
  const left = (await wordsOnPage(page)).filter((word) => CJK.test(word) && !allowed.some((text) => word.includes(text)));
  check.that("no Chinese is left on the English view", left.length === 0, left.slice(0, 8).join(" | "));
  await shot(page, "service-wall-en");
  await page.click(".language-button");
}

export async function compares(hall) {
  const { check } = hall;
  const { page, context, seen } = await openView(hall, WALL);
  check.that("the view has an address", page.url().endsWith("/#/service"), page.url());
  check.that("… and the header says where one is", (await page.textContent(".views [aria-current]")) === "服务一览");
  await saysWhatTheApiSays(page, check);
  await sleep(500);
  await hall.shot(page, "service-wall-zh");
  await speaksEnglish(page, hall);
  check.that("no console errors", seen.errors.length === 0, seen.errors.join(" | "));
  check.that("no request to another origin", seen.foreign.length === 0, seen.foreign.join(" | "));
  await context.close();
}
