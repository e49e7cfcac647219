#!/usr/bin/env bash
# Request loggers for Node: pino-http, hapi-pino, koa-pino-logger and express-winston write the webhook's secret and the app's credential of each request into the log.
#
# pino-http 11.0.0, koa-pino-logger 5.0.0 with koa 3.3.0, hapi-pino 13.0.0 with @hapi/hapi 21.4.10, express-winston 4.2.0 with winston 3.19.0, morgan 1.12.1 (with express
# 5.2.1), fastify 5.12.8 with its own logger (npm), each with its own defaults, Node 24.21.0.
# Behaviour, of one request that is answered 204, with no error at all:
# - the first four write all headers of the request: `X-Webhook-Secret`, `Authorization`, `Cookie`. None writes the body.
# - morgan ("combined") and fastify write none of them. All six write the path, and so the user's id.
# - `redact: ["req.headers"]`, given to pino-http, hapi-pino and koa-pino-logger, and express-winston's `headerBlacklist`, keep them out.
#
# Who is hurt: a server that passes webhooks on, or an app's backend. The log goes to another company, and whoever reads it there can store and fetch custodian shares, and speak
# for each user who came by. Keep all headers out, and change the secret if they were in.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps pino-http@11.0.0 koa-pino-logger@5.0.0 koa@3.3.0 hapi-pino@13.0.0 @hapi/hapi@21.4.10 \
  express-winston@4.2.0 winston@3.19.0 morgan@1.12.1 express@5.2.1 fastify@5.12.8

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Writable } from "node:stream";
import Hapi from "@hapi/hapi";
import express from "express";
import expressWinston from "express-winston";
import fastify from "fastify";
import hapiPino from "hapi-pino";
import Koa from "koa";
import koaPino from "koa-pino-logger";
import morgan from "morgan";
import pinoHttp from "pino-http";
import winston from "winston";
let written = "";
const stream = () => new Writable({ write: (bytes, _, done) => ((written += bytes), done()) });
const listen = (handler) => new Promise((resolve) => {
  const server = createServer(handler).listen(0, "127.0.0.1", () => resolve(server.address().port));
});
const overExpress = (logger) => {
  const app = express().use(express.json(), logger);
  app.post("/{*path}", (request, response) => response.status(204).end());
  return listen(app);
};
const overWinston = (more) => {
  const transports = [new winston.transports.Stream({ stream: stream() })];
  return overExpress(expressWinston.logger({ transports, format: winston.format.json(), ...more }));
};
const overHapi = async (more) => {
  const server = Hapi.server({ port: 0, host: "127.0.0.1" });
  await server.register({ plugin: hapiPino, options: { stream: stream(), ...more } });
  server.route({ method: "POST", path: "/{path*}", handler: (_, answer) => answer.response().code(204) });
  await server.start();
  return server.info.port;
};
const overKoa = (more) => {
  const app = new Koa().use(koaPino({ ...more }, stream()));
  return listen(app.use((context) => void (context.status = 204)).callback());
};
const overFastify = async () => {
  const app = fastify({ logger: { stream: stream() } });
  app.post("/*", (request, reply) => reply.code(204).send());
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
};
const redact = ["req.headers"];
const loggers = {
  "pino-http": () => overExpress(pinoHttp({}, stream())),
  "pino-http, redact": () => overExpress(pinoHttp({ redact }, stream())),
  "koa-pino-logger": () => overKoa(),
  "koa-pino-logger, redact": () => overKoa({ redact }),
  "hapi-pino": () => overHapi(),
  "hapi-pino, redact": () => overHapi({ redact }),
  "express-winston": () => overWinston(),
  "express-winston, headerBlacklist": () => overWinston({ headerBlacklist: ["authorization", "cookie", "x-webhook-secret"] }),
  morgan: () => overExpress(morgan("combined", { stream: stream() })),
  fastify: overFastify,
};
const headers = { "content-type": "application/json", "x-webhook-secret": "THE-SECRET", authorization: "Bearer THE-CREDENTIAL", cookie: "session=THE-COOKIE" };
const seen = {};
for (const [name, start] of Object.entries(loggers)) {
  const port = await start();
  written = "";
  const response = await fetch(`http://127.0.0.1:${port}/users/THE-USER/user-backup-share`, { method: "POST", headers, body: JSON.stringify({ share: "THE-SHARE" }) });
  assert.equal(response.status, 204);
  while (!written.includes("THE-USER")) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 200));
  seen[name] = ["SECRET", "CREDENTIAL", "COOKIE", "SHARE"].filter((what) => written.includes(`THE-${what}`)).join(" ");
}
console.log(seen);
const all = "SECRET CREDENTIAL COOKIE";
const expected = { "pino-http": all, "koa-pino-logger": all, "hapi-pino": all, "express-winston": all };
assert.deepEqual(seen, Object.fromEntries(Object.keys(loggers).map((name) => [name, expected[name] ?? ""])));
process.exit(0);
JS
timeout 60 node run.mjs
echo "as stated: pino-http, koa-pino-logger, hapi-pino, express-winston, morgan, fastify"
