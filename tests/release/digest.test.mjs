// What npm run verify compares: the digest of the files here, and what a deployed Worker tells.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { releaseDigest } from "../../scripts/lib/release-digest.mjs";
import { changedFiles, sha256 } from "../../scripts/lib/release/package.mjs";
import { deployedRelease } from "../../scripts/lib/release/verify.mjs";

const dir = mkdtempSync(join(tmpdir(), "digest-test-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const write = (name, text) => writeFileSync(join(dir, name), text);

it("a digest is of every byte that is deployed, and of the file that has it", () => {
  const digest = (js, wasm) => {
    write("index.js", js);
    write("index_bg.wasm", wasm);
    return releaseDigest(dir);
  };
  const digests = [
    digest("ab", "cd"),
    digest("abc", "d"),
    digest("a", "bcd"),
    digest("cd", "ab"),
    digest("ab", "ce"),
    digest("ab", ""),
    digest("ab", "cdbuild/index_bg.wasm\nef"),
    digest("abbuild/index_bg.wasm\ncd", "ef"),
  ];
  assert.equal(new Set(digests).size, digests.length);
  const entry = readFileSync(inRoot("src", "entry.js"));
  const all = `src/entry.js ${entry.length}\n${entry}build/index.js 2\nabbuild/index_bg.wasm 2\ncd`;
  assert.equal(digests[0], sha256(all));
});

it("a file that is missing is changed, and so is one with another byte", () => {
  for (const name of ["same", "other", "gone"]) write(name, name);
  write("SHA256SUMS", ["same", "other", "gone"].map((name) => `${sha256(name)}  ${name}\n`).join(""));
  assert.deepEqual(changedFiles(dir), []);
  write("other", "otheR");
  rmSync(join(dir, "gone"));
  assert.deepEqual(changedFiles(dir), ["other", "gone"]);
});

it("a Worker's release is what it says itself, when it is ready: not what is told where it leads to", async () => {
  const release = { version: "1.0.0", release: "f".repeat(64) };
  const answers = {
    ready: [200, {}, JSON.stringify({ status: "ready", ...release })],
    old: [200, {}, JSON.stringify({ status: "ready" })],
    page: [200, {}, "<html>"],
    "not ready": [503, {}, JSON.stringify({ detail: "Not ready: DB.", ...release })],
    elsewhere: [302, { location: "/there" }, ""],
  };
  let answer;
  const server = createServer((request, response) => {
    const [status, headers, body] = request.url === "/there" ? answers.ready : answer;
    response.writeHead(status, headers).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(`http://127.0.0.1:${server.address().port}`);
  const told = (name) => {
    answer = answers[name];
    return deployedRelease(url);
  };
  try {
    assert.deepEqual(await told("ready"), { version: release.version, digest: release.release });
    for (const name of ["old", "page"])
      assert.deepEqual(await told(name), { version: undefined, digest: undefined }, name);
    await assert.rejects(told("not ready"), /\/readyz answers 503: Not ready: DB\., so it tells no release/);
    await assert.rejects(told("elsewhere"), /\/readyz answers 302, so it tells no release/);
  } finally {
    server.close().closeAllConnections();
  }
});
