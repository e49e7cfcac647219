#!/usr/bin/env bash
# Hono's streams: an export that breaks off in the middle ends like a whole one, with status 200. Also if `onError` aborts the stream.
#
# hono 4.13.19 in workerd (wrangler 4.156.0, workerd 1.20261023.1) and with @hono/node-server 2.1.9 on Node 24.21.0; beside it, on Node, h3 2.0.8,
# fastify 5.12.8, express 5.3.0 and koa 3.3.0.
# Behaviour, where the rows come from a generator that throws after the second one:
# - Hono's `stream`, `streamText` and `streamSSE` write a line to the log and close the stream in the normal way. curl, fetch and a browser have a
#   whole answer. `stream.pipe()` of a ReadableStream that fails is the same. So it is with an `onError` that calls `stream.abort()`, or throws.
# - `c.body(readable)` and `new Response(readable)` break the connection off, so a client has an error. So do a TransformStream whose writer is aborted,
#   h3's `iterable`, a stream given to fastify and koa, and express with `pipeline` or a loop of `res.write` that rejects.
#
# Who is hurt: a server of one's own that gives all its shares as JSON lines with Hono's helper. Where its database fails at the thousandth row, the
# file has a thousand rows and no sign that there were more: the move, or the copy, has lost the rest. Give such rows by `c.body()`, and
# let the last line say how many there were.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts hono@4.13.19 @hono/node-server@2.1.9 h3@2.0.8 fastify@5.12.8 express@5.3.0 koa@3.3.0

cat >hono.mjs <<'JS'
import { Hono } from "hono";
import { stream, streamSSE, streamText } from "hono/streaming";

const later = () => new Promise((resolve) => setTimeout(resolve, 30));
export async function* rows() {
  yield '{"user":"ann"}\n';
  await later();
  yield '{"user":"bob"}\n';
  await later();
  throw new Error("the database is gone");
}
const encoder = new TextEncoder();
const readable = () => {
  const iterator = rows();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
};
const transformed = () => {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  const fill = async () => {
    try {
      for await (const row of rows()) await writer.write(encoder.encode(row));
      await writer.close();
    } catch (error) {
      await writer.abort(error);
    }
  };
  fill();
  return readable;
};
const all = async (out) => {
  for await (const row of rows()) await out.write(row);
};
const app = new Hono();
app.get("/stream", (c) => stream(c, all));
app.get("/streamText", (c) => streamText(c, all));
app.get("/streamSSE", (c) => streamSSE(c, async (out) => {
  for await (const data of rows()) await out.writeSSE({ data });
}));
app.get("/pipe", (c) => stream(c, (out) => out.pipe(readable())));
app.get("/onError-abort", (c) => stream(c, all, (_, out) => out.abort()));
app.get("/onError-throw", (c) => stream(c, all, (error) => { throw error; }));
app.get("/body", (c) => c.body(readable()));
app.get("/Response", () => new Response(readable()));
app.get("/transform", () => new Response(transformed()));
export const whole = ["/stream", "/streamText", "/streamSSE", "/pipe", "/onError-abort", "/onError-throw"];
export const broken = ["/body", "/Response", "/transform"];
export default app;
JS
cat >wrangler.toml <<'TOML'
name = "finding"
main = "worker.mjs"
compatibility_date = "2026-10-23"
TOML
echo 'export { default } from "./hono.mjs";' >worker.mjs
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer, get } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { serve } from "@hono/node-server";
import express from "express";
import Fastify from "fastify";
import { H3, iterable, toNodeHandler } from "h3";
import Koa from "koa";
import { createTestHarness } from "wrangler";
import hono, { broken, rows, whole } from "./hono.mjs";

console.error = () => {}; // the frameworks' own lines of the error
process.on("unhandledRejection", (error) => assert.equal(error.message, "the database is gone"));
const look = (url) =>
  new Promise((resolve, reject) => {
    get(url, (answer) => {
      let text = "";
      const end = (how) => () => resolve({ how, status: answer.statusCode, text });
      answer.on("data", (chunk) => (text += chunk)).on("end", end("whole")).on("error", end("broken"));
    }).on("error", reject);
  });
const expect = async (name, base, path, how) => {
  const seen = await look(new URL(path, base));
  console.log(`${name} ${path}: ${seen.status}, ${seen.how}`);
  assert.deepEqual([seen.how, seen.status], [how, 200]);
  assert.match(seen.text, /ann[^]*bob/);
};
const at = (server) =>
  new Promise((resolve) => {
    const listening = () => resolve(`http://127.0.0.1:${server.address().port}`);
    if (server.listening) listening();
    else server.once("listening", listening);
  });

const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
const { url } = await harness.listen();
const node = await at(serve({ fetch: hono.fetch, port: 0, hostname: "127.0.0.1" }));
for (const [name, base] of [["workerd, hono", url], ["Node, hono", node]]) {
  for (const path of whole) await expect(name, base, path, "whole");
  for (const path of broken) await expect(name, base, path, "broken");
}
const h3 = new H3().get("/", () => iterable(rows()));
await expect("h3", await at(createServer(toNodeHandler(h3)).listen(0, "127.0.0.1")), "/", "broken");
const fastify = Fastify();
fastify.get("/", (_, reply) => reply.send(Readable.from(rows())));
await expect("fastify", await fastify.listen({ port: 0, host: "127.0.0.1" }), "/", "broken");
const app = express();
app.get("/pipeline", (_, answer) => pipeline(Readable.from(rows()), answer).catch(() => {}));
app.get("/loop", async (_, answer) => {
  for await (const row of rows()) answer.write(row);
  answer.end();
});
const expressed = await at(app.listen(0, "127.0.0.1"));
for (const path of ["/pipeline", "/loop"]) await expect("express", expressed, path, "broken");
const koa = new Koa();
koa.silent = true;
koa.use((context) => { context.body = Readable.from(rows()); });
await expect("koa", await at(koa.listen(0, "127.0.0.1")), "/", "broken");
process.exit(0);
JS
timeout 120 node run.mjs
echo "as stated: hono 4.13.19, @hono/node-server 2.1.9, wrangler 4.156.0, h3 2.0.8, fastify 5.12.8, express 5.3.0, koa 3.3.0"
