// Wallets at random, against a simple model: backups that break at every step, or run on two devices at once, faults of D1, restores,
// deletions, purges, exports, imports, key rotations, moves, damaged rows, a clock that goes back. After each step, whoever has had a complete backup, and whose device key has not
// changed since, can still be given a matching pair; and nothing that was acknowledged is gone.
//
// A failure prints the seed and the wallet's steps: MODEL_SEED=… MODEL_STEPS=… npm test -- --only=model repeats it.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { backups } from "./support/backup.mjs";
import { sorted, user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";
import { open } from "./support/sealing.mjs";
import { Wallet, randomness } from "./support/wallet-model.mjs";
import { bring, exported } from "./support/wallet-records.mjs";
import { inRoot } from "../scripts/lib/paths.mjs";

const SEED = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 32));
const STEPS = Number(process.env.MODEL_STEPS ?? 40);
const WALLETS = 6;
const HOMES = Number(process.env.HOMES ?? 1);
const KEYS = Object.fromEntries([1, 2, 3].map((n) => [`k${n}`, Buffer.alloc(32, n).toString("base64")]));
const keyList = (...ids) => ({ SHARE_ENCRYPTION_KEYS: ids.map((id) => `${id}:${KEYS[id]}`).join() });

const first = await startWorker({
  main: inRoot("tests", "support", "faulty-entry.mjs"),
  vars: { PURGE_DELAY_HOURS: "72" },
  secrets: keyList("k1", "k2", "k3"),
  siblings: { rotated: keyList("k2", "k1", "k3"), twice: keyList("k3", "k2", "k1") },
});
const workers = [first, first.sibling("rotated"), first.sibling("twice")];
/** Which of them is deployed now; a rotation changes it under everybody's feet. */
let deployed = 0;
let tags = 0;

after(() => first.stop());

test(`no wallet is lost, whatever happens to it (seed ${SEED})`, async () => {
  await Promise.all(Array.from({ length: WALLETS }, (_, index) => live(index)));
});

async function live(index) {
  const random = randomness(SEED + index);
  const wallet = new Wallet(user(`wallet-${index}`), random);
  await act().register(wallet.user);
  const steps = [];
  try {
    for (let step = 0; step < STEPS; step++) {
      const name = random.weighted(WEIGHTS);
      steps.push(name);
      await STEPS_OF[name](wallet, (what) => steps.push(`  ${what}`));
      await check(wallet);
    }
  } catch (error) {
    throw new Error(
      `${error.message}\nMODEL_SEED=${SEED}, wallet ${index}, ${JSON.stringify(wallet.methods)}:\n${steps.join("\n")}`,
      { cause: error },
    );
  }
}

const act = () => backups(workers[deployed]);

/** What changes the keys of shares, of all wallets, and what counts on it that nothing does: one after the other. */
let keysChange = Promise.resolve();
const alone = (work) => (keysChange = keysChange.then(work, work));
const maintain = () => alone(() => workers[deployed].scheduled());

/** Most requests meet a healthy D1; the others, each kind of fault. */
function faults({ chance, pick }) {
  if (!chance(0.2)) return {};
  const plan = pick([
    { plan: ["fail"] },
    { plan: ["fail", "fail"] },
    { plan: ["commit-then-fail"] },
    { plan: ["commit-then-fail", "commit-then-fail", "commit-then-fail"] }, // stored, though the answer is 503
    { then: "fail" },
    { plan: [{ breakAt: 1 }] },
  ]);
  return { faults: { tag: `model ${++tags}`, ...plan } };
}

/** Sends a share; true if it was acknowledged, and then it must not be lost. */
async function send(wallet, note, text, request) {
  const { status } = await request(faults(wallet.random));
  assert.ok(status < 300 || status >= 500, `${text}: ${status}`);
  note(`${text}: ${status}`);
  if (status < 300) wallet.acknowledged.add(text);
  return status < 300;
}
/** Some SDKs write a method in lower case. */
const spelled = ({ random }, method) => (random.chance(0.2) ? method?.toLowerCase() : method);
const sendCustodian = (wallet, note, method, row, n) =>
  send(wallet, note, method.custodian(row, n), (faults) =>
    act().storeCustodian(wallet.user, spelled(wallet, row), method.custodian(row, n), {
      pair: method.named(n, row),
      ...faults,
    }),
  );
