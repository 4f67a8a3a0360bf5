// The data view of the made-up hall: gaps and nights, rows that stay open, longer spans, good and bad days, the recount.
import { sleep } from "../browser.mjs";
import { marks, texts } from "../service/view.mjs";
import { ears, openData, verdict } from "./view.mjs";

const gapsOf = (page, id) => page.textContent(`[data-source="${id}"] .gaps-sum`);

export async function tellsGaps(hall) {
  const { check } = hall;
  const { page, context } = await openData(hall);
  check.that("refused lines that wait for a person are the verdict", (await verdict(page)) === "2 行数据被数据库拒收，等人处理", await verdict(page));
  check.that("gaps are counted and added up", (await gapsOf(page, "inv-07")).startsWith("3 次，共 32 分钟"), await gapsOf(page, "inv-07"));
  check.that("a night is no trouble", (await gapsOf(page, "inv-01")) === "夜间 1 次" && (await marks(page, "source")).indexOf("inv-01") > 3);
  check.that("what has not been delivered is said", (await page.textContent('[data-source="inv-07"]')).includes("未送达 118"));
  await page.focus('[data-source="inv-07"] .fold');
  await page.keyboard.press("Enter");
  await check.within("Enter opens a row", 3, async () => (await marks(page, "gap")).join() === "timeout,timeout,timeout,night");
  check.that("… with causes in words", (await page.textContent(".opened")).includes("已连接但无应答：检查站号、RS-485 接线和设备电源"));
  const colour = (selector) => page.$eval(selector, (element) => getComputedStyle(element).color);
  check.that("… and nights muted", (await colour('[data-gap="night"] td')) !== (await colour('[data-gap="timeout"] td')));
  await page.waitForResponse((response) => response.url().includes("/api/v1/data?"), { timeout: 15_000 });
  await sleep(500);
  const focused = () => page.evaluate(() => document.activeElement?.closest("[data-source]")?.dataset.source);
  check.that("the next reading leaves the row open and the focus there", (await marks(page, "gap")).length === 4 && (await focused()) === "inv-07", await focused());
  await hall.shot(page, "data-opened-zh");
  await page.click('[data-source="approval_kiosk-04"] .fold');
  await check.within("a gap that goes on says so", 3, async () => (await page.textContent('[data-gap="last_will"]')).includes("至今"));
  await context.close();
}

export async function looksFurther(hall) {
  const { check } = hall;
  const { page, context } = await openData(hall);
  const heard = ears(page);
  await page.click('[data-span="month"]');
  await check.within("another span is shown", 5, async () => (await texts(page, ".source-table > thead th")).includes("中断 · 31 天"));
  const query = new URLSearchParams(heard.find(({ path }) => path.startsWith("/data"))?.path.split("?")[1]);
  check.that("31 days are asked for, and not a millisecond more", query.get("to_ms") - query.get("from_ms") === 31 * 86_400_000, String(query));
  await page.click('[data-source="wx-01"] .fold');
  await check.within("the gateway's own outage is named", 3, async () => (await page.textContent('[data-gap="gateway"]')).includes("网关没有运行"));
  check.that("nights of a month are counted apart", (await gapsOf(page, "inv-01")).includes("夜间 31 次"), await gapsOf(page, "inv-01"));
  heard.length = 0;
  await sleep(12_000);
  check.that("a long span is not read every few seconds", !heard.some(({ path }) => path.startsWith("/data")));
  await page.click('.views a[href="#/"]');
  await page.waitForSelector("[data-device]");
  heard.length = 0;
  await sleep(11_000);
  check.that("nothing is read while the board is shown", !heard.some(({ path }) => path.startsWith("/data")));
  await context.close();
}

/** A row whose trouble ends goes to the other part of the table. */
export async function keepsFocus(hall) {
  const { check } = hall;
  let calm = false;
  const change = (data) => { if (calm) for (const source of data.sources) source.gaps = source.gaps.filter((gap) => gap.cause === "night"); };
  const { page, context } = await openData(hall, { change });
  await page.click('[data-source="inv-07"] .fold');
  calm = true;
  await check.within("a row moves when its trouble is over", 15, async () => (await marks(page, "source")).indexOf("inv-07") > 1);
  check.that("… still open, and with the focus", (await page.$(".opened")) !== null && (await page.evaluate(() => document.activeElement?.closest("[data-source]")?.dataset.source)) === "inv-07");
  await context.close();
}

export async function goodAndBadDays(hall) {
  const { check } = hall;
  const bare = (data) => { data.sinks = []; data.counted_since_ms = null; for (const source of data.sources) source.sinks = []; };
  const day = async (change, look) => {
    const opened = await openData(hall, { change, streams: false });
    await look(opened.page);
    await opened.context.close();
  };
  await day(bare, async (page) => {
    check.that("nothing lost is said in one sentence", (await verdict(page)) === "没有丢失数据", await verdict(page));
    check.that("… and no trouble", (await page.$(".verdict.health-ok")) !== null);
    check.that("a ledger as old as the data says so", (await page.textContent(".verdict")).includes("计数自第一条读数起"));
    check.that("a hall without a database says so in one line", (await page.textContent('[data-testid="no-sink"]')) === "没有配置数据库：读数只保存在本机。");
    check.that("… and has no columns for it", (await texts(page, ".source-table > thead th")).join() === "来源,读到,存下,没存下,中断 · 24 小时");
    await hall.shot(page, "data-calm-zh");
  });
  await day((data) => { data.sources[3].not_kept = 1_234; }, async (page) => {
    check.that("what the disk did not take is the worst", (await verdict(page)) === "磁盘没有存下 1,234 条读数；2 行数据被数据库拒收，等人处理", await verdict(page));
    check.that("… and a fault", (await page.$(".verdict.health-fault")) !== null);
  });
}

export async function recounts(hall) {
  const { check } = hall;
  const { page, context } = await openData(hall);
  const said = () => page.textContent('[data-testid="recount"]');
  await page.focus(".recount .button");
  await page.keyboard.press("Enter");
  await check.within("a recount says that it is on", 2, async () => (await page.textContent(".recount .button")) === "正在盘点…");
  await check.within("a month that agrees says so", 5, async () => (await said()) === "账上 5,204,331 条，盘上 5,204,310 条，一致", said);
  check.that("… with what came meanwhile, and what is owed", /新到 21 条.*未送达 1,240 条/s.test(await page.textContent(".recount-result")));
  check.that("… and the focus is still on the button", await page.evaluate(() => document.activeElement?.closest(".recount") !== null));
  const month = await page.inputValue('input[name="month"]');
  const before = (months) => { const date = new Date(`${month}-15T00:00:00Z`); date.setUTCMonth(date.getUTCMonth() - months); return date.toISOString().slice(0, 7); };
  await page.fill('input[name="month"]', before(1));
  await page.click(".recount .button");
  await check.within("a month that lacks something says how much", 5, async () => (await said()) === "账上 5,380,112 条，盘上 5,379,700 条，少了 412 条", said);
  check.that("… and where", (await marks(page, "difference")).join() === `inv-03/${before(1)}-17,mtr-01/${before(1)}-17`);
  check.that("… by the names of the sources", (await page.textContent(".differences")).includes("3 号逆变器"));
  await page.screenshot({ path: hall.path("data-recount-zh"), fullPage: true });
  await page.fill('input[name="month"]', before(7));
  await page.click(".recount .button");
  await check.within("a month of which nothing is left says so", 5, async () => (await said()).includes("没有可以盘点的日子"), said);
  await context.close();
}
