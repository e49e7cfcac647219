// npm run deploy -- --copy --recipient: the keys are in escrow once it is deployed, and come back out of the bucket with the identity alone.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { afterEach, beforeEach, describe, it } from "node:test";

import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";

import { keyCheck } from "../../scripts/lib/moving/sealed.mjs";
import { releaseDigest } from "../../scripts/lib/release-digest.mjs";
import { runScript } from "../support/cli.mjs";
import { copies, withCopy } from "../support/copy.mjs";
import {
  GIVEN,
  begin,
  commands,
  deploying,
  end,
  file,
  forget,
  read,
  rejects,
  said,
  state,
} from "../support/deployment.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";

describe("npm run deploy -- --copy --recipient", () => {
  beforeEach(begin);
  afterEach(end);

  it("keeps the keys for each recipient beside the copy and in the database; either identity gives them back", async () => {
    const identities = [await generateX25519Identity(), await generateHybridIdentity()];
    const recipients = await Promise.all(identities.map(identityToRecipient));
    const worker = await startWorker({ config: withCopy });
    try {
      const { bucket, names } = await copies(worker);
      const url = ["--url", String(worker.url)];
      await deploying(
        ["--location", "weur", "--copy", "--no-doctor", ...url, ...recipients.flatMap((key) => ["--recipient", key])],
        { env: SECRETS },
      );
      assert.match(said, /The keys' escrow\n[\s\S]*k1: kept for 2 of --recipient/);
      for (const secret of Object.values(SECRETS)) assert.ok(!said.includes(secret));
      assert.deepEqual(await names("keys/"), ["keys/index", "keys/k1.age"]);
      assert.equal((await worker.sql("SELECT count(*) AS n FROM meta WHERE name LIKE 'escrow/%'"))[0].n > 0, true);

      writeFileSync(file("k1.age"), await (await bucket.get("keys/k1.age")).text());
      for (const [at, identity] of identities.entries()) {
        writeFileSync(file(`identity-${at}.txt`), `${identity}\n`);
        const { code, stdout, stderr } = await runScript("keys", [
          "recover",
          "--identity",
          file(`identity-${at}.txt`),
          file("k1.age"),
        ]);
        assert.equal(code, 0, stderr);
        assert.equal(stdout.trim(), SECRETS.SHARE_ENCRYPTION_KEYS);
      }
      const { body } = await worker.send("GET", "/readyz", { bearer: SECRETS.ADMIN_TOKEN });
      assert.ok(!JSON.stringify(body).includes("no escrow"), JSON.stringify(body));
    } finally {
      await worker.stop();
    }
  });

  it("refuses what is no recipient before it touches anything", async () => {
    for (const recipient of ["nonsense", "AGE-SECRET-KEY-1QQQQ"])
      await rejects(
        deploying(["--location", "weur", "--copy", "--recipient", recipient], { env: GIVEN }),
        /is not an age recipient/,
      );
    assert.deepEqual(
      commands().filter((command) => command !== "whoami --json"),
      [],
    );
    assert.ok(!read("wrangler.toml").includes("COPY"));
  });

  it("says before it deploys which secrets it needs, where they are Cloudflare's alone", async () => {
    const recipient = await identityToRecipient(await generateX25519Identity());
    await deploying(["--location", "weur"], { env: GIVEN });
    forget();
    const { SHARE_ENCRYPTION_KEYS, ADMIN_TOKEN } = GIVEN;
    for (const [env, missing] of [
      [{}, /needs SHARE_ENCRYPTION_KEYS and ADMIN_TOKEN/],
      [{ ADMIN_TOKEN }, /needs SHARE_ENCRYPTION_KEYS:/],
      [{ SHARE_ENCRYPTION_KEYS }, /needs ADMIN_TOKEN:/],
    ])
      await rejects(deploying(["--recipient", recipient], { env }), missing, /--vars FILE. Nothing was touched/);
    assert.equal(commands().filter((command) => command === "deploy").length, 1);
  });

  it("waits until a new domain answers before it hands the keys over, and says so where no bucket has them", async () => {
    const recipient = await identityToRecipient(await generateX25519Identity());
    const url = `http://127.0.0.1:${await freePort()}`;
    let server;
    const posted = [];
    // Nobody answers until the deployment says that it waits.
    const listening = setInterval(() => {
      if (server || !said.includes("waiting until")) return;
      server = createServer(async (request, response) => {
        if (request.method === "POST") posted.push(request.url);
        response
          .setHeader("content-type", "application/json")
          .end(JSON.stringify({ release: releaseDigest(), kept: ["k1"], copied: false }));
      }).listen(new URL(url).port, "127.0.0.1");
    }, 50);
    try {
      const args = ["--location", "weur", "--no-doctor", "--url", url, "--recipient", recipient];
      await deploying(args, { env: GIVEN });
      assert.match(said, /waiting until .* answers[\s\S]*k1: kept for 1 of --recipient/);
      assert.match(said, /in the database only: no bucket is bound as COPY/);
      assert.deepEqual(posted, ["/admin/keys/escrow"]);
      clearInterval(listening);
      await new Promise((closed) => server.close(closed).closeAllConnections());
      await rejects(
        deploying(args, { env: GIVEN, patience: 1 }),
        /does not answer/,
        new RegExp(`keys -- escrow --url ${url} --recipient ${recipient}`),
      );
    } finally {
      clearInterval(listening);
      server?.close().closeAllConnections();
    }
  });

  it("keeps the keys that the first deployment makes, with the token that it makes, and needs no file of them", async () => {
    const recipient = await identityToRecipient(await generateX25519Identity());
    const posted = [];
    const server = createServer(async (request, response) => {
      if (request.method === "POST")
        posted.push([request.headers.authorization, JSON.parse((await request.toArray()).join("")).keys]);
      response
        .setHeader("content-type", "application/json")
        .end(JSON.stringify({ release: releaseDigest(), kept: ["k"], copied: true }));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${server.address().port}`;
    try {
      const made = ["--secrets-out", file("made.env"), "--recipient", recipient];
      await deploying(["--location", "weur", "--no-doctor", "--url", url, ...made]);
      const { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS } = state().secrets;
      const [[authorization, [{ id, check }]]] = posted;
      assert.equal(authorization, `Bearer ${ADMIN_TOKEN}`);
      assert.deepEqual([id, check], [SHARE_ENCRYPTION_KEYS.split(":")[0], await keyCheck(SHARE_ENCRYPTION_KEYS)]);
    } finally {
      server.close().closeAllConnections();
    }
  });

  it("does not end well where the Worker refuses the keys: those that were given are not its own", async () => {
    const recipient = await identityToRecipient(await generateX25519Identity());
    const server = createServer((request, response) => {
      const refused = { code: "conflict", detail: "These are not the keys that the Worker has." };
      response
        .writeHead(request.method === "POST" ? 409 : 200, { "content-type": "application/json" })
        .end(JSON.stringify(request.method === "POST" ? refused : { release: releaseDigest() }));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${server.address().port}`;
    try {
      await rejects(
        deploying(["--location", "weur", "--no-doctor", "--url", url, "--recipient", recipient], { env: GIVEN }),
        /^It is deployed, but the keys are not in escrow: .*409 conflict: These are not the keys/,
        new RegExp(`keys -- escrow --url ${url} --recipient ${recipient}`),
      );
    } finally {
      server.close().closeAllConnections();
    }
  });
});

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
