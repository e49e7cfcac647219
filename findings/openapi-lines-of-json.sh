#!/usr/bin/env bash
# Generated clients and a body of JSON lines (NDJSON): four of six send it as one JSON string, and such an answer is a text from one.
#
# openapi-fetch 0.17.0, orval 8.38.0 (fetch), @hey-api/openapi-ts 0.99.0, swagger-typescript-api 13.13.0, oazapfts 7.5.0 and
# openapi-typescript-codegen 0.31.0 (npm), each with its own defaults, Node 24.21.0.
# Behaviour, of a contract in which a body is `application/x-ndjson` with the schema `type: string`, and a client that is given two lines:
# - openapi-fetch, orval, hey-api and swagger-typescript-api put the text through JSON.stringify: one line arrives, in quotes, with "\n" and
#   backslashes within. The first three say `application/x-ndjson` of it. The types ask for a string, so nothing warns.
# - oazapfts and openapi-typescript-codegen send the lines. swagger-typescript-api and oazapfts send no media type of theirs: fetch says `text/plain`.
# - With `format: binary` in the schema, and a Blob, orval and hey-api send the lines as they are.
# - An answer in `application/x-ndjson` is a text from openapi-typescript-codegen alone. openapi-fetch throws a SyntaxError (`parseAs: "text"` gives the
#   text), orval gives the Response as `stream`, hey-api and oazapfts give a Blob, swagger-typescript-api null, with no error.
#
# Who is hurt: whoever imports records by such a client. One line comes in and is refused as no object; in an API that answers for each line by itself,
# the request as a whole is 200, and nothing was imported. Send such bodies with fetch, and look at the results of the lines.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 esbuild@0.28.2
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts openapi-fetch@0.17.0 orval@8.38.0 @hey-api/openapi-ts@0.99.0 \
  swagger-typescript-api@13.13.0 oazapfts@7.5.0 openapi-typescript-codegen@0.31.0 typescript@5.9.3

contract() {
  cat <<YAML
openapi: 3.1.0
info: { title: Backups, version: 1.0.0 }
paths:
  /import:
    post:
      operationId: importRecords
      requestBody: { required: true, content: { application/x-ndjson: { schema: { $1 } } } }
      responses:
        '200': { description: Done., content: { application/json: { schema: { type: object, properties: { results: { type: array, items: { type: string } } } } } } }
  /export:
    get:
      operationId: exportRecords
      responses:
        '200': { description: Lines., content: { application/x-ndjson: { schema: { type: string } } } }
YAML
}
contract "type: string" >api.yaml
contract "type: string, format: binary" >binary.yaml
for name in api binary; do
  orval --input $name.yaml --output orval-$name.ts --client fetch >/dev/null 2>&1
  openapi-ts -i $name.yaml -o hey-$name >/dev/null 2>&1
done
swagger-typescript-api generate --path api.yaml -o swagger -n api.ts >/dev/null 2>&1
oazapfts api.yaml oazapfts.ts >/dev/null 2>&1
openapi --input api.yaml --output codegen >/dev/null 2>&1

cat >run.ts <<'TS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import createClient from "openapi-fetch";
import { DefaultService, OpenAPI } from "./codegen";
import * as hey from "./hey-api";
import { client as heyClient } from "./hey-api/client.gen";
import * as heyBinary from "./hey-binary";
import { client as heyBinaryClient } from "./hey-binary/client.gen";
import * as oazapfts from "./oazapfts";
import * as orval from "./orval-api";
import * as orvalBinary from "./orval-binary";
import { Api } from "./swagger/api";

const lines = '{"type":"user","id":"u1"}\n{"type":"user","id":"u2"}\n';
let got: string[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    const [type, text] = request.url === "/export" ? ["application/x-ndjson", lines] : ["application/json", '{"results":[]}'];
    got = [String(request.headers["content-type"]), body];
    response.writeHead(200, { "content-type": type }).end(text);
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${(server.address() as any).port}`;
const { fetch } = globalThis;
globalThis.fetch = ((url: any, init: any) => fetch(typeof url === "string" && url.startsWith("/") ? base + url : url, init)) as any; // orval's are paths

const plain = createClient<any>({ baseUrl: base });
heyClient.setConfig({ baseUrl: base as any });
heyBinaryClient.setConfig({ baseUrl: base as any });
const swagger: any = new Api({ baseUrl: base });
(oazapfts as any).defaults.baseUrl = base;
OpenAPI.BASE = base;
const any = (value: unknown) => value as any;
const clients: Record<string, [() => Promise<any>, () => Promise<any>]> = {
  "openapi-fetch": [
    () => plain.POST("/import", { body: any(lines), headers: { "content-type": "application/x-ndjson" } }),
    () => plain.GET("/export", {}).then((result: any) => result.data),
  ],
  orval: [() => any(orval).importRecords(lines), () => any(orval).exportRecords().then((result: any) => result.stream)],
  "hey-api": [() => any(hey).importRecords({ body: lines }), () => any(hey).exportRecords().then((result: any) => result.data)],
  "swagger-typescript-api": [() => swagger.import.importRecords(lines), () => swagger.export.exportRecords().then((result: any) => result.data)],
  oazapfts: [() => any(oazapfts).importRecords(lines), () => any(oazapfts).exportRecords().then((result: any) => result.data)],
  "openapi-typescript-codegen": [() => any(DefaultService).importRecords(lines), () => any(DefaultService).exportRecords()],
  "orval, a Blob": [() => any(orvalBinary).importRecords(new Blob([lines])), async () => undefined],
  "hey-api, a Blob": [() => any(heyBinary).importRecords({ body: new Blob([lines]) }), async () => undefined],
};
const seen: Record<string, unknown[]> = {};
for (const [name, [importing, exporting]] of Object.entries(clients)) {
  await importing();
  const [type, body] = got;
  const shape = body === lines ? "lines" : body === JSON.stringify(lines) ? "a JSON string" : body;
  const answer = await exporting().then(
    (value) => (value === lines ? "text" : (value?.constructor?.name ?? String(value))),
    (error) => error.name,
  );
  seen[name] = [shape, type, answer];
}
console.log(seen);
const ndjson = "application/x-ndjson";
const text = "text/plain;charset=UTF-8";
assert.deepEqual(seen, {
  "openapi-fetch": ["a JSON string", ndjson, "SyntaxError"],
  orval: ["a JSON string", ndjson, "Response"],
  "hey-api": ["a JSON string", ndjson, "Blob"],
  "swagger-typescript-api": ["a JSON string", text, "null"],
  oazapfts: ["lines", text, "Blob"],
  "openapi-typescript-codegen": ["lines", ndjson, "text"],
  "orval, a Blob": ["lines", ndjson, "undefined"],
  "hey-api, a Blob": ["lines", ndjson, "undefined"],
});
const other: any = await plain.GET("/export", { parseAs: "text" });
assert.equal(other.data, lines);
process.exit(0);
TS
esbuild run.ts --bundle --platform=node --format=esm --outfile=run.mjs --log-level=error \
  --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
timeout 60 node run.mjs
echo "as stated: openapi-fetch 0.17.0, orval 8.38.0, hey-api 0.99.0, swagger-typescript-api 13.13.0, oazapfts 7.5.0, openapi-typescript-codegen 0.31.0"