async function sendCipherText(wallet, note, method, n) {
  const sent = await send(wallet, note, method.cipherText(n), (faults) =>
    act().storeCipherText(wallet.user, spelled(wallet, method.app), method.cipherText(n), {
      pair: method.pairs.user ? method.pair(n) : undefined,
      ...faults,
    }),
  );
  // What comes late changes nothing where it is known as older: what stands is what counts.
  if (n <= method.complete) {
    method.displaced =
      (await act().recovered(wallet.user, { backupMethod: method.asked })) !== method.cipherText(method.complete);
    return;
  }
  if (!sent) return;
  method.complete = n;
  method.displaced = false;
}

/** What may happen at any moment, also between the steps of a backup. */
const ANY_TIME = {
  rotate: ({ random }) => alone(() => (deployed = (deployed + random.pick([1, 2])) % workers.length)),
  maintain,
  rewrap: () => alone(() => act().admin("POST", "/admin/keys/rewrap", { limit: 20 })),
  /** The database's clock goes back by an hour: all that is there is from the future. */
  async clockGoesBack({ user }) {
    const later = (column) => `${column} = strftime('%Y-%m-%dT%H:%M:%fZ', ${column}, '+1 hour')`;
    await first.db.batch([
      first.db.prepare(`UPDATE custodian_backup_shares SET ${later("updated_at")} WHERE user_id = ?`).bind(user.id),
      first.db.prepare(`UPDATE user_backup_shares SET ${later("updated_at")} WHERE user_id = ?`).bind(user.id),
      first.db
        .prepare(`UPDATE backup_share_versions SET ${later("stored_at")}, ${later("superseded_at")} WHERE user_id = ?`)
        .bind(user.id),
    ]);
  },
  /** An operator restores a custodian share, right or wrong. */
  async restoreCustodian(wallet, note) {
    const versions = (await kept(wallet)).filter(({ kind, current }) => kind === "custodian" && !current);
    if (versions.length === 0) return;
    const { id, text } = wallet.random.pick(versions);
    await act().restoreVersion(wallet.user, id);
    wallet.restored = true;
    note(`restored ${text}`);
  },
  async deleteAndRestore({ user, random, methods: [method] }) {
    await act().deleteUser(user);
    if (random.chance(0.5)) assert.equal((await act().storeCustodian(user, method.rows[0], "too late")).status, 404);
    if (random.chance(0.3)) await maintain();
    await act().restoreUser(user);
  },
  /** With many databases: the user moves. */
  async move({ user, random }, note) {
    if (HOMES === 1) return;
    const home = random.pick(first.homes.map((_, index) => index));
    const { status, text } = await act().admin("POST", `${act().path(user)}/move`, { home });
    assert.equal(status, 200, text);
    note(`to ${home}`);
  },
};

