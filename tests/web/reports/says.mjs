// What the view says is what the API says, and its files are what they are called: for any daemon.
import { readFile } from "node:fs/promises";
import { CJK, api, enter, openPage, sleep, wordsOnPage } from "../browser.mjs";
import { english } from "../service/says.mjs";
import { WALL, marks } from "../service/view.mjs";
import { fill, goTo, isAsking, ownErrors, send, told } from "./view.mjs";

const SHOWN = 13;

async function saysMonths(page, check) {
  const reports = await told(page);
  const wanted = reports.months.slice(0, SHOWN).concat(reports.others);
  const shown = await marks(page, "period");
  check.that("every month is there, the newest first", shown.join() === wanted.map((month) => month.period).join(), shown.join());
  for (const month of wanted) {
    const row = await page.textContent(`[data-period="${month.period}"]`);
    const newest = month.revisions[0];
    const said = [month.text.zh, newest ? `已关账 R${newest.revision}` : month.running ? "进行中" : "未关账", ...(newest?.signatures ?? []).map((signature) => signature.who)];
    const silent = said.find((word) => !row.includes(word));
    if (silent) check.that(`${month.period} says ${silent}`, false, row);
  }
  return reports;
}

/** As a page in a new tab, and as a file that is kept. */
async function opensFiles(page, context, check, { period, text }) {
  const [opened] = await Promise.all([context.waitForEvent("page"), page.click(`[data-period="${period}"] [data-form="html"]`)]);
  await opened.waitForSelector("h1", { timeout: 60_000 });
  const response = await context.request.get(opened.url());
  check.that("a report opens as a page of its own", response.status() === 200 && (await response.text()).includes("<h1"), `${response.status()} ${opened.url()}`);
  check.that("… in the page's language", (await opened.getAttribute("html", "lang")).startsWith("zh"), opened.url());
  await opened.close();
  const [download] = await Promise.all([page.waitForEvent("download", { timeout: 60_000 }), page.click(`[data-period="${period}"] [data-form="pdf"]`)]);
  const content = await readFile(await download.path());
  check.that("a PDF is kept as a PDF", content.subarray(0, 4).toString() === "%PDF" && download.suggestedFilename().endsWith(`${period}.pdf`), `${download.suggestedFilename()} of ${text.en}`);
}

async function saysFigures(page, check, base, period) {
  await goTo(page, base, period);
  const report = await api(page, `/reports/${period}?form=json`);
  const shown = async (key) => page.textContent(`[data-figure="${key}"] dd`);
  for (const key of ["total_kwh", "import_kwh", "pv_kwh", "export_kwh"]) {
    const { value, why } = report.electricity[key];
    const text = await shown(key);
    const number = Number(text.replace(/,/g, "").split(" ")[0].replace("−", "-"));
    // Readings come in between the two looks.
    const good = value === null ? text.includes(why.zh) : Math.abs(number - value) <= Math.max(2, Math.abs(value) / 20);
    check.that(`${key} is the API's`, good, `${text} and ${value}`);
  }
  const { pr } = report.roof?.plant ?? {};
  if (pr?.value === null) check.that("a figure that is missing says why", (await shown("pr")).includes(pr.why.zh), await shown("pr"));
  check.that("what stands in the way is told", (await page.$('[data-testid="obstacles"]') !== null) === report.obstacles.length > 0);
}

async function speaksEnglish(page, hall, period) {
  const { check, base } = hall;
  await page.click(".language-button");
  const allowed = english(await Promise.all(["/hall", "/reports", `/reports/${period}?form=json`, "/system"].map((path) => api(page, path))));
  for (const part of ["", period, "meters"]) {
    await page.goto(`${base}/#/reports${part === "" ? "" : `/${part}`}`);
    await sleep(1_500);
    const left = (await wordsOnPage(page)).filter((word) => CJK.test(word) && !allowed.some((text) => word.includes(text)));
    check.that(`no Chinese is left on the English ${part || "list"}`, left.length === 0, left.slice(0, 8).join(" | "));
    await hall.shot(page, `reports-${part === period ? "month" : part || "list"}-wall-en`);
  }
  await page.click(".language-button");
}

/** Leaves the books as they were, but for what was taken back. */
async function entersAndTakesBack(page, hall, meter) {
  const { check } = hall;
  await goTo(page, hall.base, "meters");
  const before = (await told(page)).entries.length;
  await page.click(`[data-meter="${meter.id}"] [data-deed="read"]`);
  await fill(page, "by", "李工");
  await fill(page, "value", String(meter.last?.value ?? 1));
  await fill(page, "why", "页面测试");
  await send(page);
  await check.within("a reading is entered", 10, async () => !(await isAsking(page)) && (await told(page)).entries.length === before + 1);
  const [entry] = (await told(page)).entries;
  await page.click(`[data-entry="${entry.id}"] [data-deed="take-back"]`);
  await fill(page, "why", "页面测试");
  await send(page);
  await check.within("… and taken back", 10, async () => (await page.$(`[data-entry="${entry.id}"] del`)) !== null);
}

export async function compares(hall, real) {
  const { check, base } = hall;
  const { page, context, seen } = await openPage(hall.browser, base, WALL);
  await enter(page, base);
  await page.click('.views a[href="#/reports"]');
  await page.waitForSelector("[data-period]", { timeout: 30_000 });
  check.that("the header says where one is", (await page.textContent(".views [aria-current]")) === "月报");
  check.that("… and so does the title", (await page.title()).includes("月报"), await page.title());
  const reports = await saysMonths(page, check);
  await hall.shot(page, "reports-list-wall-zh");
  await opensFiles(page, context, check, reports.months[0]);
  await saysFigures(page, check, base, reports.months[0].period);
  await hall.shot(page, "reports-running-wall-zh");
  await goTo(page, base, "meters");
  check.that("every meter can be entered", (await marks(page, "meter")).join() === reports.meters.map((meter) => meter.id).join());
  check.that("every entry is there", (await marks(page, "entry")).join() === reports.entries.map((entry) => entry.id).join());
  await speaksEnglish(page, hall, reports.months[0].period);
  const byHand = reports.meters.find((meter) => meter.by_hand);
  if (real && byHand) await entersAndTakesBack(page, hall, byHand);
  check.that("no console errors in the reports", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  check.that("no request to another origin", seen.foreign.filter((url) => !url.startsWith("blob:")).length === 0, seen.foreign.join(" | "));
  await context.close();
}
