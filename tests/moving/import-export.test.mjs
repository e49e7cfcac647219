// npm run import and npm run export, as a user runs them, against the built Worker.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { Decrypter, generateIdentity, identityToRecipient } from "age-encryption";

import { callers, custodianShares, sorted, user } from "../support/client.mjs";
import { runScript } from "../support/cli.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import { STRINGS } from "../support/shares.mjs";

const { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS } = SECRETS;
const OTHER_KEYS = `other:${Buffer.alloc(32, 9).toString("base64")}`;

let source;
let target;
let dir;
let identity;
let recipient;
before(async () => {
  source = await startWorker();
  // Another company's, or tomorrow's: its database is empty and its key another.
  target = await startWorker({ secrets: { SHARE_ENCRYPTION_KEYS: OTHER_KEYS } });
  dir = mkdtempSync(join(tmpdir(), "pbw-moving-"));
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  writeFileSync(join(dir, "age.key"), `# a comment, as age-keygen writes\n${identity}\n`);
  writeFileSync(join(dir, "passphrase"), "correct horse battery staple\n");
});
after(async () => {
  await source?.stop();
  await target?.stop();
  if (dir) rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  await source.clear();
  await target.clear();
});

const urlOf = (worker) => String(worker.url).replace(/\/$/, "");
const path = (name) => join(dir, name);
let files = 0;
const fresh = (suffix) => path(`${(files += 1)}.${suffix}`);
const exportTo = (file, args = ["--recipient", recipient], env = { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS }) =>
  runScript("export", [file, "--url", urlOf(source), ...args], { env });
const importFrom = (file, args = [], { worker = target, env = { ADMIN_TOKEN }, ...options } = {}) =>
  runScript("import", [file, "--url", urlOf(worker), ...args], { env, ...options });
const fileOf = (...rows) => {
  const file = fresh("ndjson");
  writeFileSync(file, rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));
  return file;
};

/** Users with current shares, histories and odd texts, made through the live routes. */
async function fill(worker) {
  const { portal, app, admin, register } = callers(worker);
  const [ada, bob, eve] = [user("ada"), user("b/ö b"), user("eve")];
  await register(ada, bob, eve);
  for (const [index, text] of Object.values(STRINGS).entries()) {
    await portal("/webhook/backup", {
      clientId: ada.clientId,
      backupMethod: `M${index}-SECP256K1`,
      share: text,
      backupSharePairId: `pair-${index}`,
    });
  }
  await app(ada, "POST", `/users/${ada.id}/user-backup-share`, {
    backupMethod: "M0",
    cipherText: "first",
    backupSharePairId: "pair-0",
  });
  await app(ada, "POST", `/users/${ada.id}/user-backup-share`, { backupMethod: "M0", cipherText: "second" });
  for (const share of ["a", "b", "a", "c"]) await portal("/webhook/backup", { clientId: bob.clientId, share });
  await app(bob, "POST", `/users/${encodeURIComponent(bob.id)}/user-backup-share`, { cipherText: "of bob" });
  const { body } = await admin("GET", `/users/${encodeURIComponent(bob.id)}/backups/history`);
  await admin("POST", `/users/${encodeURIComponent(bob.id)}/backups/restore`, { versionId: body.versions[0].id });
  // Deleted: in the copy as such.
  await portal("/webhook/backup", { clientId: eve.clientId, share: "of eve" });
  await admin("DELETE", `/users/${eve.id}`);
  return [ada, bob];
}

const TABLES = {
  users: "id, client_id, client_api_key_hash, created_at",
  deleted_users: "id, client_id, client_api_key_hash, created_at, deleted_at",
  custodian_backup_shares: "id, user_id, backup_method, backup_share_pair_id, created_at, updated_at",
  user_backup_shares: "id, user_id, backup_method, backup_share_pair_id, created_at, updated_at",
  backup_share_versions:
    "id, user_id, client_id, kind, backup_method, backup_share_pair_id, created_at, stored_at, superseded_at, reason",
};
/** Everything but what is sealed, which differs by its nonce and key. */
const contents = async (worker) =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(TABLES).map(async ([table, columns]) => [
        table,
        await worker.sql(`SELECT ${columns} FROM ${table} ORDER BY ${columns}`),
      ]),
    ),
  );

