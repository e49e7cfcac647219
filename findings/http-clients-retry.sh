#!/usr/bin/env bash
# HTTP clients that try again by themselves: an hour of silence, a repeat that gets another answer, and no second try of a store.
#
# ky 2.1.0, got 16.1.0, ofetch 1.5.1 and axios 1.21.1 with axios-retry 4.5.0, each with its own defaults, Node 24.21.0.
# Behaviour:
# - A GET that is answered 429 with `Retry-After: 3600`: ky, got and axios-retry wait the hour, without a word; the call is neither
#   resolved nor rejected. ky's time limit of 10 seconds is one of each attempt, and does not end it. ofetch does not look at Retry-After: it
#   asks again at once, and rejects.
# - A GET whose answer is lost on the way (the connection breaks after the server had it) is sent again by all four.
# - A POST that is answered 429 or 503 is sent once by all four. If its answer is lost, axios-retry alone sends it again.
#
# Who is hurt: an app with such a client instead of the samples' own loop. At the daily limit the user looks at a spinner for an hour. A
# custodian share of an eject may be fetched once: the second request, which nobody asked for, is answered 403, and the app speaks of a
# missing permission where the connection broke. A store that would have gone through a second later is given up.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts ky@2.1.0 got@16.1.0 ofetch@1.5.1 axios@1.21.1 axios-retry@4.5.0

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import axios from "axios";
import axiosRetry from "axios-retry";
import got from "got";
import ky from "ky";
import { ofetch } from "ofetch";

/** How long the clients want to wait: what is an hour here is remembered, and never comes. */
const hours = [];
const later = setTimeout;
globalThis.setTimeout = (work, ms, ...rest) => {
  if (ms > 60_000) hours.push(ms);
  return later(work, ms, ...rest);
};

let status;
let arrived = 0;
const server = createServer((request, response) => {
  arrived++;
  if (!status) return response.destroy(); // It was carried out; the answer is lost.
  const headers = { "content-type": "application/problem+json", ...(status === 429 && { "retry-after": "3600" }) };
  response.writeHead(status, headers).end('{"code":"not_now"}');
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;

axiosRetry(axios);
const clients = {
  ky: (method) => ky(url, { method }).text(),
  got: (method) => got(url, { method }).text(),
  ofetch: (method) => ofetch(url, { method }),
  axios: (method) => axios({ url, method }),
};
const seen = {};
for (const [name, call] of Object.entries(clients)) {
  seen[name] = {};
  for (const method of ["GET", "POST"]) {
    for (const answer of [429, 503, "lost"]) {
      status = Number(answer) || undefined;
      arrived = 0;
      hours.length = 0;
      const patience = new Promise((resolve) => later(() => resolve("still waiting"), 15_000));
      const end = await Promise.race([call(method).then(() => "resolved", () => "rejected"), patience]);
      seen[name][`${method}, ${answer}`] = `${end}, ${arrived > 1 ? "sent again" : "sent once"}${hours.includes(3_600_000) ? ", waits 3600 s" : ""}`;
    }
  }
}
console.dir(seen);
const common = { "GET, 429": "still waiting, sent once, waits 3600 s", "GET, 503": "rejected, sent again", "GET, lost": "rejected, sent again" };
Object.assign(common, { "POST, 429": "rejected, sent once", "POST, 503": "rejected, sent once", "POST, lost": "rejected, sent once" });
assert.deepEqual(seen, {
  ky: common,
  got: common,
  ofetch: { ...common, "GET, 429": "rejected, sent again" },
  axios: { ...common, "POST, lost": "rejected, sent again" },
});
process.exit(0);
JS
timeout 200 node run.mjs
echo "as stated: ky 2.1.0, got 16.1.0, ofetch 1.5.1, axios 1.21.1 with axios-retry 4.5.0"
