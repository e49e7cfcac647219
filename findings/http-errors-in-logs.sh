#!/usr/bin/env bash
# Errors of HTTP clients in a log: axios's, got's, ky's and superagent's bring the share and the webhook's secret along, past pino's `redact`.
#
# axios 1.21.1, got 16.1.0, ky 2.1.0, superagent 10.4.2, ofetch 1.5.1, wretch 3.0.9; pino 10.4.0, winston 3.19.0, bunyan 2.0.5 (npm), Node 24.21.0.
# Behaviour of `log.error(error)`, where a request with a share in its body and a secret in a header was answered by 503:
# - axios and got: console, `JSON.stringify`, pino and winston write both.
# - ky: console writes both, the others the share. superagent: console writes the secret, the others both.
# - ofetch and wretch: none writes either of them. bunyan writes neither of any client.
# - Where the connection is lost: the same for axios and got; of ky console writes the secret; superagent's error has neither.
# - pino with `redact: ["err.config.data", "err.config.headers"]` writes both of axios all the same: they stand at further places of the error.
#   `["err.config", "err.request", "err.response"]` leaves them out.
#
# Who is hurt: a server that passes webhooks on, or an app's backend that stores cipher texts. On the first bad night the shares of all users that were stored then are
# in the log, and the log goes to another company. Log `error.message` and the status, nothing else; or give the logger a serializer of its own.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts axios@1.21.1 got@16.1.0 ky@2.1.0 superagent@10.4.2 ofetch@1.5.1 wretch@3.0.9 pino@10.4.0 winston@3.19.0 \
  bunyan@2.0.5

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import axios from "axios";
import bunyan from "bunyan";
import got from "got";
import ky from "ky";
import { ofetch } from "ofetch";
import pino from "pino";
import superagent from "superagent";
import winston from "winston";
import wretch from "wretch";
let lost = false;
const server = createServer((request, response) => {
  request.resume().on("end", () => (lost ? request.socket.destroy() : response.writeHead(503, { "content-type": "application/json" }).end("{}")));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const url = `http://127.0.0.1:${server.address().port}/webhook/backup`;
const headers = { "x-webhook-secret": "THE-SECRET", "content-type": "application/json" };
const body = { clientId: "client-1", share: "THE-SHARE" };
const clients = {
  axios: () => axios.post(url, body, { headers }),
  got: () => got.post(url, { json: body, headers, retry: { limit: 0 } }),
  ky: () => ky.post(url, { json: body, headers, retry: 0 }),
  superagent: () => superagent.post(url).set(headers).send(body),
  ofetch: () => ofetch(url, { method: "POST", body, headers, retry: 0 }),
  wretch: () => wretch(url).headers(headers).post(body).res(),
};
const lines = [];
const stream = () => new Writable({ write: (text, _, done) => (lines.push(String(text)), done()) });
const loggers = {
  console: (error) => lines.push(inspect(error)),
  "JSON.stringify": (error) => lines.push(JSON.stringify(error)),
  pino: (error) => pino({}, stream()).error(error),
  winston: (error) => winston.createLogger({ transports: [new winston.transports.Stream({ stream: stream() })] }).error("failed", error),
  bunyan: (error) => bunyan.createLogger({ name: "finding", streams: [{ stream: stream() }] }).error(error),
};
/** What a logger writes of the error. */
const written = async (log, error) => {
  lines.length = 0;
  log(error);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const text = lines.join("");
  assert.ok(text.length > 0);
  return [text.includes("THE-SECRET") && "secret", text.includes("THE-SHARE") && "share"].filter(Boolean).join(" and ") || "-";
};
const failure = (client) => Promise.resolve(client()).then(() => assert.fail("no error"), (error) => error);
const seen = {};
for (lost of [false, true]) {
  for (const [name, client] of Object.entries(clients)) {
    const error = await failure(client);
    const of = (seen[`${name}, ${lost ? "lost" : "503"}`] = {});
    for (const [logger, log] of Object.entries(loggers)) of[logger] = await written(log, error);
  }
}
console.table(seen);
const [both, none] = ["secret and share", "-"];
const all = (console, others) => ({ console, "JSON.stringify": others, pino: others, winston: others, bunyan: none });
assert.deepEqual(seen, {
  "axios, 503": all(both, both),
  "got, 503": all(both, both),
  "ky, 503": all(both, "share"),
  "superagent, 503": all("secret", both),
  "ofetch, 503": all(none, none),
  "wretch, 503": all(none, none),
  "axios, lost": all(both, both),
  "got, lost": all(both, both),
  "ky, lost": all("secret", none),
  "superagent, lost": all(none, none),
  "ofetch, lost": all(none, none),
  "wretch, lost": all(none, none),
});

lost = false;
const error = await failure(clients.axios);
const redacted = (redact) => written((error) => pino({ redact }, stream()).error(error), error);
assert.equal(await redacted(["err.config.data", "err.config.headers"]), both);
assert.equal(await redacted(["err.config", "err.request", "err.response"]), none);
process.exit(0);
JS
timeout 100 node run.mjs
echo "as stated: axios 1.21.1, got 16.1.0, ky 2.1.0, superagent 10.4.2, ofetch 1.5.1, wretch 3.0.9, pino 10.4.0, winston 3.19.0, bunyan 2.0.5"