const STEPS_OF = {
  ...ANY_TIME,

  /** A backup of one method, which may break off at every step. */
  async backup(wallet, note) {
    const { random, user } = wallet;
    const method = random.pick(wallet.methods);
    const n = ++method.latest;
    const goesOn = () => random.chance(0.85);
    const meanwhile = async () => {
      if (!random.chance(0.15)) return;
      const name = random.pick(Object.keys(ANY_TIME));
      note(`meanwhile ${name}`);
      await ANY_TIME[name](wallet, note);
    };
    // 1. Portal stores the custodian shares, both curves at once, and tries again where it is told to.
    const rows = random.chance(0.5) ? method.rows : method.rows.toReversed();
    const sent = await Promise.all(
      rows.map(
        async (row) =>
          goesOn() &&
          ((await sendCustodian(wallet, note, method, row, n)) || (await sendCustodian(wallet, note, method, row, n))),
      ),
    );
    await meanwhile();
    if (sent.includes(false)) return note("broken off: custodian shares");
    method.custodiansOf = n;
    // 2. Portal looks whether they are there.
    if (random.chance(0.5)) {
      const fetched = await act().fetched(user);
      if (!wallet.restored)
        for (const row of rows)
          assert.ok(fetched.includes(method.custodian(row, n)), `${row} ${n} was acknowledged, and is not there`);
    }
    if (!goesOn()) return note("broken off: before the key");
    // 3. The device overwrites its key.
    if (!method.password) method.key = n;
    await meanwhile();
    if (!goesOn()) return note("broken off: before the cipher text");
    // 4. The app stores the cipher text.
    await sendCipherText(wallet, note, method, n);
  },

  /** Two devices back up by one method at once, with pair ids: m's cipher text comes last, n's custodian shares may. */
  async twoDevices(wallet, note) {
    const { random } = wallet;
    const method = random.pick(wallet.methods);
    if (!method.knowsPairs) return;
    const [n, m] = random.chance(0.5) ? [method.latest + 1, method.latest + 2] : [method.latest + 2, method.latest + 1];
    method.latest += 2;
    wallet.concurrent = true;
    const of = { [n]: method.rows.map((row) => [row, n]), [m]: method.rows.map((row) => [row, m]) };
    // One by one, where a pair tells each share's backup.
    const all =
      method.pairs.common && random.chance(0.5) ? of[n].flatMap((one, at) => [one, of[m][at]]) : [...of[n], ...of[m]];
    for (const [row, number] of all) {
      if (await sendCustodian(wallet, note, method, row, number)) continue;
      if (!(await sendCustodian(wallet, note, method, row, number))) return;
    }
    if (method.latest === m) method.custodiansOf = m;
    const cipherTexts = [Math.min(n, m), Math.max(n, m)];
    for (const number of cipherTexts) {
      if (random.chance(0.2)) continue;
      if (!method.password) method.key = number;
      await sendCipherText(wallet, note, method, number);
    }
  },

  /** The app sends the last cipher text (again): it was not told that it is stored, or is not sure. */
  async sendAgain(wallet, note) {
    const method = wallet.random.pick(wallet.methods);
    if (method.custodiansOf !== method.latest || (!method.password && method.key !== method.latest) || method.displaced)
      return;
    await sendCipherText(wallet, note, method, method.latest);
  },

  /** Portal sends the last custodian shares again. */
  async webhookAgain(wallet, note) {
    const method = wallet.random.pick(wallet.methods);
    if (method.latest === 0 || method.custodiansOf !== method.latest) return;
    await sendCustodian(wallet, note, method, wallet.random.pick(method.rows), method.latest);
  },

  /** A cipher text that others replaced long ago comes again: an app had no answer to it. */
  cipherTextLate: (wallet, note) =>
    alone(async () => {
      const text = await oneToComeLate(wallet, "user");
      const method = wallet.methods.find((one) => one.numberOf(text) > 0);
      if (method) await sendCipherText(wallet, note, method, method.numberOf(text));
    }),

  /** So does a custodian share. */
  webhookLate: (wallet, note) =>
    alone(async () => {
      const text = await oneToComeLate(wallet, "custodian");
      for (const method of wallet.methods) {
        for (const row of method.rows) {
          for (let n = 1; n <= method.latest; n++)
            if (method.custodian(row, n) === text) await sendCustodian(wallet, note, method, row, n);
        }
      }
      wallet.restored = true;
    }),

  /** A row is damaged. Then the same share comes again, or an import of a copy from before. */
  damage: (wallet, note) =>
    alone(async () => {
      const { user, random } = wallet;
      const sent = wallet.methods.flatMap((method) =>
        Array.from({ length: method.latest }, (_, index) => index + 1).flatMap((n) => [
          { method, n, kind: "user", text: method.cipherText(n) },
          ...method.rows.map((row) => ({ method, n, row, kind: "custodian", text: method.custodian(row, n) })),
        ]),
      );
      const all = await kept(wallet);
      const isRecognised = ({ current, kind, backupMethod }) =>
        current || all.filter((one) => one.kind === kind && is(one.backupMethod, backupMethod)).length < 20;
      const version = random.pick(all.filter(isRecognised));
      const share = sent.find(({ kind, text }) => kind === version?.kind && text === version.text);
      if (!share) return;
      const { method, n, row, kind, text } = share;
      const before = await given(wallet);
      const copy = random.chance(0.5)
        ? await exported(act(), user, keyList("k1", "k2", "k3").SHARE_ENCRYPTION_KEYS)
        : undefined;
      for (const table of ["custodian_backup_shares", "user_backup_shares", "backup_share_versions"])
        await first.sql(
          `UPDATE ${table} SET sealed_share = substr(sealed_share, 1, 40) || 'AAAA' WHERE user_id = ? AND sealed_share = ?`,
          user.id,
          version.sealed,
        );
      note(`damaged ${text}${version.current ? "" : " in the history"}${copy ? ", imported" : ""}`);
      if (random.chance(0.5)) deployed = (deployed + 1) % workers.length;
      if (random.chance(0.5)) await workers[deployed].scheduled();
      if (copy) await bring(workers[deployed], copy, random, random.pick(["", "?replaceOlder=true"]));
      else if (kind === "custodian")
        await act().custodian(user, spelled(wallet, row), text, { pair: method.named(n, row) });
      else
        await act().cipherText(user, spelled(wallet, method.app), text, {
          pair: method.pairs.user ? method.pair(n) : undefined,
        });
      assert.ok(
        (await kept(wallet)).some((one) => one.kind === kind && one.text === text),
        `${text} is there again`,
      );
      if (!wallet.restored) assert.deepEqual(await given(wallet), before, "what is given is as before");
      // Of what an operator restored, the share that came again may take the place.
      wallet.restored ||= kind === "custodian" && !copy;
      if (kind === "user")
        method.displaced =
          (await act().recovered(user, { backupMethod: method.asked })) !== method.cipherText(method.complete);
    }),

  /** The user is exported, erased, and imported: all is as it was. */
  exportAndImport: (wallet, note) =>
    alone(async () => {
      const { user, random } = wallet;
      const before = await given(wallet);
      const isDeleted = random.chance(0.3);
      if (isDeleted) await act().deleteUser(user);
      const records = await exported(act(), user, keyList("k1", "k2", "k3").SHARE_ENCRYPTION_KEYS);
      await erase(wallet);
      if (random.chance(0.3)) deployed = (deployed + 1) % workers.length;
      for (let times = random.pick([1, 1, 2]); times > 0; times--) await bring(workers[deployed], records, random);
      if (isDeleted) await act().restoreUser(user);
      note(`${records.length} records${isDeleted ? ", of a deleted user" : ""}`);
      assert.deepEqual(await given(wallet), before, "what is given is as before");
    }),

  /** An operator removes a method, and may make up for it; or the app comes back with it. */
  async removeMethod(wallet, note) {
    const method = wallet.random.pick(wallet.methods);
    const name = spelled(wallet, method.app ?? "UNKNOWN");
    const { status, text } = await act().admin("DELETE", `${act().path(wallet.user)}/backups?backupMethod=${name}`);
    assert.ok(status === 204 || status === 404, text);
    note(`${name}: ${status}`);
    if (status === 404) return;
    method.displaced = true;
    wallet.restored = true;
    // Others' custodian shares are removed too, where their names begin with this one's and no cipher text has come yet.
    for (const one of wallet.methods) if (one.complete !== one.latest) one.custodiansOf = 0;
  },

  /** An operator restores a cipher text: the wrong one, as often as not. */
  async restoreCipherText(wallet, note) {
    const isOfBackup = (text) => wallet.methods.some((one) => one.numberOf(text) > 0); // junk is not
    const versions = (await kept(wallet)).filter(
      ({ kind, current, text }) => kind === "user" && !current && isOfBackup(text),
    );
    if (versions.length === 0) return;
    const { id, text } = wallet.random.pick(versions);
    const method = wallet.methods.find((one) => one.numberOf(text) > 0);
    await act().restoreVersion(wallet.user, id);
    wallet.restored = true;
    method.displaced = text !== method.cipherText(method.complete);
    note(`restored ${text}`);
  },

  /** … and makes up for it. */
  heal: (wallet, note) => heal(wallet, note),

  /** Half a year later. */
  async retention(wallet, note) {
    await heal(wallet, note);
    // Before they age: another wallet's maintenance may purge them at once.
    for (const { text, current } of await kept(wallet)) if (!current) wallet.acknowledged.delete(text);
    await halfAYear(wallet);
    await maintain();
  },

  /** Whoever stole the app's API key stores a cipher text over that of a whole backup; it may be half a year until somebody notices. */
  junk: (wallet, note) =>
    alone(async () => {
      const isWhole = (all, method) =>
        [method.cipherText(method.complete), ...method.rows.map((row) => method.custodian(row, method.complete))].every(
          (text) => all.some((one) => one.current && one.text === text),
        );
      const all = await kept(wallet);
      const whole = wallet.methods.filter((method) => method.complete > 0 && isWhole(all, method));
      if (whole.length === 0) return;
      const method = wallet.random.pick(whole);
      await act().cipherText(wallet.user, method.app, `junk ${++tags}`);
      method.displaced = true;
      note(`junk over ${method.cipherText(method.complete)}`);
      if (wallet.random.chance(0.5)) return;
      // Within that time the operator makes up for wrong restores of the other methods, as before every retention.
      await heal(wallet, note, method);
      for (const { text, current } of await kept(wallet)) if (!current) wallet.acknowledged.delete(text);
      await halfAYear(wallet);
      await workers[deployed].scheduled();
      note("half a year later");
      const version = (await kept(wallet)).find(({ text }) => text === method.cipherText(method.complete));
      assert.ok(version, `${method.cipherText(method.complete)} is spared`);
      await act().restoreVersion(wallet.user, version.id);
      method.displaced = false;
    }),

  /** A purge, which waits; some are taken back in time, by a cancellation or by restoring the user. */
  async purge(wallet, note) {
    const { user, random } = wallet;
    const path = act().path(user);
    const { status, text } = await act().admin("DELETE", `${path}?purge=${user.clientId}`);
    assert.equal(status, 202, text);
    if (random.chance(0.5)) await maintain();
    if (random.chance(0.6)) {
      if (random.chance(0.5)) {
        assert.equal((await act().admin("DELETE", `${path}/purge`)).status, 204);
        await first.sql("UPDATE purges SET purge_at = requested_at WHERE user_id = ?", user.id);
        await maintain();
      }
      await act().restoreUser(user);
      return note("taken back");
    }
    await alone(() => erase(wallet));
    await act().register(user);
    wallet.forget();
  },
};

