// The operators' page in a real browser: signing in, and what must hold on every view.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { SECRETS } from "./harness.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Operators of each role, and the secret that makes them. */
export const OPERATORS = {
  viewer: { name: "vera", role: "viewer", token: "viewer-token-0123456789abcdef0123456789" },
  support: { name: "sam", role: "support", token: "support-token-0123456789abcdef0123456789" },
  admin: { name: "admin", role: "admin", token: SECRETS.ADMIN_TOKEN },
  second: { name: "sue", role: "support", token: "second-token-0123456789abcdef0123456789" },
  chief: { name: "carl", role: "admin", token: "chief-token-0123456789abcdef0123456789ab" },
};
export const OPERATOR_TOKENS = Object.values(OPERATORS)
  .filter(({ name }) => name !== "admin")
  .map(({ name, role, token }) => `${name}:${role}:${token}`)
  .join(", ");

/** A page of the console that notes whatever the browser complains of. */
export async function openConsole(browser, worker, { theme = "light", width = 1280, height = 900, timezoneId } = {}) {
  const context = await browser.newContext({ colorScheme: theme, viewport: { width, height }, timezoneId });
  await context.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
      globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`),
    );
  });
  const page = await context.newPage();
  const complaints = [];
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // The browser logs every answer of 400 and more; what the page makes of it, the tests look at.
    if (["error", "warning"].includes(message.type()) && !/Failed to load resource/.test(message.text()))
      complaints.push(message.text());
  });
  await page.goto(new URL("/console", worker.url).href);
  return { page, context, complaints, requests };
}

export async function signIn(page, operator) {
  await page.getByLabel("Your operator token").fill(operator.token);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText(`(${operator.role})`).waitFor();
}

/** Goes to a view, and waits until nothing on it is being loaded. */
export async function goTo(page, hash) {
  await page.evaluate((hash) => {
    if (location.hash === hash) return undefined;
    // Until the view is drawn once, nothing says that it is loading.
    const drawn = new Promise((resolve) => {
      addEventListener("hashchange", () => requestAnimationFrame(() => setTimeout(resolve)), { once: true });
    });
    location.hash = hash;
    return drawn;
  }, hash);
  await settled(page);
}

export async function settled(page) {
  await page.waitForLoadState("networkidle");
  await page.waitForFunction(() => !document.body.innerText.includes("Loading…"));
}

/** axe-core finds nothing, nothing is broader than the window, and no policy was broken. */
export async function assertGoodView({ page, complaints, requests }, worker, what) {
  // As the debugger's own code, for which the page's policy does not count.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
  });
  assert.deepEqual(found, [], `${what}: axe-core`);
  const [broad, wide] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(broad <= wide, `${what}: ${broad} px broad in a window of ${wide}`);
  assert.deepEqual(await page.evaluate(() => globalThis.violations), [], `${what}: content security policy`);
  assert.deepEqual(complaints, [], `${what}: the browser's console`);
  assert.deepEqual(
    requests.filter((url) => !url.startsWith(worker.url.href) && !url.startsWith("data:")),
    [],
    `${what}: no other host`,
  );
}

/** No token is anywhere but in memory. */
export async function assertNothingKept({ page, context, requests }, secrets) {
  const kept = await page.evaluate(async () =>
    JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      await indexedDB.databases(),
      document.cookie,
      location.href,
      history.state,
      await caches.keys(),
      document.documentElement.outerHTML,
    ]),
  );
  const cookies = JSON.stringify(await context.cookies());
  for (const secret of secrets) {
    assert.ok(!kept.includes(secret), "a secret in storage, the URL or the page");
    assert.ok(!cookies.includes(secret), "a secret in a cookie");
    assert.ok(!requests.some((url) => url.includes(secret)), "a secret in a request's URL");
  }
}
