#!/usr/bin/env bash
# `wrangler dev --test-scheduled`: "Ran scheduled event" for a job that failed, and for a cron that nobody has configured.
#
# wrangler 4.156.0 (workerd 1.20261023.1) with Node 24.21.0, local; a Worker with one cron, "*/15 * * * *".
# Behaviour of the two addresses at which a schedule is tried, `/__scheduled` and `/cdn-cgi/handler/scheduled`:
# - A job that is given to `ctx.waitUntil`, as the templates do: `/__scheduled` answers 200 "Ran scheduled event" before the job has
#   ended, also if it fails. `/cdn-cgi/handler/scheduled` waits for it, and answers 500 "exception".
# - Without `?cron=` the handler's `controller.cron` is "": a handler that chooses its job by the cron does nothing, and both say
#   200. A cron that the configuration does not have is taken by both.
# - What the handler itself throws is 500 at both.
#
# Who is hurt: whoever tries the nightly copy of their shares, or the purge, with the address that wrangler's help names: it says that it ran.
# Ask `/cdn-cgi/handler/scheduled?cron=…`, with the cron as it stands in the configuration, and look for "ok".
set -euo pipefail
dir=$(mktemp -d); trap 'kill $dev 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

printf 'name = "finding"\nmain = "worker.mjs"\ncompatibility_date = "2026-10-23"\n[triggers]\ncrons = ["*/15 * * * *"]\n' >wrangler.toml
cat >worker.mjs <<'JS'
const said = [];
const after = (ms, work) => new Promise((resolve) => setTimeout(resolve, ms)).then(work);
const fail = () => { throw new Error("no bucket"); };
const jobs = {
  "*/15 * * * *": (ctx) => ctx.waitUntil(after(1500, () => said.push("copied"))),
  "job fails": (ctx) => ctx.waitUntil(after(10, fail)),
  "handler throws": fail,
};
export default {
  fetch: () => Response.json(said.splice(0)),
  scheduled({ cron }, env, ctx) {
    said.push(`ran "${cron}"`);
    return jobs[cron]?.(ctx);
  },
};
JS
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
wrangler dev --test-scheduled --ip 127.0.0.1 --port "$port" --inspector-port 0 >dev.txt 2>&1 & dev=$!
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
const base = `http://127.0.0.1:${process.argv[2]}`;
const get = async (path) => {
  const answer = await fetch(base + path);
  return [answer.status, (await answer.text()).split("\n")[0]];
};
for (let tries = 0; ; tries += 1) {
  if (await fetch(base).then(() => true, () => tries > 200)) break;
  await new Promise((resolve) => setTimeout(resolve, 250));
}
const crons = { configured: "?cron=*/15+*+*+*+*", "none given": "", "job fails": "?cron=job+fails", "handler throws": "?cron=handler+throws", unknown: "?cron=17+4+*+*+*" };
const seen = {};
for (const path of ["/__scheduled", "/cdn-cgi/handler/scheduled"]) {
  seen[path] = {};
  for (const [name, query] of Object.entries(crons)) {
    const [status, text] = await get(path + query);
    const said = await (await fetch(base)).json();
    seen[path][name] = `${status} ${text}; ${said.join(", ")}`;
    await new Promise((resolve) => setTimeout(resolve, 1800));
    await fetch(base);
  }
}
console.log(seen);
const ran = 'ran "*/15 * * * *"';
const [first, second] = Object.values(seen);
assert.deepEqual({ ...first, "handler throws": first["handler throws"].slice(0, 3) }, {
  configured: `200 Ran scheduled event; ${ran}`,
  "none given": '200 Ran scheduled event; ran ""',
  "job fails": '200 Ran scheduled event; ran "job fails"',
  "handler throws": "500",
  unknown: '200 Ran scheduled event; ran "17 4 * * *"',
});
assert.deepEqual(second, {
  configured: `200 ok; ${ran}, copied`,
  "none given": '200 ok; ran ""',
  "job fails": '500 exception; ran "job fails"',
  "handler throws": '500 exception; ran "handler throws"',
  unknown: '200 ok; ran "17 4 * * *"',
});
JS
node run.mjs "$port"
echo "as stated: wrangler 4.156.0"
