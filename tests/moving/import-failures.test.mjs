// npm run import against a service that fails for good while it runs.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";

import { runScript } from "../support/cli.mjs";

/** The service: it takes every line in but the one of this user … */
const CLASHES = '"u-0001"';
/** … and refuses the request that has this one, while it does not know the token. */
const REFUSED = '"u-0700"';
let knowsToken;
let server;
let dir;
let taken;
beforeEach(() => {
  [knowsToken, taken] = [false, new Set()];
});
before(async () => {
  dir = mkdtempSync(join(tmpdir(), "pbw-failures-"));
  server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const lines = text.split("\n").filter(Boolean);
    const isRefused = !knowsToken && text.includes(REFUSED);
    const outcomeOf = (line) => (line.includes(CLASHES) ? "conflict" : taken.has(line) ? "same" : "new");
    const answer = isRefused
      ? { code: "forbidden", detail: "Another token." }
      : { results: lines.map((line, at) => ({ line: at + 1, outcome: outcomeOf(line) })) };
    if (!isRefused && !request.url.includes("dryRun")) for (const line of lines) taken.add(line);
    response.writeHead(isRefused ? 403 : 200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
});
after(() => {
  server?.close();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const USERS = 1_000;
const written = () => {
  const users = Array.from({ length: USERS }, (_, n) => {
    const number = String(n).padStart(4, "0");
    return JSON.stringify({ id: `u-${number}`, clientId: `c-${number}`, clientApiKey: `key-${number}` });
  });
  const file = join(dir, "users.ndjson");
  writeFileSync(file, users.join("\n"));
  return file;
};
const imports = (file) =>
  runScript("import", [file, "--url", `http://127.0.0.1:${server.address().port}`], {
    env: { ADMIN_TOKEN: "a-token-0123456789abcdef0123456789abcdef" },
  });

test("what the service refuses in the middle ends the import with an error, whatever went in before and beside it", async () => {
  const { code, stdout, stderr } = await imports(written());
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, /403 forbidden/);
  assert.ok(taken.size > 0 && taken.size < USERS, `${taken.size}`);
});

test("an import that goes on after a failure tells also of what did not go in before it", async () => {
  const file = written();
  assert.equal((await imports(file)).code, 1);
  knowsToken = true;
  const { code, stdout, stderr } = await imports(file);
  assert.match(stderr, /were in from an earlier run/);
  assert.match(stdout, /1 conflict/);
  assert.equal(code, 2, stdout + stderr);
  assert.equal(taken.size, USERS);
});

test("an import that goes on sends all again where the service has lost a part of what it had since", async () => {
  const file = written();
  assert.equal((await imports(file)).code, 1);
  knowsToken = true;
  const lost = [...taken].sort().filter((_, n) => n % 2 === 1);
  assert.ok(lost.length > 0);
  for (const line of lost) taken.delete(line);
  const { code, stdout, stderr } = await imports(file);
  assert.equal(code, 2, stdout + stderr);
  assert.equal(taken.size, USERS);
});
