// What the tests of the data view share.
import { openPage } from "../browser.mjs";
import { LAPTOP } from "../service/view.mjs";

export const verdict = (page) => page.textContent('[data-testid="verdict"]');

/** The view by its address, the API's answers changed on the way when `change` is given. */
export async function openData({ browser, base }, { viewport = LAPTOP, change = null, streams = true, ...options } = {}) {
  const opened = await openPage(browser, base, viewport, options);
  if (change) {
    await opened.page.route("**/api/v1/data?*", async (route) => {
      const response = await route.fetch();
      const data = await response.json();
      change(data);
      await route.fulfill({ response, json: data });
    });
  }
  // The stream tells of databases, too.
  if (!streams) await opened.page.route("**/api/v1/stream", (route) => route.abort());
  await opened.page.goto(`${base}/#/data`);
  await opened.page.waitForSelector('[data-testid="verdict"]', { timeout: 20_000 });
  return opened;
}

/** Collects what the page asks for: method, path behind /api/v1, body. */
export function ears(page) {
  const heard = [];
  page.on("request", (request) => {
    const path = request.url().split("/api/v1")[1];
    if (path) heard.push({ method: request.method(), path, body: request.postData() });
  });
  return heard;
}
