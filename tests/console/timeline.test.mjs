// What the operators' page says that Portal and the app would be given, against what they are given.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { assertProblem, sorted, user } from "../support/client.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import { open } from "../support/sealing.mjs";
import { Wallet, randomness } from "../support/wallet-model.mjs";

const SEED = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 32));
/** More with WALLETS=…; a hundred of each policy take some minutes. */
const WALLETS = Number(process.env.WALLETS ?? 25);
const STEPS = 14;
const KEY = SECRETS.SHARE_ENCRYPTION_KEYS.split(":")[1];

for (const policy of ["half-finished", "always", "never"]) {
  describe(`with FETCH_SUPERSEDED = "${policy}"`, () => {
    let worker;
    let act;
    before(async () => {
      worker = await startWorker({ vars: { FETCH_SUPERSEDED: policy } });
      act = backups(worker);
    });
    after(() => worker?.stop());

    const timeline = async (who, query = {}) => {
      const path = `${act.path(who)}/timeline?${new URLSearchParams({ limit: 1000, ...query })}`;
      const { status, body, text } = await act.admin("GET", path);
      assert.equal(status, 200, text);
      return body;
    };
    /** The texts of versions, opened. */
    const textsOf = async (who, ids) => {
      const columns = "id, backup_method AS backupMethod, sealed_share AS sealed";
      const rows = await worker.sql(
        `SELECT 'custodian' AS kind, ${columns} FROM custodian_backup_shares WHERE user_id = ?1
         UNION ALL SELECT 'user', ${columns} FROM user_backup_shares WHERE user_id = ?1
         UNION ALL SELECT kind, ${columns} FROM backup_share_versions WHERE user_id = ?1`,
        who.id,
      );
      const texts = { custodian: [], user: [] };
      for (const id of ids) {
        const { kind, backupMethod, sealed } = rows.find((row) => row.id === id);
        const owner = kind === "user" ? who.id : who.clientId;
        texts[kind].push(await open(KEY, { kind, owner, backupMethod }, sealed));
      }
      return texts;
    };
    /** What Portal and the app are given, really. */
    const really = async (who, methods) => {
      const cipherTexts = await Promise.all(methods.map((backupMethod) => act.recovered(who, { backupMethod })));
      return { custodian: sorted(await act.fetched(who)), user: sorted(cipherTexts) };
    };
    const assertSame = async (who, ids, what) => {
      const claimed = await textsOf(who, ids);
      const methods = await worker.sql("SELECT backup_method FROM user_backup_shares WHERE user_id = ?", who.id);
      const given = await really(
        who,
        methods.map((row) => row.backup_method),
      );
      assert.deepEqual({ custodian: sorted(claimed.custodian), user: sorted(claimed.user) }, given, what);
    };

    /** Random backups, whole and broken off. */
    const live = async (wallet) => {
      const { random, user: who } = wallet;
      for (let step = 0; step < STEPS; step++) {
        const method = random.pick(wallet.methods);
        const n = ++method.latest;
        for (const row of method.rows) {
          if (!random.chance(0.8)) continue;
          const pair = method.pairs.rows[method.rows.indexOf(row)] ? method.pair(n, row) : undefined;
          await act.custodian(who, row, method.custodian(row, n), { pair });
        }
        if (!random.chance(0.6)) continue;
        const pair = method.pairs.user ? method.pair(n) : undefined;
        await act.cipherText(who, method.app, method.cipherText(n), { pair });
      }
    };

    test(`the timeline of ${WALLETS} random wallets is what Portal and the app are given, before and after a restore (seed ${SEED})`, {
      timeout: 600_000,
    }, async () => {
      for (let index = 0; index < WALLETS; index++) {
        const random = randomness(SEED + index);
        const wallet = new Wallet(user(`wallet-${index}`), random);
        await act.register(wallet.user);
        await live(wallet);
        const now = await timeline(wallet.user);
        const what = `MODEL_SEED=${SEED}, wallet ${index}`;
        await assertSame(wallet.user, now.given, what);
        const superseded = now.versions.filter((version) => version.supersededAt !== null);
        if (superseded.length === 0) continue;
        const { id } = random.pick(superseded);
        const preview = await timeline(wallet.user, { restored: id });
        assert.deepEqual(preview.given, now.given);
        await act.restoreVersion(wallet.user, id);
        await assertSame(wallet.user, preview.ifRestored, `${what}, restored ${id}`);
        assert.deepEqual(sorted((await timeline(wallet.user)).given), sorted(preview.ifRestored), what);
      }
    });
  });
}

describe("the timeline", () => {
  let worker;
  let act;
  const ada = user("ada");
  before(async () => {
    worker = await startWorker();
    act = backups(worker);
    await act.register(ada);
    for (const n of [1, 2, 3]) {
      await act.custodian(ada, "GDRIVE-SECP256K1", `c${n}`, { pair: `p${n}` });
      await act.cipherText(ada, "GDRIVE", `u${n}`, { pair: `p${n}` });
    }
  });
  after(() => worker?.stop());
  const get = (query = "", who = ada) => act.admin("GET", `${act.path(who)}/timeline${query}`);

  test("joins each cipher text with the custodian share of its backup", async () => {
    const { versions } = (await get()).body;
    assert.equal(versions.length, 6);
    for (const version of versions.filter(({ kind }) => kind === "user")) {
      const mates = versions.filter(({ id }) => version.mates.includes(id));
      assert.deepEqual(
        mates.map((mate) => mate.backupSharePairId),
        [version.backupSharePairId],
      );
    }
  });

  test("comes in pages, and names what it speaks of on each", async () => {
    const all = (await get()).body.versions.map(({ id }) => id);
    const ids = [];
    let cursor = "";
    do {
      const { status, body, text } = await get(`?limit=2${cursor && `&cursor=${cursor}`}`);
      assert.equal(status, 200, text);
      const there = [...body.versions, ...body.named].map(({ id }) => id);
      for (const id of body.given) assert.ok(there.includes(id));
      ids.push(...body.versions.map(({ id }) => id));
      cursor = body.cursor;
    } while (cursor);
    assert.deepEqual(ids, all);
  });

  test("knows who was deleted, and nobody else", async () => {
    const bob = user("bob");
    await act.register(bob);
    await act.deleteUser(bob);
    const { body } = await get("", bob);
    assert.equal(body.user, null);
    assert.deepEqual(
      body.deletions.map(({ clientId }) => clientId),
      [bob.clientId],
    );
    assertProblem(await get("", user("nobody")), 404, "unknown_user");
  });

  test("of a version that is current or unknown it says nothing", async () => {
    const { versions } = (await get()).body;
    const current = versions.find(({ supersededAt }) => supersededAt === null);
    assertProblem(await get(`?restored=${current.id}`), 404, "not_found");
    assertProblem(await get("?restored=nothing"), 404, "not_found");
    assertProblem(await get("?cursor=nothing"), 400, "invalid_field", { field: "cursor" });
  });

  test("tells until when an eject window is open", async () => {
    assert.equal((await get()).body.ejectableUntil, null);
    const { body } = await act.admin("POST", `${act.path(ada)}/eject`, { minutes: 5 });
    assert.equal((await get()).body.ejectableUntil, body.ejectableUntil);
  });
});
