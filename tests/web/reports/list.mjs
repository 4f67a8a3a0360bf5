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
  const ask = async (word) => {
    await page.fill('.other-period [name="period"]', word);
    await page.press('.other-period [name="period"]', "Enter");
  };
  for (const word of ["2026-13", "2026-02-30", "上个月", ""]) {
    await ask(word);
    await check.within(`"${word}" is no period, and it says how to write one`, 3, async () => (await page.textContent(".reports [role=alert]")).includes("2026-Q4（季）"));
  }
  await hall.shot(page, "reports-wrong-period-zh");
  await page.fill('.other-period [name="period"]', "2");
  check.that("… until one types again", (await page.$(".reports [role=alert]")) === null);
  for (const [word, days] of [["2026-q1", "2026-01-01 至 2026-03-31"], ["2026-W10", "2026-03-02 至 2026-03-08"], ["2025", "2025-01-01 至 2025-12-31"], ["2026-03-05", "2026-03-05"]]) {
    await ask(word);
    await check.within(`${word} is shown`, 10, async () => (await page.textContent(".period-head")).includes(days) && page.url().endsWith(`#/reports/${word.toUpperCase()}`));
    await page.click(".back");
    await page.waitForSelector(".other-period");
  }
  await page.goto(`${hall.base}/#/reports/2026-99`);
  await check.within("an address of nonsense says what to write", 5, async () => (await page.textContent(".reports [role=alert]")).includes("写 2026-10（月）"));
  await page.click(".back");
  await check.within("… and leads back", 3, async () => (await page.$("[data-period]")) !== null);
  await context.close();
}
