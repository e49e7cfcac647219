#!/usr/bin/env bash
# Clients that orval and hey-api generate: what they take for success, and whom they ask about.
#
# orval 8.38.0 (with @tanstack/react-query 5.108.4) and @hey-api/openapi-ts 0.99.0, each with its own defaults, Node 24.21.0.
# Behaviour:
# - orval, fetch and react-query: an answer 503 resolves. The hook's types name the problem as its error, but the mutation's
#   `onSuccess` runs, and a query has no error and is not tried again: the problem is `data.data`. `override: { fetch: {
#   forceSuccessResponse: true } }` makes it reject.
# - orval puts path parameters into the URL as they are: DELETE of the user "team#ann" asks for DELETE /users/team.
#   `urlEncodeParameters: true` mends it. hey-api encodes them.
# - hey-api: a 200 in HTML, as a login page or a proxy's answer is, is `data`, the page as a text, with no `error`, whatever the
#   contract says of 200. A 200 without a Content-Type gives a stream as `data`. orval throws at the page.
# - hey-api: a 502 without a body is an `error`: {}. (openapi-fetch has an empty one.)
#
# Who is hurt: an app that says "backed up" after a 503, and throws its own copy of the cipher text away; a page of support that
# deletes another user than the one on the screen; an app that recovers from a cipher text that is undefined.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 orval@8.38.0 @hey-api/openapi-ts@0.99.0 typescript@5.9.3 esbuild@0.28.2 \
  @tanstack/react-query@5.108.4 react@19.3.1
export PATH="$dir/node_modules/.bin:$PATH"

cat >api.yaml <<'YAML'
openapi: 3.1.0
info: { title: Backups, version: 1.0.0 }
paths:
  /users/{userId}:
    delete:
      operationId: deleteUser
      parameters: [{ name: userId, in: path, required: true, schema: { type: string } }]
      responses:
        '204': { description: Deleted. }
  /backup:
    get:
      operationId: fetchBackup
      responses:
        '200': &backup { description: The backup., content: { application/json: { schema: { $ref: '#/components/schemas/Backup' } } } }
        '503': &problem { description: Try again., content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } } }
    post:
      operationId: storeBackup
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/Backup' } } } }
      responses: { '200': *backup, '503': *problem }
components:
  schemas:
    Backup: { type: object, required: [cipherText], properties: { cipherText: { type: string } } }
    Problem: { type: object, required: [code], properties: { code: { type: string } } }
YAML
cat >orval.config.mjs <<'JS'
const client = (target, more) => ({ input: "api.yaml", output: { target, client: "react-query", baseUrl: "https://example.com", ...more } });
export default {
  defaults: client("orval.ts", {}),
  mended: client("mended.ts", { urlEncodeParameters: true, override: { fetch: { forceSuccessResponse: true } } }),
};
JS
orval --config orval.config.mjs >out.txt 2>&1 || { cat out.txt; exit 1; }
openapi-ts -i api.yaml -o hey >out.txt 2>&1 || { cat out.txt; exit 1; }
esbuild orval.ts mended.ts hey/index.ts --bundle --format=esm --outdir=js --out-extension:.js=.mjs --packages=external --log-level=error

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { MutationObserver, QueryClient } from "@tanstack/react-query";
import * as hey from "./js/hey/index.mjs";
import * as mended from "./js/mended.mjs";
import * as orval from "./js/orval.mjs";

let asked = [];
let answer;
globalThis.fetch = async (input, init) => {
  const { method, url } = new Request(input, init);
  asked.push(`${method} ${new URL(url).pathname}`);
  return answer();
};
const answers = (body, status, type) => () => new Response(body, { status, headers: type ? { "content-type": type } : {} });
const unavailable = answers('{"code":"unavailable"}', 503, "application/problem+json");
const backup = { cipherText: "7b22" };

/** What an app hears that stores, and then reads, by the hooks of `api`. */
const hooks = async (api) => {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: 2, retryDelay: 1 } } });
  const heard = [];
  const on = { onSuccess: ({ data }) => heard.push("stored", data.code), onError: () => heard.push("not stored") };
  await new MutationObserver(queries, api.getStoreBackupMutationOptions({ mutation: on })).mutate({ data: backup }).catch(() => {});
  asked = [];
  const read = await queries.fetchQuery(api.getFetchBackupQueryOptions()).then(({ data }) => data, () => "error");
  return [...heard, read, `${asked.length} requests`];
};
answer = unavailable;
assert.deepEqual(await hooks(orval), ["stored", "unavailable", { code: "unavailable" }, "1 requests"]);
assert.deepEqual(await hooks(mended), ["not stored", "error", "3 requests"]);
const told = await hey.fetchBackup({ baseUrl: "https://example.com" });
assert.deepEqual([told.data, told.error], [undefined, { code: "unavailable" }]);
console.log("503, orval:", await hooks(orval));

answer = answers(null, 204);
asked = [];
await orval.deleteUser("team#ann");
await mended.deleteUser("team#ann");
await hey.deleteUser({ baseUrl: "https://example.com", path: { userId: "team#ann" } });
console.log(asked);
assert.deepEqual(asked, ["DELETE /users/team", "DELETE /users/team%23ann", "DELETE /users/team%23ann"]);

const fetched = async (reply) => {
  answer = reply;
  const { data, error } = await hey.fetchBackup({ baseUrl: "https://example.com" });
  return { data, error };
};
const page = answers("<h1>Sign in</h1>", 200, "text/html");
assert.deepEqual(await fetched(page), { data: "<h1>Sign in</h1>", error: undefined });
console.log("200 in HTML, hey-api:", await fetched(page));
await assert.rejects(orval.fetchBackup(), SyntaxError);
const untyped = await fetched(answers(new TextEncoder().encode(JSON.stringify(backup)), 200));
assert.ok(untyped.data instanceof ReadableStream && untyped.error === undefined);
assert.deepEqual(await fetched(answers(null, 502)), { data: undefined, error: {} });
assert.deepEqual(await fetched(answers(JSON.stringify(backup), 200, "application/json")), { data: backup, error: undefined });
JS
node --no-warnings run.mjs
echo "as stated: orval 8.38.0, @hey-api/openapi-ts 0.99.0, @tanstack/react-query 5.108.4"
