// One month: its figures, why one is missing, what stands in the way, its revisions.
import { api } from "../browser.mjs";
import { marks, texts } from "../service/view.mjs";
import { monthsOf, openReports, ownErrors } from "./view.mjs";

export async function showsFigures(hall) {
  const { check } = hall;
  const [running, open] = await monthsOf(hall);
  const { page, context, seen } = await openReports(hall);
  await page.click(`[data-period="${open}"] .period-link`);
  await page.waitForSelector("[data-figure]");
  const report = await api(page, `/reports/${open}?form=json`);
  check.that("the figures are there", (await marks(page, "figure")).join() === "total_kwh,import_kwh,pv_kwh,export_kwh,per_day_kwh,renewable_share,pr,final_yield_h,supply-water,supply-gas,grid_kg", (await marks(page, "figure")).join());
  check.that("… as numbers with units", (await page.textContent('[data-figure="total_kwh"] dd')).startsWith(`${Math.round(report.electricity.total_kwh.value).toLocaleString("zh-CN")} kWh`));
  check.that("… and how they changed", /比上期 [+−]\d/.test(await page.textContent('[data-figure="total_kwh"]')));
  check.that("what is missing says why", (await page.textContent('[data-figure="pr"] dd')) === "—有效记录不足 90%", await page.textContent('[data-figure="pr"] dd'));
  check.that("remarks are told", (await texts(page, "[data-remark]")).join() === report.remarks.map((remark) => remark.zh).join());
  const ways = await texts(page, ".in-the-way [data-obstacle]");
  check.that("what stands in the way is told, each by itself", ways.length === 3 && ways.join() === report.obstacles.map((obstacle) => obstacle.zh).join(), ways.join());
  check.that("… with what to do, and where", (await page.getAttribute(".in-the-way a", "href")) === "#/reports/meters");
  check.that("… and closing asks for a reason", (await page.textContent('[data-deed="close"]')) === "写明原因后关账");
  await page.goto(`${hall.base}/#/reports/${running}`);
  await check.within("a month that runs cannot be closed, and says so", 10, async () => (await page.textContent('[data-testid="next"]')).includes("尚未结束") && (await page.$('[data-deed="close"]')) === null);
  check.that("no console errors with a month", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function showsRevisions(hall) {
  const { check } = hall;
  const [, , closed] = await monthsOf(hall);
  const { page, context } = await openReports(hall, closed);
  const { months } = await api(page, "/reports");
  const { revisions } = months.find((month) => month.period === closed);
  check.that("every revision is there, the newest first", (await marks(page, "revision")).join() === "2,1");
  const row = await page.textContent('[data-revision="2"]');
  check.that("… with who, why and a short hash", row.includes("张会计") && row.includes("更正食堂燃气表读数") && row.includes(`${revisions[0].hash.slice(0, 12)}…`) && !row.includes(revisions[0].hash), row);
  check.that("… whose whole is told, too", (await page.getAttribute('[data-revision="2"] span[title]', "title")).includes(revisions[0].hash));
  const links = await page.$$eval('[data-revision="1"] .file', (all) => all.map((link) => link.getAttribute("href")));
  check.that("each has files of its own", links.length === 4 && links.every((link) => link.includes("revision=1")), links.join());
  check.that("whose turn it is to sign", (await page.textContent('[data-testid="next"]')) === "由审核人签字");
  const sealed = await page.textContent('[data-figure="supply-gas"]');
  await page.focus('[data-of="now"]');
  await page.keyboard.press("Enter");
  await check.within("the figures of now are shown beside those that were closed", 10, async () => (await page.textContent(".reports")).includes("不是已关账的报告") && (await page.textContent('[data-figure="supply-gas"]')) !== sealed);
  const now = await page.getAttribute('.card [data-files] >> nth=0 >> [data-form="html"]', "href");
  check.that("… and open as a page", now === `/api/v1/reports/${closed}?form=html&lang=zh&now=true`, now);
  await hall.shot(page, "reports-now-zh");
  await context.close();
}
