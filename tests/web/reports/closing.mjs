// Closing, signing, closing again, and what is refused.
import { marks } from "../service/view.mjs";
import { complaint, fill, isAsking, monthsOf, openReports, ownErrors, posts, send } from "./view.mjs";

export async function refuses(hall) {
  const { check } = hall;
  const [, open, closed] = await monthsOf(hall);
  const { page, context, seen } = await openReports(hall, open);
  const heard = posts(page, /\/close$/);
  await page.click('[data-deed="close"]');
  await page.waitForSelector(".ask");
  check.that("closing says that it is for good", (await page.textContent(".ask-text")).includes("永远不变"));
  check.that("… and what stands in the way", (await page.$$(".ask [data-obstacle]")).length === 3);
  await fill(page, "by", "张会计");
  await send(page);
  check.that("without a reason nothing is sent", (await complaint(page)) === "请写明原因。" && heard.length === 0);
  await page.emulateMedia({ colorScheme: "dark" });
  await hall.shot(page, "reports-close-dark-zh");
  await page.emulateMedia({ colorScheme: "light" });
  await page.keyboard.press("Escape");
  check.that("Escape closes nothing", !(await isAsking(page)) && heard.length === 0);
  // The page may have figures from before something was taken back.
  await page.route(`**/reports/${open}?form=json*`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), obstacles: [] } });
  });
  await page.reload();
  await check.within("where nothing stands in the way it says so", 10, async () => (await page.textContent(".next-step")).includes("可以关账"));
  await page.click('[data-deed="close"]');
  await fill(page, "by", "张会计");
  await send(page);
  await check.within("what the daemon refuses is told with its hint", 5, async () => /暂不能关账：.*食堂燃气表 没有期末读数/.test(await complaint(page)), () => complaint(page));
  await page.keyboard.press("Escape");
  await page.goto(`${hall.base}/#/reports/${closed}`);
  await page.waitForSelector('[data-deed="sign"]');
  await page.route("**/sign", (route) => route.fulfill({ status: 409, json: { status: 409, hint: { zh: "该栏已签", en: "this place is taken" } } }));
  await page.click('[data-deed="sign"]');
  await fill(page, "by", "李工");
  await send(page);
  await check.within("a signature that somebody else was faster with is told", 5, async () => (await complaint(page)) === "该栏已签");
  check.that("no console errors of refusals", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function closes(hall) {
  const { check } = hall;
  const [, open] = await monthsOf(hall);
  const { page, context, seen } = await openReports(hall, open);
  const heard = posts(page, /\/close$/);
  await page.focus('[data-deed="close"]');
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ask");
  await fill(page, "by", "张会计");
  await fill(page, "why", "逆变器 3 通信故障，电表数据完整");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await check.within("a month is closed by keyboard", 10, async () => !(await isAsking(page)) && (await marks(page, "revision")).join() === "1");
  check.that("… with who and why", JSON.stringify(heard[0]?.body) === JSON.stringify({ by: "张会计", why: "逆变器 3 通信故障，电表数据完整" }), JSON.stringify(heard[0]?.body));
  await check.within("… and says so", 5, async () => (await page.textContent(".period-head")).includes("已关账 R1") && (await page.textContent('[data-revision="1"]')).includes("电表数据完整"));
  check.that("who closed is at the place still", await page.evaluate(() => document.activeElement !== document.body), await page.evaluate(() => document.activeElement?.tagName));
  check.that("no console errors while closing", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function signs(hall) {
  const { check } = hall;
  const [, open] = await monthsOf(hall);
  const { page, context, seen } = await openReports(hall, open);
  const heard = posts(page, /\/sign$/);
  const sign = async (who) => {
    await page.click('[data-deed="sign"]');
    await fill(page, "by", who);
    await send(page);
  };
  check.that("who made it signs first", (await page.textContent('[data-deed="sign"]')) === "编制签字");
  await sign("张会计");
  await check.within("… then who checked it", 5, async () => (await page.textContent('[data-deed="sign"]')) === "审核签字");
  await page.click('[data-deed="sign"]');
  check.that("the name is remembered", (await page.inputValue('.ask [name="by"]')) === "张会计");
  check.that("the form says who signed before", (await page.textContent(".ask .signs")).includes("编制 张会计"));
  await page.keyboard.press("Escape");
  await sign("李工");
  await check.within("… then who approves", 5, async () => (await page.textContent('[data-deed="sign"]')) === "批准签字");
  await sign("张会计");
  await check.within("who made it cannot approve it, and the form says so", 5, async () => (await complaint(page)) === "编制与批准不能是同一人");
  await hall.shot(page, "reports-sign-refused-zh");
  await fill(page, "by", "王主任");
  await send(page);
  await check.within("with all three it is done", 5, async () => (await page.textContent('[data-testid="next"]')).includes("签字齐全") && (await page.$('[data-deed="sign"]')) === null);
  check.that("… in their order", heard.map((entry) => entry.body.role).join() === "made,checked,approved,approved", heard.map((entry) => entry.body.role).join());
  await page.click(".back");
  await check.within("the list knows", 5, async () => (await page.$$(`[data-period="${open}"] [data-signed]`)).length === 3);
  check.that("no console errors while signing", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function closesAgain(hall) {
  const { check } = hall;
  const [, open] = await monthsOf(hall);
  const { page, context, seen } = await openReports(hall, open);
  const again = async (why) => {
    await page.click('[data-deed="close"]');
    await fill(page, "by", "张会计");
    await fill(page, "why", why);
    await send(page);
  };
  await page.click('[data-deed="close"]');
  check.that("closing again says which revision it becomes", /这次关账成为 R2/.test(await page.textContent(".ask-text")));
  await fill(page, "by", "张会计");
  await send(page);
  check.that("… and needs a reason", (await complaint(page)) === "请写明原因。");
  await page.keyboard.press("Escape");
  await again("再看一遍");
  await check.within("without a change it is refused", 5, async () => (await complaint(page)) === "没有变化，无需再次关账");
  await page.keyboard.press("Escape");
  // Somebody else enters something meanwhile.
  await page.evaluate(() => fetch("/api/v1/entries", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ meter: "mtr-01", by: "李工", why: "补录", value: 12, first: "2026-10-05", last: "2026-10-05" }),
  }));
  await page.reload();
  await check.within("what came since it was closed is told", 10, async () => (await page.textContent('[data-testid="changed-since"]').catch(() => "")).includes("有 1 条录入"));
  await again("补录关口电表");
  await check.within("with one it becomes R2, and R1 stays", 10, async () => (await marks(page, "revision")).join() === "2,1");
  await check.within("… and nothing came since", 5, async () => (await page.$('[data-testid="changed-since"]')) === null);
  await check.within("… to be signed anew", 5, async () => (await page.textContent('[data-deed="sign"]')) === "编制签字" && (await page.$$('[data-revision="1"] [data-signed]')).length === 3);
  await page.screenshot({ path: hall.path("reports-closed-again-zh"), fullPage: true });
  check.that("no console errors while closing again", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}
