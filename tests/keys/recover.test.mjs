// npm run keys -- recover: what it says where the bucket cannot be read, and where the keys belong.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";

import { escrowed, idsOf } from "../../scripts/lib/copy/escrow.mjs";
import { openingKeys } from "../../scripts/lib/moving/sealed.mjs";
import { wranglerCli } from "../../scripts/lib/paths.mjs";
import { run } from "../../scripts/lib/run.mjs";
import { runScript } from "../support/cli.mjs";

const dir = mkdtempSync(join(tmpdir(), "recover-test-"));
after(() => rmSync(dir, { recursive: true, force: true }));

it("keys recover names no environment but the one that it was told, and says that all keys belong together", async () => {
  const own = await generateX25519Identity();
  const identity = join(dir, "own.txt");
  writeFileSync(identity, `${own}\n`);
  const entry = `k1:${Buffer.alloc(32, 7).toString("base64")}`;
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(own));
  const file = join(dir, "k1.age");
  writeFileSync(file, await encrypter.encrypt(`${entry}\n`));
  for (const [args, told] of [
    [[], /secret put SHARE_ENCRYPTION_KEYS --env NAME\)[\s\S]*NAME is the environment that you restore/],
    [["--env", "staging"], /secret put SHARE_ENCRYPTION_KEYS --env staging\)/],
  ]) {
    const { code, stdout, stderr } = await runScript("keys", ["recover", "--identity", identity, file, ...args]);
    assert.deepEqual([code, stdout], [0, `${entry}\n`], stderr);
    assert.match(stderr, told);
    assert.doesNotMatch(stderr, /production/);
    assert.match(stderr, /needs all keys, the sealing one first/);
  }
});

it("keys recover does not end well where the setting cannot be written", {
  skip: !existsSync("/dev/full"),
}, async () => {
  const own = await generateX25519Identity();
  const identity = join(dir, "full.txt");
  writeFileSync(identity, `${own}\n`);
  const setting = `k1:${Buffer.alloc(32, 7).toString("base64")}`;
  const [{ age }] = await escrowed({ setting, recipients: [await identityToRecipient(own)] });
  const file = join(dir, "full.age");
  writeFileSync(file, age);
  const { code, stderr } = await runScript("keys", ["recover", "--identity", identity, file], { full: ["stdout"] });
  assert.equal(code, 1);
  assert.match(stderr, /^✗ The result could not be written \(ENOSPC\)/m);
  assert.doesNotMatch(stderr, / at .*\.mjs/);
});

