#!/usr/bin/env bash
# A Worker with a page of one file (`not_found_handling = "single-page-application"`): a link that downloads a backup from the API saves the page instead.
#
# wrangler 4.156.0 (workerd 1.20261023.1) with Node 24.21.0, local, compatibility date 2026-10-23; Chromium (headless, by playwright-core 1.65.1).
# Behaviour of GET /api/backup, which the Worker answers as a JSON file and of which there is no asset:
# - `fetch()` in the page, curl, tests: the Worker answers.
# - A link, also `<a href="/api/backup" download="backup.json">`, or an identity provider that sends the browser back to /api/callback?code=…: the answer is
#   index.html with status 200. The Worker does not run. The file that is saved is named backup.json, and is the page.
# - A form that is sent by POST: 405.
# - It goes by the header `Sec-Fetch-Mode: navigate`, which browsers alone send. `run_worker_first = ["/api/*"]` in `[assets]` mends all three. With a
#   compatibility date of 2025-03-31 or before the Worker answers, too.
#
# Who is hurt: an app whose user saves an encrypted backup, a recovery kit or an export "as a file": the browser shows that it is saved. It holds
# no backup, and nobody looks before the day when it is needed. Ask by such a link in a browser, and look into the file.
#
# Needs Chromium (CHROMIUM_BIN may name it).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
export CHROMIUM_BIN=${CHROMIUM_BIN:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0 playwright-core@1.65.1
export PATH="$dir/node_modules/.bin:$PATH"

mkdir page
cat >page/index.html <<'HTML'
<!doctype html>
<title>the page</title>
<a id="link" href="/api/backup">Look at my backup</a>
<a id="save" href="/api/backup" download="backup.json">Save my backup</a>
<form method="post" action="/api/backup"><button id="send">Save my backup</button></form>
HTML
cat >worker.mjs <<'JS'
export default {
  fetch: () => Response.json({ cipherText: "cipher text" }, { headers: { "content-disposition": 'attachment; filename="backup.json"' } }),
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { createTestHarness } from "wrangler";

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const say = (text) => (text.includes("cipher text") ? "the backup" : text.includes("the page") ? "the page" : text);

async function seen(settings, date = "2026-10-23") {
  const assets = { directory: "page", not_found_handling: "single-page-application", ...settings };
  writeFileSync("wrangler.json", JSON.stringify({ name: "finding", main: "worker.mjs", compatibility_date: date, assets }));
  const harness = createTestHarness({ workers: [{ configPath: "wrangler.json" }] });
  const { url } = await harness.listen();
  const page = await browser.newPage();
  const statusOf = (method) => page.waitForResponse((answer) => answer.url().endsWith("/api/backup") && answer.request().method() === method).then((answer) => answer.status());
  const save = async (selector) => {
    await page.goto(String(url));
    const download = page.waitForEvent("download", { timeout: 5000 }).catch(() => undefined);
    await page.click(selector);
    const file = await download;
    return file ? `${file.suggestedFilename()}: ${say(readFileSync(await file.path(), "utf8"))}` : undefined;
  };
  const found = { test: say(await (await fetch(new URL("/api/backup", url))).text()) };
  await page.goto(String(url));
  found.fetch = say(await page.evaluate(() => fetch("/api/backup").then((answer) => answer.text())));
  found.save = await save("#save");
  const status = statusOf("GET");
  found.link = (await save("#link")) ?? `${await status}: ${await page.title()}`;
  const sent = statusOf("POST");
  found.form = (await save("#send")) ?? `${await sent}`;
  await page.close();
  await harness.close();
  return found;
}

const plain = await seen({});
console.log("as it is:", plain);
assert.deepEqual(plain, { test: "the backup", fetch: "the backup", save: "backup.json: the page", link: "200: the page", form: "405" });
const mended = await seen({ run_worker_first: ["/api/*"] });
console.log("with run_worker_first:", mended);
const older = await seen({}, "2025-03-31");
console.log("with an older date:", older);
for (const found of [mended, older]) assert.deepEqual(found, { test: "the backup", fetch: "the backup", save: "backup.json: the backup", link: "backup.json: the backup", form: "backup.json: the backup" });
await browser.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
