// The API reference: /openapi.yaml and /docs, static files in front of the Worker.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { after, before, describe, test } from "node:test";

import { unstable_readConfig as readConfig } from "wrangler";

import { inRoot, wranglerConfig } from "../scripts/lib/paths.mjs";
import { launch, noBrowser } from "./support/browser.mjs";
import { startWorker } from "./support/harness.mjs";

const contract = readFileSync(inRoot("openapi.yaml"), "utf8");
const operations = contract.match(/^ {6}operationId: /gm).length;

const worker = await startWorker({ assets: true });
after(() => worker.stop());

test("openapi.yaml has no schema that is true or false, and no enum of several types: generators of clients refuse them", () => {
  assert.deepEqual(contract.match(/^ +(?!required:)\w+: (true|false)$/gm), null);
  assert.deepEqual(contract.match(/enum: \[(?:[^\]]*[ ,])?(?:true|false)[,\]].*/g), null);
});

test("openapi.yaml is served as it is in the repository", async () => {
  const answer = await worker.fetch("/openapi.yaml");
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type"), /^text\/yaml/);
  assert.equal(await answer.text(), contract);
});

test("the page lets nothing in but its own files, and cannot be framed", async () => {
  const { headers, status } = await worker.send("GET", "/docs");
  assert.equal(status, 200);
  assert.match(headers.get("content-type"), /^text\/html/);
  const policy = headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self';/);
  assert.match(policy, /connect-src 'self';/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.match(headers.get("strict-transport-security"), /^max-age=\d+/);
});

test("a static file takes GET and HEAD only, and says so", async () => {
  for (const path of ["/docs", "/openapi.yaml", "/docs/page.js"]) {
    assert.equal((await worker.send("HEAD", path)).status, 200, path);
    for (const method of ["POST", "DELETE", "OPTIONS"]) {
      const { status, headers } = await worker.send(method, path);
      assert.equal(status, 405, `${method} ${path}`);
      assert.equal(headers.get("allow"), "GET, HEAD");
    }
  }
});

test("no file comes before the Worker but those of the two pages and openapi.yaml", async () => {
  const files = readdirSync(inRoot("build", "assets"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "_headers")
    .map((entry) => join(entry.parentPath, entry.name).slice(inRoot("build", "assets").length).replaceAll(sep, "/"))
    .map((path) => path.replace(/^\/(docs|console)\.html$/, "/$1"));
  for (const env of [undefined, "production"]) {
    const { assets } = readConfig({ config: wranglerConfig, env }, { hideWarnings: true });
    assert.deepEqual(new Set(assets.run_worker_first), new Set(["/*", ...files.map((path) => `!${path}`)]), env);
  }
});

describe("in a browser", { skip: noBrowser }, () => {
  let browser, page;
  const requests = [];
  const complaints = [];

  before(async () => {
    browser = await launch();
    page = await browser.newPage();
    page.on("request", (request) => requests.push(request.url()));
    page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
    page.on("response", (response) => response.ok() || complaints.push(`${response.status()}: ${response.url()}`));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    await page.goto(new URL("/docs", worker.url).href);
    await page.waitForSelector(".opblock");
  });
  after(() => browser?.close());

  test("the page shows every operation of the contract", async () => {
    assert.equal(await page.locator(".opblock").count(), operations);
    assert.match(await page.locator(".info .title").innerText(), /portal-backup-worker/);
  });

  test("an operation opens, with its body forms and its errors", async () => {
    const operation = page.locator("#operations-Webhook-storeCustodianShare");
    await operation.locator(".opblock-summary-control").click();
    const text = await operation.locator(".opblock-body").innerText();
    for (const part of ["GDRIVE-SECP256K1", "204", "401", "404", "413", "415", "503"])
      assert.ok(text.includes(part), part);
  });

  test("each route shows its credential, and the errors of one are folded", async () => {
    assert.equal(await page.locator(".credential").count(), operations);
    const operation = page.locator("#operations-Webhook-storeCustodianShare");
    assert.equal(await operation.locator(".credential").innerText(), "Portal: X-Webhook-Secret");
    const errors = operation.locator("details.errors");
    assert.match(await errors.locator("summary").innerText(), /^Errors: .*401/);
    assert.equal(await errors.getAttribute("open"), null);
  });

  test("a parameter's type is what it is", async () => {
    const operation = page.locator("#operations-Users-deleteUser");
    await operation.locator(".opblock-summary-control").click();
    await operation.locator(".parameter__type").first().waitFor();
    for (const type of await operation.locator(".parameter__type").allInnerTexts()) assert.equal(type, "string");
  });

  test("nothing can be sent from the page, and no secret typed into it", async () => {
    assert.equal(
      await page.locator("button.try-out__btn:visible, button.authorize:visible, .authorization__btn:visible").count(),
      0,
    );
    assert.equal(await page.locator("input[type=text]:enabled:visible, input[type=password]:visible").count(), 0);
  });

  test("the page asks no other host for anything, and its own policy blocks nothing of it", () => {
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(worker.url.href) && !url.startsWith("data:")),
      [],
    );
    assert.deepEqual(complaints, []);
  });
});
