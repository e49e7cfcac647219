#!/usr/bin/env bash
# openapi-fetch: an error answer without a body is no `error`, and a page in HTML with status 200 is an exception.
#
# openapi-fetch 0.17.0, openapi-react-query 0.5.4 with @tanstack/react-query 5.108.4, Node 24.21.0.
# Behaviour:
# - `{ data, error, response }` of a 502 without a body: `error` is the empty text. With `Content-Length: 0` it is undefined. The
#   `if (error)` of its own examples takes both for success, with `data` undefined. Only `response.ok` tells.
# - A body that is JSON and false in JavaScript (`null`, `false`, `0`) is such an `error` too.
# - A 200 in HTML, as a login page or a proxy's answer is, is parsed as JSON: the call throws a SyntaxError, and there is neither
#   `error` nor `response`. The same page with status 502 is an `error` that is a text, whatever the contract says of errors.
# - openapi-react-query looks at `error` alone: a query that is answered 500 with `Content-Length: 0` succeeds, with null.
#
# Who is hurt: a page that says "saved" where a proxy, a rate limiter or a server that is restarting has answered for the API.
# Our console asks `response.ok` (console/src/api.ts).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 openapi-fetch@0.17.0 openapi-react-query@0.5.4 \
  @tanstack/react-query@5.108.4 react@19.3.1 openapi-typescript-helpers@0.1.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { QueryClient } from "@tanstack/react-query";
import createFetchClient from "openapi-fetch";
import createQueryClient from "openapi-react-query";

const client = (body, init) => createFetchClient({ baseUrl: "https://example.com", fetch: async () => new Response(body, init) });
const call = (body, init) => client(body, init).GET("/users");
const empty = { "content-length": "0" };
const html = { "content-type": "text/html" };

for (const status of [401, 429, 502]) {
  const plain = await call(null, { status });
  assert.deepEqual([plain.data, plain.error, plain.response.ok], [undefined, "", false]);
  const told = await call("", { status, headers: empty });
  assert.deepEqual([told.data, told.error, told.response.ok], [undefined, undefined, false]);
  console.log(`${status} without a body: error is ${JSON.stringify(plain.error)}, or with Content-Length: 0 ${told.error}`);
}
for (const value of [null, false, 0]) assert.equal((await call(JSON.stringify(value), { status: 500 })).error, value);
assert.equal((await call('{"code":"x"}', { status: 500 })).error.code, "x");

await assert.rejects(call("<h1>Sign in</h1>", { status: 200, headers: html }), SyntaxError);
assert.equal((await call("<h1>Bad gateway</h1>", { status: 502, headers: html })).error, "<h1>Bad gateway</h1>");

const query = (body, init) => {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return queries.fetchQuery(createQueryClient(client(body, init)).queryOptions("get", "/users"));
};
assert.equal(await query("", { status: 500, headers: empty }), null);
await assert.rejects(query('{"code":"x"}', { status: 500 }));
console.log("openapi-react-query, 500 with Content-Length: 0: the query succeeds with null");
JS
node --no-warnings run.mjs
echo "as stated: openapi-fetch 0.17.0, openapi-react-query 0.5.4"
