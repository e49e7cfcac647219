#!/usr/bin/env bash
# Tail Workers: of the users in a URL some are REDACTED and some are not, by the look of their ids. So are headers, by their names.
#
# wrangler 4.156.0 (workerd 1.20261023.1), a Worker and its Tail Worker on this machine, compatibility date 2026-10-23, Node 24.21.0.
# Behaviour of `event.request`, as the Tail Worker of a Worker with `/users/ID/backups` gets it:
# - A UUID is REDACTED in `url`, as is any run of 32 hex digits, and a text of 21 and more letters and digits that has enough capitals, small letters
#   and digits.
# - These stay as they are: "auth0|64f…" (percent-encoded), a cuid ("ckb5f2…"), a DID of Privy's, an Ethereum address ("0x5290…", though it has 40 hex digits).
# - A header is REDACTED where its name says auth, key, secret, token, jwt or cookie. The same value under "x-portal-id" is given as it is.
# - `getUnredacted()` gives everything.
#
# Who is hurt: whoever sends a Tail Worker's events to a log service. Those with UUIDs see no user in it, and take it for a rule; with the ids of another
# sign-in, or wallet addresses, each person's doings are there by name. And a search for a user's UUID finds nothing, though the user was served. Write the
# id that you want in the log into the log yourself, and leave the URL out.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >wrangler.toml <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2026-10-23"
tail_consumers = [{ service = "tail" }]
[[services]]
binding = "TAIL"
service = "tail"
TOML
printf 'name = "tail"\nmain = "tail.mjs"\ncompatibility_date = "2026-10-23"\n' >tail.toml
cat >worker.mjs <<'JS'
export default { fetch: (request, { TAIL }) => (new URL(request.url).pathname === "/seen" ? TAIL.fetch(request) : new Response()) };
JS
cat >tail.mjs <<'JS'
const seen = [];
const lookAt = ({ url, headers }) => ({ id: new URL(url).pathname.split("/")[2], headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => /REDACTED|value/.test(value))) });
export default {
  tail: (events) => {
    for (const { event } of events) if (event.request.url.includes("/users/")) seen.push([lookAt(event.request), lookAt(event.request.getUnredacted())]);
  },
  fetch: () => Response.json(seen),
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }, { configPath: "tail.toml" }] });
await harness.listen();
const hidden = ["7f3c9b1e-0a52-4c8d-9e11-2b6f7a8c9d0e", "7f3c9b1e0a524c8d9e112b6f7a8c9d0e", "kp9XcV7bN2mQwErTyUiOpAsDfGh"];
const shown = ["auth0%7C64f1c2d3e4f5a6b7c8d9e0f1", "ckb5f2p3q0000abcdefghijkl", "did:privy:cm3np4u9j001rc8b73seqmqqk", "0x52908400098527886E0F7030069857D2E4169EE7", "ann"];
const names = ["authorization", "x-api-key", "x-webhook-secret", "x-session-token", "x-user-jwt", "cookie", "x-portal-id", "x-user"];
const headers = Object.fromEntries(names.map((name) => [name, "value"]));
for (const id of [...hidden, ...shown]) await (await harness.fetch(`/users/${id}/backups`, { headers })).text();
let seen = [];
for (let tries = 0; seen.length < hidden.length + shown.length && tries < 100; tries++) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  seen = await (await harness.fetch("/seen")).json();
}
const ids = seen.map(([{ id }, unredacted]) => `${unredacted.id} is ${id === unredacted.id ? "shown" : id}`).sort();
console.log(ids, seen[0][0].headers);
assert.deepEqual(ids, [...hidden.map((id) => `${id} is REDACTED`), ...shown.map((id) => `${id} is shown`)].sort());
const kept = ["x-portal-id", "x-user"];
assert.deepEqual(seen[0][0].headers, Object.fromEntries(names.map((name) => [name, kept.includes(name) ? "value" : "REDACTED"])));
assert.deepEqual(seen[0][1].headers, headers);
await harness.close();
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
