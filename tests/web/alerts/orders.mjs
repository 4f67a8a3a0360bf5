// Work orders: made of an alert and by hand, stepped to their end, refused with what to do.
import { api, sleep } from "../browser.mjs";
import { PHONE, complaint, goTo, isAsking, openTab, ownErrors, posts, send } from "./view.mjs";

const sheet = (page) => page.textContent(".sheet");

export async function makesOrder(hall) {
  const { check } = hall;
  const { page, context, seen } = await openTab(hall, "open");
  const heard = posts(page, /^\/orders$/);
  const { alerts } = await api(page, "/alerts?state=active&limit=200");
  const alert = alerts.find((entry) => entry.rule === "PV009");
  const row = `[data-alert="${alert.id}"]`;
  await page.click(`${row} [data-deed="order"]`);
  await page.waitForSelector(".ask");
  check.that("an order of an alert says which", (await page.textContent(".ask-text")).includes("漏电流超限 312 mA"));
  await page.fill('.ask input[name="by"]', "李工");
  await send(page);
  await check.within("an order is made of an alert", 5, async () => !(await isAsking(page)) && heard.length === 1);
  check.that("… with its device and its id", JSON.stringify(heard[0]?.body) === JSON.stringify({ device: "inv-02", what: "", by: "李工", alert: alert.id }), JSON.stringify(heard[0]?.body));
  await check.within("the alert shows its order", 5, async () => /工单 WO-\d+-\d+：已报修/.test(await page.textContent(row)));
  await page.click(`${row} .deed-order`);
  await check.within("… and leads to it", 5, async () => (await sheet(page)).includes("漏电流超限 312 mA"));
  check.that("the order has an address", /#\/alerts\/orders\/WO-/.test(page.url()), page.url());
  await page.keyboard.press("Escape");
  await check.within("Escape leads back to the list", 3, async () => (await page.$(".sheet")) === null && page.url().endsWith("#/alerts/orders"));
  await page.click('[data-new="order"]');
  await page.fill('.ask input[name="by"]', "李工");
  await page.selectOption('.ask select[name="device"]', "display-02");
  await send(page);
  check.that("an order by hand says what is wrong", (await complaint(page)) === "请写明故障现象。");
  await page.fill('.ask input[name="what"]', "花屏");
  await send(page);
  await check.within("an order is made by hand, and opened", 5, async () => (await sheet(page)).includes("花屏"));
  await page.keyboard.press("Escape");
  await page.click('[data-new="order"]');
  await page.selectOption('.ask select[name="device"]', "display-02");
  await page.fill('.ask input[name="what"]', "花屏");
  await send(page);
  await check.within("a second one is refused with what to do", 5, async () => /同一故障已有未结工单/.test(await complaint(page)));
  check.that("no console errors while making orders", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

async function step(page, state, fill) {
  await page.click(`[data-next="${state}"]`);
  await page.waitForSelector(".ask");
  await page.fill('.ask input[name="by"]', "刘师傅");
  await fill();
  await send(page);
}

export async function stepsOrder(hall) {
  const { check } = hall;
  const { page, context, seen } = await openTab(hall, "orders");
  const heard = posts(page, /\/step$/);
  const { orders } = await api(page, "/orders?state=open&limit=100");
  const order = orders.find((entry) => entry.device === "approval_kiosk-04");
  const late = await page.textContent(`[data-order="${order.id}"]`);
  check.that("an order that is late says so, and whose it is not", late.includes("超时") && late.includes("未派工"), late);
  check.that("a repaired one waits for its proof", (await page.textContent(".order-list")).includes("已修好，待验证"));
  await page.focus(`[data-order="${order.id}"] a`);
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-next]");
  const next = await page.$$eval("[data-next]", (all) => all.map((element) => element.dataset.next).join());
  check.that("the steps are those that the state allows", next === order.next.map((entry) => entry.state).join(), next);
  check.that("both clocks are told with their limits", /响应 计时中超时.*时限 2 小时.*修复 计时中.*时限 8 小时/s.test(await sheet(page)), await sheet(page));
  await step(page, "assigned", async () => {
    await page.selectOption('.ask select[name="to"]', "");
    await send(page);
    check.that("assigning needs somebody", (await complaint(page)) === "请选择维保单位或填写人员姓名。" && heard.length === 0);
    await page.selectOption('.ask select[name="to"]', "zhengtong");
    await hall.shot(page, "alerts-step-zh");
  });
  await check.within("an order is assigned to a vendor", 5, async () => !(await isAsking(page)) && (await sheet(page)).includes("010-5550 1234"));
  check.that("… by its id", heard[0]?.body.to === "zhengtong" && heard[0]?.body.state === "assigned", JSON.stringify(heard[0]));
  await step(page, "assigned", async () => {
    await page.selectOption('.ask select[name="to"]', " ");
    await page.fill('.ask input[name="person"]', "刘师傅");
  });
  await check.within("… or to a person by name", 5, () => heard[1]?.body.to === "刘师傅");
  await step(page, "repairing", async () => {
    await page.fill('.ask input[name="part"]', "电源模块");
    await page.fill('.ask input[name="count"]', "0");
    await send(page);
    check.that("parts need a number", (await complaint(page)).includes("1 至 1000"));
    await page.fill('.ask input[name="count"]', "1");
    await page.click(".ask .text-button");
    await page.fill('.part-row:nth-of-type(2) input[name="part"]', "保险丝");
    await page.fill('.part-row:nth-of-type(2) input[name="count"]', "2");
  });
  await check.within("parts are noted", 5, async () => /电源模块 × 1.*保险丝 × 2/s.test(await sheet(page)));
  await step(page, "done", async () => page.fill('.ask textarea[name="note"]', "更换电源，通电正常"));
  await check.within("its history grows with what was said", 5, async () => (await page.textContent(".sheet-steps")).includes("更换电源，通电正常"));
  await step(page, "closed", async () => {
    await send(page);
    check.that("closing needs a reason", (await complaint(page)) === "请写明原因。");
    await page.fill('.ask textarea[name="reason"]', "现场试用正常");
  });
  await check.within("an order is closed with its reason", 5, async () => /工单已结束.*/s.test(await sheet(page)) && (await sheet(page)).includes("现场试用正常"));
  check.that("… by a person, and so not proven", (await sheet(page)).includes("未经设备验证"));
  await hall.shot(page, "alerts-order-zh");
  await page.keyboard.press("Escape");
  await check.within("it leaves the open ones", 5, async () => (await page.$(`[data-order="${order.id}"]`)) === null);
  await page.click('[data-which="closed"]');
  await check.within("… for the closed ones", 5, async () => (await page.$(`[data-order="${order.id}"]`)) !== null);
  const figures = await page.$$eval('[data-group="all"] td', (all) => all.map((element) => element.textContent));
  const told = await api(page, `/repair?from_ms=0&to_ms=${4e12}`);
  check.that("the figures are the API's", figures[1] === String(told.all.orders) && figures[2] === String(told.all.closed), figures.join());
  check.that("… per vendor by its name, per model and per kind", /政通自助设备维保部.*huawei-sun2000.*逆变器/s.test(await page.textContent(".figures table")));
  await goTo(page, "open");
  await sleep(200);
  check.that("no console errors while stepping", ownErrors(seen).length === 0, ownErrors(seen).join(" | "));
  await context.close();
}

export async function foldsFigures(hall) {
  const { check } = hall;
  const { page, context } = await openTab(hall, "orders", PHONE);
  await page.waitForSelector(".figure-card");
  const cards = await page.$$eval(".figure-card", (all) => all.map((card) => [card.dataset.group, card.open]));
  check.that("on a phone the figures are cards, of which the first is open", (await page.$(".figures table")) === null && cards.length > 5 && cards.every(([, open], i) => open === (i === 0)), JSON.stringify(cards));
  await page.click('[data-group="guangfu"] summary');
  await check.within("… and the others open by a touch", 3, async () => /修复及时率\s*100%/.test(await page.innerText('[data-group="guangfu"]')), () => page.innerText('[data-group="guangfu"]'));
  await page.locator('[data-group="guangfu"]').scrollIntoViewIfNeeded();
  await hall.shot(page, "alerts-figures-phone-zh");
  await context.close();
}
