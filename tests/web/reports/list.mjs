// The list of the made-up hall: states, signatures, files, other periods.
import { readFile } from "node:fs/promises";
import { marks } from "../service/view.mjs";
import { monthsOf, openReports, ownErrors } from "./view.mjs";

export async function showsMonths(hall) {
  const { check } = hall;
  const [running, open, signing, signed] = await monthsOf(hall);
  const { page, context } = await openReports(hall);
  const stage = (period) => page.getAttribute(`[data-period="${period}"] [data-stage]`, "data-stage");
  check.that("a month runs, is open or closed", [await stage(running), await stage(open), await stage(signing)].join() === "running,open,closed");
  check.that("the one to be closed says so, and leads there", (await page.textContent(`[data-period="${open}"]`)).includes("去核对、关账"));
  check.that("a closed one says its revision and who signed", /已关账 R2.*编制 张会计审核 未签批准 未签/.test(await page.textContent(`[data-period="${signing}"]`)), await page.textContent(`[data-period="${signing}"]`));
  check.that("… also when all did", (await page.$$(`[data-period="${signed}"] [data-signed]`)).length === 3);
  check.that("what is closed and no month is told apart", (await page.textContent(".period-table >> nth=1")).includes("季度"));
  const before = (await marks(page, "period")).length;
  await page.focus(".show-all");
  await page.keyboard.press("Enter");
  await check.within("earlier months are shown when asked", 3, async () => (await marks(page, "period")).length === before + 4);
  const links = await page.$$eval(`[data-period="${signing}"] .file`, (all) => all.map((link) => link.getAttribute("aria-label")));
  check.that("a link says what it opens or keeps", links.length === 4 && links[0].startsWith("打开报告：") && links[2].startsWith("下载 Excel："), links.join());
  await context.close();
}

export async function keepsFiles(hall) {
  const { check } = hall;
  const [, open] = await monthsOf(hall);
  const { page, context, seen } = await openReports(hall);
  const asked = [];
  page.on("request", (request) => { if (request.url().includes("save=true")) asked.push(request.url().split("/api/v1")[1]); });
  for (const form of ["pdf", "xlsx", "csv"]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(`[data-period="${open}"] [data-form="${form}"]`)]);
    check.that(`${form} is kept by its name`, download.suggestedFilename() === `dongcheng-${open}.${form}` && (await readFile(await download.path())).length > 0, download.suggestedFilename());
  }
  check.that("files are asked for in the page's language", asked.join() === ["pdf", "xlsx", "csv"].map((form) => `/reports/${open}?form=${form}&lang=zh&save=true`).join(), asked.join());
  await page.click(".language-button");
  await page.click(`[data-period="${open}"] [data-form="csv"]`);
  await check.within("… whichever it is", 5, () => asked[3] === `/reports/${open}?form=csv&lang=en&save=true`);
  const hint = { zh: "没有中文字体，请安装字体", en: "there is no Chinese font: install one" };
  await page.route("**/reports/*form=pdf*", (route) => route.fulfill({ status: 501, json: { status: 501, detail: "no font", hint } }));
  await page.click(`[data-period="${open}"] [data-form="pdf"]`);
  await check.within("a file that cannot be had says why, and the page stays", 5, async () => (await page.textContent(`[data-period="${open}"] [role=alert]`)) === hint.en && page.url().endsWith("#/reports"));
  const errors = ownErrors(seen).filter((error) => !error.includes("status of 501"));
  check.that("no console errors among the files", errors.length === 0, errors.join(" | "));
  await context.close();
}

export async function asksForPeriods(hall) {
  const { check } = hall;
  const { page, context } = await openReports(hall);
  const ask = async (kind, date) => {
    await page.check(`.other-period [name="kind"][value="${kind}"]`);
    await page.fill('.other-period [name="date"]', date);
    await page.press('.other-period [name="date"]', "Enter");
  };
  for (const date of ["", "2031-01-01"]) {
    await ask("week", date);
    await check.within(`"${date}" has not begun, and it says so`, 3, async () => (await page.textContent(".reports [role=alert]")).includes("今天或以前"));
  }
  await hall.shot(page, "reports-wrong-period-zh");
  await page.check('.other-period [name="kind"][value="year"]');
  check.that("… until one chooses again", (await page.$(".reports [role=alert]")) === null);
  check.that("… and it asks for a day of what was chosen", (await page.textContent(".other-period .field")).includes("一年中的任意一天"));
  for (const [kind, date, period, days] of [
    ["quarter", "2026-03-31", "2026-Q1", "2026-01-01 至 2026-03-31"],
    ["week", "2026-03-08", "2026-W10", "2026-03-02 至 2026-03-08"],
    ["week", "2025-12-29", "2026-W01", "2025-12-29 至 2026-01-04"],
    ["week", "2021-01-03", "2020-W53", "2020-12-28 至 2021-01-03"],
    ["month", "2026-03-05", "2026-03", "2026-03-01 至 2026-03-31"],
    ["year", "2025-07-01", "2025", "2025-01-01 至 2025-12-31"],
    ["day", "2026-03-05", "2026-03-05", "2026-03-05"],
  ]) {
    await ask(kind, date);
    await check.within(`the ${kind} of ${date} is shown`, 10, async () => (await page.textContent(".period-head")).includes(days) && page.url().endsWith(`#/reports/${period}`));
    await page.click(".back");
    await page.waitForSelector(".other-period");
  }
  await page.goto(`${hall.base}/#/reports/2026-99`);
  await check.within("an address of nonsense says what to write", 5, async () => (await page.textContent(".reports [role=alert]")).includes("写 2026-10（月）"));
  await page.click(".back");
  await check.within("… and leads back", 3, async () => (await page.$("[data-period]")) !== null);
  await context.close();
}
