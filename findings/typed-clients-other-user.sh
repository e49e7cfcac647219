#!/usr/bin/env bash
# Typed clients (Hono's hc, ts-rest, Zodios, Eden): an id goes into the path as it is, so the deletion of the user "team#ann" deletes the user "team".
#
# hono 4.13.19, @ts-rest/core 3.52.1, @zodios/core 10.9.6, @elysiajs/eden 1.4.9; swagger-client 3.37.3, openapi-client-axios 7.9.1, fets 0.8.12,
# openapi-typescript-fetch 2.2.1 (npm), each with its own defaults, against a server that writes down what it is asked.
# Behaviour of the call that deletes the user with an id:
# - hono/client (`hc`), ts-rest, Zodios and Eden's `treaty`: `team#ann` is `DELETE /users/team`, `team?x=1` is `DELETE /users/team?x=1`, `team/ann` is
#   `DELETE /users/team/ann`, and `a%2Fb` goes out as it is, which a server reads as `a/b`. Nothing is thrown, no type says anything.
# - swagger-client, openapi-client-axios, fets and openapi-typescript-fetch encode it (`team%23ann`).
# - `auth0|64f` and blanks arrive as they are from all eight.
#
# Who is hurt: whoever calls a backup server, this one or one of their own, through such a client, with ids that another system makes: the answer is 200, one
# user is deleted in another one's place, and the one who asked for it is still there. `encodeURIComponent(id)` before these four, and not before the others.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps node@24.21.0 hono@4.13.19 @ts-rest/core@3.52.1 @zodios/core@10.9.6 axios@1.21.1 zod@3.25.76 \
  @elysiajs/eden@1.4.9 elysia@1.4.30 swagger-client@3.37.3 openapi-client-axios@7.9.1 fets@0.8.12 openapi-typescript-fetch@2.2.1
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { treaty } from "@elysiajs/eden";
import { initClient, initContract } from "@ts-rest/core";
import { makeApi, Zodios } from "@zodios/core";
import { createClient } from "fets";
import { hc } from "hono/client";
import { OpenAPIClientAxios } from "openapi-client-axios";
import { Fetcher } from "openapi-typescript-fetch";
import SwaggerClient from "swagger-client";
import { z } from "zod";

const asked = [];
const server = createServer(({ method, url }, response) => {
  asked.push(`${method} ${url}`);
  response.setHeader("content-type", "application/json").end('{"deleted":true}');
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const base = `http://127.0.0.1:${server.address().port}`;

const contract = initContract();
const router = contract.router({ deleteUser: { method: "DELETE", path: "/users/:id", body: null, responses: { 200: contract.type() } } });
const api = makeApi([{ method: "delete", path: "/users/:id", alias: "deleteUser", response: z.any() }]);
const id = { name: "id", in: "path", required: true, schema: { type: "string" } };
const deletion = { operationId: "deleteUser", tags: ["users"], parameters: [id], responses: { 200: { description: "deleted" } } };
const spec = { openapi: "3.0.0", info: { title: "users", version: "1" }, servers: [{ url: base }], paths: { "/users/{id}": { delete: deletion } } };
const swagger = await SwaggerClient({ spec });
const axios = await new OpenAPIClientAxios({ definition: spec }).init();
const fetcher = Fetcher.for();
fetcher.configure({ baseUrl: base });

const unencoded = {
  hono: (id) => hc(base).users[":id"].$delete({ param: { id } }),
  "ts-rest": (id) => initClient(router, { baseUrl: base, baseHeaders: {} }).deleteUser({ params: { id } }),
  Zodios: (id) => new Zodios(base, api).deleteUser(undefined, { params: { id } }),
  Eden: (id) => treaty(base).users({ id }).delete(),
};
const encoded = {
  "swagger-client": (id) => swagger.apis.users.deleteUser({ id }),
  "openapi-client-axios": (id) => axios.deleteUser({ id }),
  fets: (id) => createClient({ endpoint: base })["/users/:id"].delete({ params: { id } }),
  "openapi-typescript-fetch": (id) => fetcher.path("/users/{id}").method("delete").create()({ id }),
};
const whatIsAsked = async (call, id) => {
  asked.length = 0;
  await call(id);
  assert.equal(asked.length, 1);
  return asked[0];
};
const ids = ["team#ann", "team?x=1", "team/ann", "a%2Fb"];
for (const [name, call] of Object.entries(unencoded)) {
  const seen = [];
  for (const id of ids) seen.push(await whatIsAsked(call, id));
  console.log(`${name}:`, seen.join(", "));
  assert.deepEqual(seen, ["DELETE /users/team", "DELETE /users/team?x=1", "DELETE /users/team/ann", "DELETE /users/a%2Fb"]);
  assert.equal(await whatIsAsked(call, encodeURIComponent("team#ann")), "DELETE /users/team%23ann");
}
for (const [name, call] of Object.entries(encoded)) {
  const seen = [];
  for (const id of ids) seen.push(await whatIsAsked(call, id));
  console.log(`${name}:`, seen.join(", "));
  assert.deepEqual(seen, ids.map((id) => `DELETE /users/${encodeURIComponent(id)}`));
}
for (const call of Object.values({ ...unencoded, ...encoded })) {
  for (const id of ["auth0|64f", "a b"]) assert.equal(decodeURIComponent(await whatIsAsked(call, id)), `DELETE /users/${id}`);
}
server.close();
JS
node run.mjs
echo "as stated: hono 4.13.19, @ts-rest/core 3.52.1, @zodios/core 10.9.6, @elysiajs/eden 1.4.9"