async function openCopy(file, set) {
  const decrypter = new Decrypter();
  set(decrypter);
  return (await decrypter.decrypt(readFileSync(file), "text"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("export, then import into an empty database", () => {
  test("is the identity: ids, times, pair ids, history, API key hashes, and every share byte for byte", async () => {
    const [ada, bob] = await fill(source);
    const file = fresh("age");
    const exported = await exportTo(file);
    assert.equal(exported.code, 0, exported.stderr);
    assert.match(exported.stdout, /2 users, \d+ custodian shares, 3 user shares/);
    const imported = await importFrom(file, ["--identity", path("age.key")]);
    assert.equal(imported.code, 0, imported.stdout + imported.stderr);
    assert.match(imported.stdout, /^\d+ new, 0 same, 0 conflict, 0 refused\n$/);
    assert.deepEqual(await contents(target), await contents(source));
    for (const who of [ada, bob]) {
      assert.deepEqual(
        sorted(await custodianShares(callers(target), who.clientId)),
        sorted(await custodianShares(callers(source), who.clientId)),
      );
    }
    const { app, admin } = callers(target);
    assert.equal(
      (await app(ada, "GET", `/users/${ada.id}/user-backup-share?backupMethod=M0`)).body.cipherText,
      "second",
    );
    assert.equal(
      (await app(ada, "GET", `/users/${ada.id}/user-backup-share?backupSharePairId=pair-0`)).body.cipherText,
      "first",
    );
    // The history opens, too: its versions can be made current again.
    const { body } = await admin("GET", `/users/${ada.id}/backups/history`);
    for (const { id } of body.versions)
      assert.equal((await admin("POST", `/users/${ada.id}/backups/restore`, { versionId: id })).status, 200);
    assert.equal(
      (await app(ada, "GET", `/users/${ada.id}/user-backup-share?backupMethod=M0`)).body.cipherText,
      "first",
    );
  });

  test("again changes nothing", async () => {
    await fill(source);
    const file = fresh("age");
    await exportTo(file);
    await importFrom(file, ["--identity", path("age.key")]);
    const once = await contents(target);
    const again = await importFrom(file, ["--identity", path("age.key")]);
    assert.match(again.stdout, /^0 new, \d+ same, 0 conflict, 0 refused\n$/);
    assert.deepEqual(await contents(target), once);
  });

  test("while backups go on, loses nothing that was there the whole time", async () => {
    const { portal, register } = callers(source);
    const users = Array.from({ length: 12 }, (_, index) => user(`n${String(index).padStart(2, "0")}`));
    await register(...users);
    const big = (text) => text.padEnd(150_000, "=");
    for (const who of users) await portal("/webhook/backup", { clientId: who.clientId, share: big("first") });
    let done = false;
    const writing = (async () => {
      for (let round = 0; !done; round += 1)
        await portal("/webhook/backup", {
          clientId: users[round % users.length].clientId,
          share: big(`round ${round}`),
        });
    })();
    const file = fresh("age");
    const exported = await exportTo(file);
    done = true;
    await writing;
    assert.equal(exported.code, 0, exported.stderr);
    const records = await openCopy(file, (decrypter) => decrypter.addIdentity(identity));
    for (const who of users) {
      const shares = records.filter((record) => record.userId === who.id).map((record) => record.share);
      assert.ok(shares.includes(big("first")), who.id);
    }
    const imported = await importFrom(file, ["--identity", path("age.key")]);
    assert.match(imported.stdout, / 0 conflict, 0 refused\n$/, imported.stdout);
  });
});

describe("a copy", () => {
  test("is an age file that only its recipient or its passphrase opens, and only its owner may read", async () => {
    await fill(source);
    const [forKey, forPassphrase] = [fresh("age"), fresh("age")];
    assert.equal((await exportTo(forKey)).code, 0);
    assert.equal((await exportTo(forPassphrase, ["--passphrase-file", path("passphrase")])).code, 0);
    assert.equal(statSync(forKey).mode & 0o777, 0o600);
    assert.match(readFileSync(forKey, "latin1"), /^age-encryption\.org\/v1\n/);
    const records = await openCopy(forKey, (decrypter) => decrypter.addIdentity(identity));
    assert.ok(records.every((record) => !("sealedShare" in record) && !("keyId" in record)));
    const eves = records.filter((record) => record.userId === "user-eve" || record.id === "user-eve");
    assert.deepEqual(
      eves.map(({ type, deletedAt, reason, share }) => [type, Boolean(deletedAt), reason, share]),
      [
        ["user", true, undefined, undefined],
        ["custodianBackupShare", false, "deleted", "of eve"],
      ],
    );
    const reopened = await importFrom(forPassphrase, [], {
      env: { ADMIN_TOKEN, AGE_PASSPHRASE: "correct horse battery staple" },
    });
    assert.equal(reopened.stdout, `${records.length} new, 0 same, 0 conflict, 0 refused\n`, reopened.stderr);
  });

  test("never replaces another, and leaves nothing behind when it fails", async () => {
    await fill(source);
    const file = fresh("age");
    writeFileSync(file, "precious");
    const refused = await exportTo(file);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /already there/);
    assert.equal(readFileSync(file, "utf8"), "precious");
    const failed = fresh("age");
    assert.equal((await exportTo(failed, undefined, { ADMIN_TOKEN: "wrong", SHARE_ENCRYPTION_KEYS })).code, 1);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.startsWith(failed.slice(dir.length + 1))),
      [],
    );
  });

  test("needs the sealing keys: the operator's token alone reads no share", async () => {
    await fill(source);
    const file = fresh("age");
    const vars = fileOf(""); // so that no .dev.vars is read
    assert.match(
      (await exportTo(file, ["--recipient", recipient, "--vars", vars], { ADMIN_TOKEN })).stderr,
      /SHARE_ENCRYPTION_KEYS is needed/,
    );
    const without = await exportTo(file, undefined, { ADMIN_TOKEN, SHARE_ENCRYPTION_KEYS: OTHER_KEYS });
    assert.equal(without.code, 2);
    assert.match(
      without.stderr,
      /not in the copy: custodianBackupShare of user user-ada, M0-SECP256K1, stored .*: does not open with the key "k1"/,
    );
    const records = await openCopy(file, (decrypter) => decrypter.addIdentity(identity));
    assert.deepEqual(
      records.map((record) => record.type),
      ["user", "user", "user"],
    );
  });
});

