#!/usr/bin/env bash
# Cloudflare Queues, locally: a message that was acknowledged comes back when the handler then throws.
#
# wrangler 4.156.0 (workerd 1.20261023.1), local, max_retries = 2.
# Behaviour: a batch of three is delivered; the handler calls `ack()` on the first and throws. All three come again, the acknowledged
# one too, with `attempts` 2 and 3. (Cloudflare's pages say that an explicit ack() keeps a message from being delivered again.)
#
# Who is hurt: a consumer that acknowledges one by one and is tested locally sees doubles that are none, or, worse, is built without
# keeping doubles out, by the words of the pages. A consumer must be able to see each message twice.
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
compatibility_flags = ["nodejs_compat"]
[[queues.producers]]
queue = "finding"
binding = "QUEUE"
[[queues.consumers]]
queue = "finding"
max_batch_size = 10
max_batch_timeout = 1
max_retries = 2
TOML
cat >worker.mjs <<'JS'
const delivered = [];
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === "/send") await env.QUEUE.sendBatch([{ body: "a" }, { body: "b" }, { body: "c" }]);
    return Response.json(delivered);
  },
  async queue(batch) {
    delivered.push(batch.messages.map(({ body, attempts }) => `${body}${attempts}`).join(" "));
    batch.messages[0].ack();
    throw new Error("after the acknowledgement");
  },
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createTestHarness } from "wrangler";
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
await harness.fetch("/send");
let delivered = [];
for (let tries = 0; delivered.length < 3 && tries < 60; tries += 1) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  delivered = await (await harness.fetch("/")).json();
}
console.log(delivered);
assert.deepEqual(delivered, ["a1 b1 c1", "a2 b2 c2", "a3 b3 c3"]);
await harness.close();
process.exit(0);
JS
node run.mjs
echo "as stated: wrangler 4.156.0, workerd 1.20261023.1"
