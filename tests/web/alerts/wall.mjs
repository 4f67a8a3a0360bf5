// What is announced in the hall: a banner and a sound on the live board, and the switch for the sound.
import { writeFileSync } from "node:fs";
import { CJK, api, enter, launch, openPage, sleep, wordsOnPage } from "../browser.mjs";
import { LAPTOP, WALL } from "../service/view.mjs";
import { PHONE } from "./view.mjs";

/** Every tone that the page plays, and every look at the wall. */
async function board({ browser, base }, viewport, options) {
  const opened = await openPage(browser, base, viewport, options);
  const { page } = opened;
  await page.addInitScript(() => {
    window.tones = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...when) {
      window.tones.push(Math.round(this.frequency.value));
      return start.apply(this, when);
    };
  });
  const looks = [];
  page.on("request", (request) => { if (request.method() === "GET" && request.url().endsWith("/api/v1/wall")) looks.push(Date.now()); });
  await enter(page, base);
  return { ...opened, looks };
}

const announce = (page, said) => page.evaluate((body) => fetch("/api/v1/wall", { method: "POST", body: JSON.stringify(body) }).then((answer) => answer.ok), said);
const banners = (page) => page.$$eval("[data-announcement]", (all) => all.map((element) => element.dataset.announcement).join());
const tones = (page) => page.evaluate(() => window.tones.splice(0).join());
const MAJOR = { severity: "major", zh: "取号机 2 离线", en: "ticket machine 2 is offline" };
const CRITICAL = { severity: "critical", zh: "2 号逆变器 漏电流超限", en: "inverter 2: residual current over the limit" };
const OVER = { severity: "critical", over: true, zh: "2 号逆变器 漏电流超限", en: "inverter 2: residual current over the limit" };

export async function announces(hall) {
  const { check } = hall;
  const { page, context, seen, looks } = await board(hall, WALL);
  await check.within("with a channel for the hall's sound there is a switch", 8, async () => (await page.getAttribute(".sound-switch", "aria-checked")) === "false");
  await check.within("… and the board looks at what is announced", 8, () => looks.length > 1);
  check.that("… every five seconds", looks[1] - looks[0] > 4_000, `${looks[1] - looks[0]} ms`);
  check.that("what was said before the page was opened is quiet", (await banners(page)) === "");
  await announce(page, MAJOR);
  await check.within("an announcement is shown", 8, async () => (await banners(page)) === "plain");
  const shownAt = Date.now();
  const words = await page.innerText("[data-announcement]");
  check.that("… with its title and its text, once, without the page's own address", /重要 新告警｜东城区政务服务中心[\s\S]*取号机 2 离线[\s\S]*位置：一层/.test(words) && words.split("新告警").length === 2 && !words.includes("http"), words);
  check.that("… and nothing is heard while the sound is off", (await tones(page)) === "");
  await page.click(".sound-switch");
  await check.within("the switch turns the sound on", 3, async () => (await page.getAttribute(".sound-switch", "data-sound")) === "on");
  await check.within("… and one hears it", 3, async () => (await tones(page)) === "659,880");
  await hall.shot(page, "wall-plain-zh");
  await announce(page, CRITICAL);
  await check.within("a critical one comes on top", 8, async () => (await banners(page)).startsWith("critical,"));
  check.that("… and sounds otherwise", (await tones(page)) === "988,698,988,698,988,698");
  await hall.shot(page, "wall-critical-zh");
  await page.click(".language-button");
  await sleep(400);
  await hall.shot(page, "wall-critical-en");
  const left = (await wordsOnPage(page)).filter((word) => CJK.test(word));
  check.that("no Chinese is left on the English banners", left.every((word) => !/告警|声音|知道|严重/.test(word)) && (await page.textContent('[data-announcement="critical"]')).includes("residual current over"), left.join(" | "));
  await page.click(".language-button");
  await check.within("an announcement goes after 20 seconds", 16, async () => (await banners(page)) === "critical");
  check.that("… not before", Date.now() - shownAt > 18_500, `${Date.now() - shownAt} ms`);
  await announce(page, OVER);
  await check.within("what is over is told, too", 8, async () => (await banners(page)) === "critical,over");
  check.that("… and sounds soft", (await tones(page)) === "523,392");
  await hall.shot(page, "wall-over-zh");
  await page.click('.views a[href="#/service"]');
  await page.waitForSelector('[data-testid="opening"]');
  const before = looks.length;
  await sleep(5_500);
  check.that("other views do not look", looks.length === before && (await page.$("[data-announcement]")) === null);
  await page.click('.views a[href="#/"]');
  await check.within("a critical one waits through a look at another view", 3, async () => (await banners(page)) === "critical");
  await page.click('[data-announcement="critical"]');
  await check.within("… and goes by a click", 3, async () => (await banners(page)) === "");
  await sleep(5_500);
  check.that("nothing is told twice", (await banners(page)) === "" && (await tones(page)) === "");
  const open = (await api(page, "/alerts?state=active&limit=200")).alerts.find((alert) => alert.severity === "critical");
  await announce(page, { ...CRITICAL, alerts: [open.id] });
  await announce(page, { ...CRITICAL, alerts: ["PV009-inv-09-1"] });
  await check.within("two critical ones are shown", 8, async () => (await banners(page)) === "critical,critical");
  await check.within("what is over by now needs no click", 24, async () => (await banners(page)) === "critical");
  await sleep(3_000);
  check.that("… what is open does", (await banners(page)) === "critical");
  await page.click('[data-announcement="critical"]');
  check.that("no console errors while announcing", seen.errors.length === 0, seen.errors.join(" | "));
  await context.close();
}