const WEIGHTS = {
  backup: 40,
  sendAgain: 6,
  webhookAgain: 6,
  cipherTextLate: 4,
  webhookLate: 4,
  rotate: 3,
  maintain: 3,
  rewrap: 3,
  clockGoesBack: 4,
  restoreCustodian: 6,
  restoreCipherText: 4,
  heal: 5,
  retention: 4,
  junk: 4,
  deleteAndRestore: 4,
  purge: 3,
  twoDevices: 6,
  damage: 5,
  exportAndImport: 4,
  removeMethod: 3,
  move: HOMES === 1 ? 0 : 5,
};

/** Whether two methods are one. */
const is = (one, other) => one.toUpperCase() === other.toUpperCase();

/** What apps and Portal are given. */
async function given({ user, methods }) {
  const cipherTexts = [];
  for (const { asked } of methods) cipherTexts.push(await act().recovered(user, { backupMethod: asked }));
  return { cipherTexts, custodianShares: sorted(await act().fetched(user)) };
}

/** Purges the user, at once. */
async function erase(wallet) {
  const { user } = wallet;
  const { status, text } = await act().admin("DELETE", `${act().path(user)}?purge=${user.clientId}`);
  assert.equal(status, 202, text);
  await first.sql("UPDATE purges SET purge_at = requested_at WHERE user_id = ?", user.id);
  await workers[deployed].scheduled();
  assert.deepEqual(await kept(wallet), []);
}

