#!/usr/bin/env bash
# Fastify with schemas: a share that is an object goes out as the text "[object Object]", with status 200, and a null comes in as "".
#
# fastify 5.12.8 with its own defaults (its serializer and its Ajv), and as the peers elysia 1.4.30 and @hono/zod-openapi 1.6.3 with hono 4.13.19 (npm),
# Node 24.21.0.
# Behaviour of an answer `{ backupShares: […] }`, as Portal asks for one:
# - The schema says that each share is a `string`, and one is an object, as a JSON column gives it: Fastify sends "[object Object]" in its place. Status 200, no
#   warning in the log.
# - The schema says `object`, and names a field: of an object only that field is sent, and of a text, the right form, {}. A field of the answer that the
#   schema does not name is left out.
# - Elysia answers 422 to both. Hono sends what it is given, whatever the schema says.
# And of a body with the schema `backupSharePairId: string`:
# - null, which Portal may send, arrives in Fastify's handler as "", and a share that is a list of one text as that text. An object is refused. Elysia refuses
#   all three.
#
# Who is hurt: a server after Portal's guide, or a gateway before another one, whose column became `jsonb`. Backups go on as ever; at a recovery Portal is given
# "[object Object]" as the share, with status 200, and nobody looks into it before. All rows without a pair have the same pair "". Let a test read a
# stored share back byte for byte, through HTTP.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 fastify@5.12.8 elysia@1.4.30 @hono/zod-openapi@1.6.3 hono@4.13.19 zod@4.6.7
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { Elysia, t } from "elysia";
import Fastify from "fastify";

const share = { backupSharePairId: "pair", share: "1" };
const text = JSON.stringify(share);
const given = { backupShares: [share, text], user: "ann" };
const post = (body) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) });
const read = async (answer) => [answer.status, await answer.text()];
const lines = [];

// What each sends of `given` if a share is a text by the schema, and if it is an object with a field.
const fastify = async (items) => {
  const app = Fastify({ logger: { level: "info", stream: { write: (line) => lines.push(JSON.parse(line)) } } });
  const answer = { type: "object", properties: { backupShares: { type: "array", items } } };
  app.post("/fetch", { schema: { response: { 200: answer } } }, () => given);
  const { statusCode, body } = await app.inject({ ...post(), url: "/fetch", payload: "{}" });
  return [statusCode, body];
};
const elysia = (items) => {
  const app = new Elysia().post("/fetch", () => given, { response: t.Object({ backupShares: t.Array(items), user: t.String() }) });
  return app.handle(new Request("http://server.example/fetch", post())).then(read);
};
const hono = (items) => {
  const app = new OpenAPIHono();
  const schema = z.object({ backupShares: z.array(items) });
  const responses = { 200: { description: "shares", content: { "application/json": { schema } } } };
  app.openapi(createRoute({ method: "post", path: "/fetch", responses }), (context) => context.json(given));
  return Promise.resolve(app.request("/fetch", post())).then(read);
};
const seen = {
  "Fastify, string": await fastify({ type: "string" }),
  "Fastify, object": await fastify({ type: "object", properties: { share: { type: "string" } } }),
  "Hono, string": await hono(z.string()),
  "Hono, object": await hono(z.object({ share: z.string() })),
};
console.log(seen);
assert.deepEqual(seen, {
  "Fastify, string": [200, JSON.stringify({ backupShares: ["[object Object]", text] })],
  "Fastify, object": [200, '{"backupShares":[{"share":"1"},{}]}'],
  "Hono, string": [200, JSON.stringify(given)],
  "Hono, object": [200, JSON.stringify(given)],
});
const levels = [...new Set(lines.map(({ level }) => level))];
assert.deepEqual(levels, [30]);
const refused = [await elysia(t.String()), await elysia(t.Object({ share: t.String() }))].map(([status]) => status);
console.log("Elysia:", refused);
assert.deepEqual(refused, [422, 422]);

// What each handler is given of a body.
const bodies = [{ share: text, backupSharePairId: null }, { share: [text] }, { share }];
const app = Fastify();
app.post("/backup", { schema: { body: { type: "object", properties: { share: { type: "string" }, backupSharePairId: { type: "string" } } } } }, (request) => request.body);
const peer = new Elysia().post("/backup", ({ body }) => body, { body: t.Object({ share: t.String(), backupSharePairId: t.Optional(t.String()) }) });
const taken = [];
for (const body of bodies) {
  const answer = await app.inject({ method: "POST", url: "/backup", payload: body });
  const other = await peer.handle(new Request("http://server.example/backup", post(body)));
  taken.push([answer.statusCode === 200 ? answer.json() : answer.statusCode, other.status]);
}
console.log("bodies, Fastify and Elysia:", taken);
assert.deepEqual(taken, [[{ share: text, backupSharePairId: "" }, 422], [{ share: text }, 422], [400, 422]]);
JS
node --no-warnings run.mjs
echo "as stated: fastify 5.12.8, elysia 1.4.30, @hono/zod-openapi 1.6.3"
