// What the data view says is what the API says: for any daemon.
import { CJK, api, enter, openPage, sleep, wordsOnPage } from "../browser.mjs";
import { english } from "../service/says.mjs";
import { LAPTOP, WALL, marks, texts } from "../service/view.mjs";
import { verdict } from "./view.mjs";

/** The answer of the API, with the refused lines of each database. */
async function account(page) {
  const data = await api(page, "/data");
  const letters = {};
  for (const { name } of data.sinks) letters[name] = (await api(page, `/sinks/${encodeURIComponent(name)}/dead-letters`)).letters;
  return { data, letters };
}

function wantedVerdict({ data, letters }) {
  const shown = (n) => n.toLocaleString("zh-CN");
  const notKept = data.sources.reduce((sum, source) => sum + source.not_kept, 0);
  const lines = Object.values(letters).flat().reduce((sum, letter) => sum + letter.lines, 0);
  const parts = [];
  if (notKept > 0) parts.push(`磁盘没有存下 ${shown(notKept)} 条读数`);
  if (lines > 0) parts.push(`${shown(lines)} 行数据被数据库拒收，等人处理`);
  return parts.join("；") || "没有丢失数据";
}

function troubled({ data, letters }) {
  const refused = (source) => source.sinks.some((at) => at.dead_letters > 0 && (letters[at.sink] ?? []).length > 0);
  return data.sources.filter((source) => source.not_kept > 0 || refused(source) || source.gaps.some((gap) => gap.cause !== "night"));
}

async function saysWhatTheApiSays(page, check) {
  await check.within("the verdict is the API's", 15, async () => (await verdict(page)) === wantedVerdict(await account(page)), () => verdict(page));
  const { data } = await account(page);
  const named = data.sinks.map((sink) => sink.name);
  check.that("every database has its card", (await marks(page, "sink")).join() === named.join());
  check.that("… and a hall without any says so", ((await page.$('[data-testid="no-sink"]')) !== null) === (named.length === 0));
  const shown = await marks(page, "source");
  check.that("every source is in the table", shown.slice().sort().join() === data.sources.map((source) => source.device).sort().join(), shown.join());
  await check.within("those with trouble are first", 15, async () => {
    const wanted = troubled(await account(page)).map((source) => source.device).sort();
    return (await marks(page, "source")).slice(0, wanted.length).sort().join() === wanted.join();
  });
  const heads = await texts(page, ".source-table > thead th");
  const between = named.length > 0 ? [...named.map((name) => `送达 ${name}`), "被拒收"] : [];
  check.that("there is a column per database", heads.join() === ["来源", "读到", "存下", ...between, "没存下", "中断 · 24 小时"].join(), heads.join());
  const cell = await page.textContent(`[data-source="${data.sources[0].device}"] .figure`);
  const read = Number(cell.replace(/,/g, ""));
  check.that("counts are exact", Number.isInteger(read) && Math.abs(read - data.sources[0].read) < 10_000, cell);
  check.that("how old the data is, is said", /^数据：(刚刚|\d+ 秒前)$/.test(await page.textContent('[data-testid="data-age"]')));
}

async function speaksEnglish(page, { check, shot }) {
  await page.click(".language-button");
  await check.within("<html lang> follows", 3, async () => (await page.getAttribute("html", "lang")) === "en");
  await page.click("[data-source] .fold");
  const { data, letters } = await account(page);
  const allowed = english([data, letters, await api(page, "/hall"), await api(page, "/system")]);
  const left = (await wordsOnPage(page)).filter((word) => CJK.test(word) && !allowed.some((text) => word.includes(text)));
  check.that("no Chinese is left on the English data view", left.length === 0, left.slice(0, 8).join(" | "));
  await shot(page, "data-laptop-en");
  await page.click(".language-button");
}

export async function compares(hall) {
  const { browser, base, check } = hall;
  const { page, context, seen } = await openPage(browser, base, WALL);
  await enter(page, base);
  await page.click('.views a[href="#/data"]');
  await page.waitForSelector('[data-testid="verdict"]');
  check.that("the header says that one looks at the data", (await page.textContent(".views [aria-current]")) === "数据去向");
  check.that("… and so does the tab", (await page.title()).includes("数据去向"), await page.title());
  await saysWhatTheApiSays(page, check);
  await sleep(500);
  await hall.shot(page, "data-wall-zh");
  await page.setViewportSize(LAPTOP);
  await speaksEnglish(page, hall);
  check.that("no console errors on the data view", seen.errors.length === 0, seen.errors.join(" | "));
  check.that("no request of the data view to another origin", seen.foreign.length === 0, seen.foreign.join(" | "));
  await context.close();
}
