#!/usr/bin/env bash
# Routers of Workers: the user id in a path is decoded by some, left as it is by others, and by h3 in part.
#
# hono 4.13.19, elysia 1.4.30, itty-router 5.0.24, @tsndr/cloudflare-worker-router 3.3.0, h3 1.15.11 (Nitro 2, Nuxt) and h3 2.0.8, and URLPattern, as
# Node 24.21.0 has it. Each with its own defaults.
# Behaviour, of `/users/:id/shares`, asked for as `/users/${encodeURIComponent(id)}/shares`:
# - hono and elysia give the id.
# - itty-router, @tsndr/cloudflare-worker-router and URLPattern give what stands in the URL: "auth0%7C64f" for Auth0's "auth0|64f",
#   "ann%40example.com", "team%2Fann".
# - h3, both versions, decodes "auth0|64f" and "ann@example.com", and leaves "team%2Fann" and "100%25" as they are. In h3 1
#   `getRouterParam(event, "id", { decode: true })` decodes these as well.
#
# Who is hurt: whoever puts a Worker of their own before another server, or has written the old one with such a router. With ids of letters all is well.
# With Auth0's the id does not match the session's, or is encoded once more on its way and nobody is found: 404. And shares that an old
# server stored under "auth0%7C64f" are moved as that user's, whom no app ever asks for.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts hono@4.13.19 elysia@1.4.30 itty-router@5.0.24 @tsndr/cloudflare-worker-router@3.3.0 \
  h3@1.15.11 h3-2@npm:h3@2.0.8

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { Router as TsndrRouter } from "@tsndr/cloudflare-worker-router";
import { Elysia } from "elysia";
import { createApp, createRouter, eventHandler, getRouterParam, toWebHandler } from "h3";
import { H3 } from "h3-2";
import { Hono } from "hono";
import { Router } from "itty-router";

const path = "/users/:id/shares";
const hono = new Hono().get(path, (context) => context.text(context.req.param("id")));
const elysia = new Elysia({ aot: false }).get(path, ({ params }) => params.id);
const itty = Router().get(path, ({ params }) => new Response(params.id));
const tsndr = new TsndrRouter();
tsndr.get(path, ({ req }) => new Response(req.params.id));
const h3Of = (options) =>
  toWebHandler(createApp().use(createRouter().get(path, eventHandler((event) => getRouterParam(event, "id", options)))));
const h3 = new H3().get(path, (event) => event.context.params.id);
const routers = {
  hono: (request) => hono.fetch(request),
  elysia: (request) => elysia.handle(request),
  "itty-router": (request) => itty.fetch(request),
  "@tsndr/cloudflare-worker-router": (request) => tsndr.handle(request, {}, {}),
  URLPattern: (request) => new Response(new URLPattern({ pathname: path }).exec(request.url).pathname.groups.id),
  "h3 2": (request) => h3.fetch(request),
  "h3 1": h3Of(),
  "h3 1, decode": h3Of({ decode: true }),
};
const ids = ["auth0|64f", "ann@example.com", "team/ann", "100%"];
const seen = {};
for (const [name, ask] of Object.entries(routers)) {
  seen[name] = [];
  for (const id of ids) {
    const answer = await ask(new Request(`https://worker.example/users/${encodeURIComponent(id)}/shares`));
    seen[name].push(await answer.text());
  }
}
console.log(seen);
const raw = ids.map(encodeURIComponent);
assert.deepEqual(raw, ["auth0%7C64f", "ann%40example.com", "team%2Fann", "100%25"]);
assert.deepEqual(seen, {
  hono: ids,
  elysia: ids,
  "itty-router": raw,
  "@tsndr/cloudflare-worker-router": raw,
  URLPattern: raw,
  "h3 2": [...ids.slice(0, 2), ...raw.slice(2)],
  "h3 1": [...ids.slice(0, 2), ...raw.slice(2)],
  "h3 1, decode": ids,
});
JS
timeout 60 node run.mjs
echo "as stated: hono 4.13.19, elysia 1.4.30, itty-router 5.0.24, @tsndr/cloudflare-worker-router 3.3.0, h3 1.15.11 and 2.0.8"