const ageHistory = ({ user }) =>
  first.sql(
    "UPDATE backup_share_versions SET superseded_at = strftime('%Y-%m-%dT%H:%M:%fZ', superseded_at, '-180 days') WHERE user_id = ?",
    user.id,
  );

/** All that is in the history ages, and no backup that is under way takes so long. */
async function halfAYear(wallet) {
  await ageHistory(wallet);
  for (const method of wallet.methods) if (method.complete !== method.latest) method.custodiansOf = 0;
}

/** Puts every cipher text that the device's key opens back in its place, but that of one method. */
async function heal(wallet, note, except) {
  for (const method of wallet.methods.filter((one) => one.displaced && one !== except)) {
    const version = (await kept(wallet)).find(
      ({ text, current }) => text === method.cipherText(method.complete) && !current,
    );
    if (method.owed) assert.ok(version, `${method.cipherText(method.complete)} is kept`);
    if (!version) continue;
    await act().restoreVersion(wallet.user, version.id);
    method.displaced = false;
    note(`healed ${version.text}`);
  }
}

/** One that is in the history, acknowledged, and among the newest of its method. */
async function oneToComeLate(wallet, kind) {
  const versions = (await kept(wallet)).filter(
    (one) => one.kind === kind && !one.current && wallet.acknowledged.has(one.text),
  );
  if (versions.length === 0) return undefined;
  const { text, backupMethod } = wallet.random.pick(versions);
  return versions.filter((one) => one.backupMethod === backupMethod).length < 20 ? text : undefined;
}

