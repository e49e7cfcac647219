#!/usr/bin/env bash
# Service bindings of Workers: a redirect to another host is not followed to that host. The bound Worker itself is asked for the other address, and what it says of it is the answer.
#
# wrangler 4.156.0 (workerd 1.20261023.1), two local Workers, compatibility date 2026-10-23, Node 24.21.0.
# Behaviour of `env.OLD.fetch(request)`, where the Worker OLD answers with a redirect to https://new.example.com/…:
# - OLD is asked a second time, with the URL https://new.example.com/…. Nothing leaves for new.example.com. The answer has `redirected: true` and that URL.
# - After a 301 or 302 the POST is a GET without its body. After a 307 or 308 it stays a POST with its body. `Authorization` is left out each time.
# - With `redirect: "manual"` the caller gets the 302, with its Location. So it is if a request from outside is handed on as it came, for it is "manual".
#
# Who is hurt: whoever moves a server to another address, lets the old Worker redirect to it, and has a gateway that calls the old one by a binding: a store goes once more to the old one,
# and a Worker that answers all paths alike takes it. The caller sees 200 from the new address's URL. Set `redirect: "manual"` in each call of a binding, and take a 3xx for an error.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

printf 'name = "gateway"\nmain = "gateway.mjs"\ncompatibility_date = "2026-10-23"\nservices = [{ binding = "OLD", service = "old" }]\n' >gateway.toml
printf 'name = "old"\nmain = "old.mjs"\ncompatibility_date = "2026-10-23"\n' >old.toml
cat >old.mjs <<'JS'
export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.hostname === "new.example.com") return Response.json({ asked: "old", method: request.method, body: await request.text(), authorization: request.headers.has("authorization") });
    return new Response(null, { status: Number(url.searchParams.get("status")), headers: { location: `https://new.example.com${url.pathname}` } });
  },
};
JS
cat >gateway.mjs <<'JS'
export default {
  async fetch(request, { OLD }) {
    const url = new URL(request.url);
    if (url.pathname === "/handed-on") return Response.json({ redirect: request.redirect, status: (await OLD.fetch(request)).status });
    const init = { method: "POST", body: "a share", headers: { authorization: "Bearer key" } };
    if (url.pathname === "/manual") init.redirect = "manual";
    const answer = await OLD.fetch(`https://backup.example.com/users${url.search}`, init);
    const { status, redirected, headers } = answer;
    return Response.json({ status, redirected, url: answer.url, location: headers.get("location"), ...(status === 200 && (await answer.json())) });
  },
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "gateway.toml" }, { configPath: "old.toml" }] });
await harness.listen();
const seen = async (path) => {
  const answer = await (await harness.fetch(path, { redirect: "manual" })).json();
  console.log(path, answer);
  return answer;
};
const followed = { status: 200, redirected: true, url: "https://new.example.com/users", location: null, asked: "old" };
for (const status of [301, 302]) assert.deepEqual(await seen(`/?status=${status}`), { ...followed, method: "GET", body: "", authorization: false });
for (const status of [307, 308]) assert.deepEqual(await seen(`/?status=${status}`), { ...followed, method: "POST", body: "a share", authorization: false });
assert.deepEqual(await seen("/handed-on?status=302"), { redirect: "manual", status: 302 });
const manual = await seen("/manual?status=302");
assert.deepEqual([manual.status, manual.location], [302, "https://new.example.com/users"]);
await harness.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