describe("keys recover", () => {
  const keyOf = (id, n) => `${id}:${Buffer.alloc(32, n).toString("base64")}`;
  const file = (name, text) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  let own;
  let identity;
  let ofKey;
  before(async () => {
    own = await generateX25519Identity();
    identity = file("identity.txt", `${own}\n`);
    const recipients = [await identityToRecipient(own)];
    ofKey = async (name, setting) => file(name, (await escrowed({ setting, recipients }))[0].age);
  });
  const recover = (...args) => runScript("keys", ["recover", "--identity", ...args]);

  it("prints no identity that was typed in from paper with one character wrong, but says that it is", async () => {
    const wrong = own.slice(0, -3) + (own.at(-3) === "Q" ? "P" : "Q") + own.slice(-2);
    const { code, stdout, stderr } = await recover(
      file("typed.txt", `${wrong}\n`),
      await ofKey("a.age", keyOf("k1", 1)),
    );
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /its checksum is wrong/);
    assert.ok(!stderr.includes(wrong.slice(20, 50)), stderr);
  });

  it("reads the bucket of this machine in the folder that PERSIST_TO names, as npm run dev does", {
    timeout: 120_000,
  }, async () => {
    const put = (name, from) =>
      run(process.execPath, [
        wranglerCli,
        ...["r2", "object", "put", `copy/keys/${name}`, "--file", from, "--local", "--persist-to", join(dir, "state")],
      ]);
    for (const [name, from] of [
      ["index", file("index", '{"keys":["k1"]}')],
      ["k1.age", await ofKey("kept.age", keyOf("k1", 1))],
    ]) {
      const { code, stderr } = await put(name, from);
      assert.equal(code, 0, stderr);
    }
    const args = ["recover", "--identity", identity, "--bucket", "copy", "--local"];
    const { code, stdout, stderr } = await runScript("keys", args, { env: { PERSIST_TO: join(dir, "state") } });
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trim(), keyOf("k1", 1));
  });

  /** What recover says of a bucket at Cloudflare, in the EU, that holds these objects, and has this answer where it has none. */
  const recoverFrom = async (objects, status = 404) => {
    const cloudflare = createServer(({ headers, url }, response) => {
      const name = /^\/accounts\/account\/r2\/buckets\/copy\/objects\/(.*)$/.exec(url)?.[1];
      const found = headers["cf-r2-jurisdiction"] === "eu" && objects[decodeURIComponent(name)];
      if (found) return response.end(found);
      const errors = [{ code: 10042, message: "Enable R2 first." }]; // Of a 404 wrangler says its own words.
      return response.writeHead(status).end(JSON.stringify({ success: false, errors, messages: [], result: null }));
    }).listen(0, "127.0.0.1");
    await once(cloudflare, "listening");
    const env = {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${cloudflare.address().port}`,
      CLOUDFLARE_ACCOUNT_ID: "account",
      CLOUDFLARE_API_TOKEN: "token",
      WRANGLER_SEND_METRICS: "false",
    };
    const args = ["recover", "--identity", identity, "--bucket", "copy", "--jurisdiction", "eu"];
    try {
      return await runScript("keys", args, { env });
    } finally {
      cloudflare.close().closeAllConnections();
    }
  };
  const kept = async (id, n) => readFileSync(await ofKey(`far-${id}.age`, keyOf(id, n)), "latin1");

  it("reads the bucket at Cloudflare, in its jurisdiction: every key that the index names, the sealing one first", async () => {
    const objects = {
      "keys/index": '{"keys":["k2","k1"]}',
      "keys/k2.age": await kept("k2", 2),
      "keys/k1.age": await kept("k1", 1),
    };
    const { code, stdout, stderr } = await recoverFrom(objects);
    assert.deepEqual([code, stdout], [0, `${keyOf("k2", 2)},${keyOf("k1", 1)}\n`], stderr);
    delete objects["keys/k1.age"];
    const lacking = await recoverFrom(objects);
    assert.deepEqual([lacking.code, lacking.stdout], [1, ""], "without a key that shares need there is no setting");
    assert.match(lacking.stderr, /has no object keys\/k1\.age/);
  });

  it("gives the keys of earlier settings behind the others: a fresh key in escrow does not hide what the copy is sealed with", async () => {
    const [{ age: ofOthers }] = await escrowed({
      setting: keyOf("others", 3),
      recipients: [await identityToRecipient(await generateX25519Identity())],
    });
    const { code, stdout, stderr } = await recoverFrom({
      "keys/index": '{"keys":["k2"],"earlier":["k1","k0","others"]}',
      "keys/k2.age": await kept("k2", 2),
      "keys/k1.age": await kept("k1", 1),
      "keys/others.age": ofOthers,
    });
    assert.deepEqual([code, stdout], [0, `${keyOf("k2", 2)},${keyOf("k1", 1)}\n`], stderr);
    assert.match(stderr, /k1 is a key of an earlier setting\. Remove it when/);
    const leftOut = (id) => `${id}, a key of an earlier setting, is left out. `;
    assert.ok(stderr.includes(`${leftOut("k0")}The bucket has no object keys/k0.age.`), stderr);
    assert.ok(stderr.includes(leftOut("others")), stderr);
  });

  it("shows wrangler's own words where it cannot read the bucket, and prints no setting", async () => {
    const { code, stdout, stderr } = await recoverFrom({}, 403);
    assert.deepEqual([code, stdout], [1, ""], stderr);
    assert.match(stderr, /has no object keys\/index, or cannot be read:[\s\S]*Enable R2 first/);
  });

  for (const [what, objects, told] of [
    ["damaged", { "keys/index": '{"keys":["k2",' }, /^✗ The object keys\/index in the bucket copy is damaged/m],
    ["missing", {}, /^✗ The bucket copy is not there, or has no object keys\/index: .*--jurisdiction.*no escrow made/m],
  ])
    it(`says of a ${what} index where the keys are and how to go on with them, without a stack`, async () => {
      const { code, stdout, stderr } = await recoverFrom(objects);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, told);
      assert.match(stderr, /object get copy\/keys\/ID\.age --remote --jurisdiction=eu --file keys-ID\.age/);
      assert.match(stderr, /keys -- recover --identity FILE keys-ID\.age/);
      assert.doesNotMatch(stderr, / at .*\.mjs/);
    });

  it("gives no setting that the Worker refuses: two keys of one id", async () => {
    const files = [await ofKey("one.age", keyOf("k2", 1)), await ofKey("other.age", keyOf("k2", 2))];
    const { code, stdout, stderr } = await recover(identity, ...files);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /has the id of another entry, "k2"/);
  });

  it("opens an escrow file that was copied as text, and says of any other what it is, without a stack", async () => {
    const age = readFileSync(await ofKey("text.age", keyOf("k1", 1)), "latin1");
    const copied = await recover(identity, file("copied.age", `\n${age.replaceAll("\n", "\r\n")}`));
    assert.deepEqual([copied.code, copied.stdout], [0, `${keyOf("k1", 1)}\n`], copied.stderr);
    const lines = age.split("\n");
    for (const [name, text, told] of [
      ["none.age", "undefined\n", /none\.age is no age file/],
      ["short.age", lines.slice(0, 3).join("\n"), /short\.age/],
      [
        "body.age",
        age.replace(lines.at(-3), `${lines.at(-3).slice(0, -8)}AAAAAAA=`),
        /body\.age was cut short or changed/,
      ],
      ["letters.age", age.replace(lines[1], `#${lines[1]}`), /letters\.age was cut short or changed/],
    ]) {
      const { code, stdout, stderr } = await recover(identity, file(name, text));
      assert.deepEqual([code, stdout], [1, ""], name);
      assert.match(stderr, told);
      assert.doesNotMatch(stderr, / at .*\.mjs/);
    }
  });

  it("leaves out no file without a word: either the bucket or files", async () => {
    const { code, stderr } = await recover(
      identity,
      await ofKey("b.age", keyOf("k1", 1)),
      "--bucket",
      "copy",
      "--local",
    );
    assert.equal(code, 1);
    assert.match(stderr, /either --bucket NAME or the files/);
  });
});