/** All that the database holds of a wallet and opens, opened. */
async function kept({ user }) {
  const columns = "id, backup_method, key_id, sealed_share";
  const rows = await first.sql(
    `SELECT 'custodian' AS kind, 1 AS current, ${columns} FROM custodian_backup_shares WHERE user_id = ?1
     UNION ALL SELECT 'user', 1, ${columns} FROM user_backup_shares WHERE user_id = ?1
     UNION ALL SELECT kind, 0, ${columns} FROM backup_share_versions WHERE user_id = ?1`,
    user.id,
  );
  const all = await Promise.all(
    rows.map(async ({ id, kind, current, backup_method: backupMethod, key_id: keyId, sealed_share: sealed }) => ({
      id,
      kind,
      current: current === 1,
      backupMethod,
      sealed,
      text: await open(
        KEYS[keyId],
        { kind, owner: kind === "user" ? user.id : user.clientId, backupMethod },
        sealed,
      ).catch(() => undefined),
    })),
  );
  return all.filter(({ text }) => text !== undefined); // damaged ones are as good as none
}

async function check(wallet) {
  const { user, methods, acknowledged, restored, concurrent } = wallet;
  const all = await kept(wallet);
  const texts = new Set(all.map(({ text }) => text));
  for (const text of acknowledged) assert.ok(texts.has(text), `${text} was acknowledged, and is gone`);
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length, "a version is in one place");

  const fetched = await act().fetched(user);
  for (const method of methods.filter(({ owed }) => owed)) {
    const cipherText = await act().recovered(user, { backupMethod: method.asked });
    const n = method.numberOf(cipherText);
    if (method.displaced) {
      // The operator's choice: all that is left of that backup comes with it, and the device's own is still kept.
      assert.ok(texts.has(method.cipherText(method.complete)));
      for (const row of method.rows)
        assert.ok(
          !texts.has(method.custodian(row, n)) || fetched.includes(method.custodian(row, n)),
          `the mate of ${cipherText}`,
        );
      for (const row of method.rows)
        assert.ok(texts.has(method.custodian(row, method.complete)), `the mate of the displaced ${method.complete}`);
      continue;
    }
    if (!method.password) assert.equal(n, method.complete, "the cipher text that the device's key opens");
    assert.ok(n >= method.complete);
    for (const row of method.rows)
      assert.ok(fetched.includes(method.custodian(row, n)), `${cipherText} comes without its mate of ${row}`);
  }

  const { body } = await act().admin("GET", `${act().path(user)}/backups`);
  if (!restored && !concurrent && body.backups.every(({ state }) => state === "complete")) {
    const current = all.filter((one) => one.current && one.kind === "custodian");
    assert.deepEqual(
      sorted(fetched),
      sorted(current.map(({ text }) => text)),
      "of a complete backup exactly the current shares",
    );
  }
}
