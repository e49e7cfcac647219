// npm run import against a service that fails for good while it runs.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { runScript } from "../support/cli.mjs";

/** The service: it takes every line in, but refuses the request that has this user. */
const REFUSED = "u-0700";
let server;
let dir;
let taken = 0;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "pbw-failures-"));
  server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const lines = text.split("\n").filter(Boolean);
    const isRefused = text.includes(REFUSED);
    if (!isRefused) taken += lines.length;
    const answer = isRefused
      ? { code: "forbidden", detail: "Another token." }
      : { results: lines.map((_, at) => ({ line: at + 1, outcome: "new" })) };
    response.writeHead(isRefused ? 403 : 200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
});
after(() => {
  server?.close();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

test("what the service refuses in the middle ends the import with an error, whatever went in before and beside it", async () => {
  const file = join(dir, "users.ndjson");
  const users = Array.from({ length: 1_000 }, (_, n) => {
    const number = String(n).padStart(4, "0");
    return JSON.stringify({ id: `u-${number}`, clientId: `c-${number}`, clientApiKey: `key-${number}` });
  });
  writeFileSync(file, users.join("\n"));
  const url = `http://127.0.0.1:${server.address().port}`;
  const { code, stdout, stderr } = await runScript("import", [file, "--url", url], {
    env: { ADMIN_TOKEN: "a-token-0123456789abcdef0123456789abcdef" },
  });
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, /403 forbidden/);
  assert.ok(taken > 0 && taken < users.length, `${taken}`);
});