it("an index of the escrow names as many earlier keys as a setting has room for, the latest first; a damaged one names none", () => {
  const ids = (from, to) => Array.from({ length: to - from }, (_, n) => `k${from + n}`);
  assert.deepEqual(idsOf(JSON.stringify({ keys: ["k0"], earlier: ids(1, 18) })), {
    keys: ["k0"],
    earlier: ids(1, 16),
    beyond: ["k16", "k17"],
  });
  assert.deepEqual(idsOf('{"keys":["k1"]}'), { keys: ["k1"], earlier: [], beyond: [] });
  for (const damaged of [
    "",
    "{",
    "null",
    "7",
    "[]",
    "{}",
    '{"keys":[]}',
    '{"keys":"k1"}',

    '{"keys":["../x"]}',
  ])
    assert.equal(idsOf(damaged), undefined, damaged);
});

it("a setting with more keys than the Worker takes is refused here too", async () => {
  const of = (count) =>
    Array.from({ length: count }, (_, n) => `k${n}:${Buffer.alloc(32, n).toString("base64")}`).join(",");
  assert.equal((await openingKeys(of(16))).size, 16);
  await assert.rejects(openingKeys(of(17)), /more than 16 entries/);
});

it("keys escrow prints no identity that was given as a recipient", async () => {
  const own = await generateX25519Identity();
  const { code, stderr } = await runScript("keys", ["escrow", "--url", "http://127.0.0.1:9", "--recipient", own], {
    env: { ADMIN_TOKEN: "a".repeat(40), SHARE_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString("base64")}` },
  });
  assert.equal(code, 1);
  assert.match(stderr, /is not an age recipient/);
  assert.ok(!stderr.includes(own), stderr);
});