describe("import", () => {
  const MARK = "MARKED-SHARE";
  const rows = [
    {
      id: "s1",
      userId: "u1",
      backupMethod: "GDRIVE-SECP256K1",
      share: `${MARK} 1`,
      createdAt: "2024-05-06T07:08:09.123",
    },
    { id: "s2", userId: "u1", backupMethod: "GDRIVE", cipherText: `${MARK} 2`, createdAt: "2024-05-06T07:08:10" },
    { id: "u1", clientId: "c1", clientApiKey: "key-1" },
    { id: "s3", userId: "nobody", backupMethod: "GDRIVE", cipherText: `${MARK} 3` },
    `{"userId":"u1","share":"${MARK} 4`,
  ];

  test("takes in what can go in, lists the rest with reasons and never with a share, and says so by its exit code", async () => {
    const file = fileOf(...rows);
    const { code, stdout, stderr } = await importFrom(file);
    assert.equal(code, 2);
    assert.equal(
      stdout,
      [
        "refused   line 5: not valid JSON",
        "refused   line 4  userBackupShare of user nobody, GDRIVE: no such user is registered",
        "3 new, 0 same, 0 conflict, 2 refused",
        "",
      ].join("\n"),
    );
    assert.doesNotMatch(stdout + stderr, new RegExp(`${MARK}|key-1|${ADMIN_TOKEN}`));
    assert.doesNotMatch(JSON.stringify(target.logs()), new RegExp(`${MARK}|key-1|${ADMIN_TOKEN}`));
    assert.deepEqual(await custodianShares(callers(target), "c1"), [`${MARK} 1`]);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.includes("import-state")),
      [],
    );
  });

  test("a dry run stores nothing, and foresees the same", async () => {
    const file = fileOf(...rows);
    const dry = await importFrom(file, ["--dry-run"]);
    assert.match(dry.stdout, /Dry run, nothing was stored: 3 new, 0 same, 0 conflict, 2 refused\n$/);
    assert.equal((await target.sql("SELECT count(*) AS n FROM users"))[0].n, 0);
  });

  test("--replace-older carries over what came to the old server since the first import", async () => {
    await importFrom(fileOf(rows[0], rows[2]));
    const newer = { ...rows[0], share: "newer", createdAt: "2025-01-01T00:00:00" };
    const conflict = await importFrom(fileOf(rows[2], newer));
    assert.match(
      conflict.stdout,
      /conflict {2}line 2 {2}custodianBackupShare of user u1, GDRIVE-SECP256K1: another share is there, of 2024-05-06.*; this one is of 2025/,
    );
    assert.match((await importFrom(fileOf(rows[2], newer), ["--replace-older"])).stdout, /^1 new, 1 same/);
    assert.deepEqual(await custodianShares(callers(target), "c1"), ["newer"]);
  });

  test("goes on where it was killed", async () => {
    const users = Array.from({ length: 3000 }, (_, index) => ({ id: `u${index}`, clientId: `c${index}` }));
    const file = fileOf(...users);
    const stateFile = `${file}.import-state.json`;
    const killed = await importFrom(file, [], {
      watch: (_, child) => {
        const timer = setInterval(() => {
          if (!readdirSync(dir).some((name) => stateFile.endsWith(name))) return;
          clearInterval(timer);
          child.kill("SIGKILL");
        }, 2);
        child.once("close", () => clearInterval(timer));
      },
    });
    assert.equal(killed.code, null);
    const there = (await target.sql("SELECT count(*) AS n FROM users"))[0].n;
    assert.ok(there > 0 && there < 3000, String(there));
    const rest = await importFrom(file);
    assert.match(rest.stderr, /going on where the last run stopped/);
    assert.match(rest.stdout, /^[\d,]+ new, [\d,]+ same, 0 conflict, 0 refused\n$/);
    assert.equal((await target.sql("SELECT count(*) AS n FROM users"))[0].n, 3000);
  });

  test("sends shares nowhere but over TLS or to this machine, and the local token to this machine only", async () => {
    const file = fileOf(...rows);
    const open = await runScript("import", [file, "--url", "http://backup.example.com"], { env: { ADMIN_TOKEN } });
    assert.equal(open.code, 1);
    assert.match(open.stderr, /not encrypted on the way/);
    const elsewhere = await runScript("import", [file, "--url", "https://backup.invalid"]);
    assert.match(elsewhere.stderr, /ADMIN_TOKEN is needed/);
  });
});