/** As a browser does that nobody set up for a wall. */
export async function tellsBlockedSound(hall) {
  const browser = await launch("--autoplay-policy=document-user-activation-required");
  try {
    await clicksForSound(hall, browser);
  } finally {
    await browser.close();
  }
}

/** Asks a page without touching it: to the browser every evaluation by Playwright is a person's gesture, which lets sound play. */
async function asker(context, page) {
  const session = await context.newCDPSession(page);
  return async (expression) => (await session.send("Runtime.evaluate", { expression, returnByValue: true })).result.value;
}

async function clicksForSound({ base, check, path }, browser) {
  const { page, context, seen } = await openPage(browser, base, LAPTOP);
  await page.addInitScript(() => localStorage.setItem("hallwatch.sound", "on"));
  const ask = await asker(context, page);
  await page.goto(base);
  const note = () => ask(`document.querySelector('[data-testid="sound-note"]')?.textContent ?? ""`);
  const switched = () => ask(`["data-sound", "aria-checked"].map((name) => document.querySelector(".sound-switch")?.getAttribute(name)).join()`);
  await check.within("a sound that the browser blocks is told", 20, async () => (await note()).includes("先点一下页面"), switched);
  check.that("… at the switch, too", (await switched()) === "blocked,true", await switched());
  const picture = await (await context.newCDPSession(page)).send("Page.captureScreenshot", { format: "png" });
  writeFileSync(path("wall-blocked-zh"), Buffer.from(picture.data, "base64"));
  await page.click('.sound-note button');
  await check.within("a click lets it play", 5, async () => (await page.$('[data-testid="sound-note"]')) === null && (await page.getAttribute(".sound-switch", "data-sound")) === "on");
  await page.click(".sound-switch");
  await check.within("the switch turns it off again", 3, async () => (await page.getAttribute(".sound-switch", "data-sound")) === "off");
  check.that("… and remembers", (await page.evaluate(() => localStorage.getItem("hallwatch.sound"))) === "off");
  check.that("no console errors about the sound", seen.errors.length === 0, seen.errors.join(" | "));
}

export async function phonesAreQuiet(hall) {
  const { check } = hall;
  const { viewport, ...options } = PHONE;
  const { page, context, looks } = await board(hall, viewport, options);
  await page.waitForSelector(".sound-switch");
  await sleep(6_000);
  check.that("a phone does not look at what is announced", looks.length === 0, `${looks.length}`);
  await page.click(".sound-switch");
  await check.within("… unless the sound is turned on", 8, () => looks.length > 0);
  await announce(page, MAJOR);
  await check.within("… then it shows it", 8, async () => (await banners(page)) === "plain");
  const wide = await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth));
  check.that("… within the screen", wide <= viewport.width, `${wide} px`);
  await hall.shot(page, "wall-phone-zh");
  await page.click(".language-button");
  await sleep(300);
  await hall.shot(page, "wall-phone-en");
  await context.close();
}

export async function withoutSoundChannel(hall) {
  const { check } = hall;
  const { page, context } = await openPage(hall.browser, hall.base, LAPTOP);
  const looks = [];
  await page.route(/\/api\/v1\/channels$/, async (route) => {
    const answer = await route.fetch();
    const told = await answer.json();
    await route.fulfill({ response: answer, json: { ...told, channels: told.channels.filter((channel) => channel.kind !== "sound") } });
  });
  page.on("request", (request) => { if (request.url().endsWith("/api/v1/wall")) looks.push(1); });
  await enter(page, hall.base);
  await sleep(2_000);
  check.that("without a channel for it there is no switch, and nobody looks", (await page.$(".sound-switch")) === null && looks.length === 0);
  await context.close();
}
