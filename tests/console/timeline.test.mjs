// What the operators' page says that Portal and the app would be given, against what they are given.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { launch, noBrowser } from "../support/browser.mjs";
import { assertProblem, sorted, user } from "../support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS, goTo, openConsole, signIn } from "../support/console.mjs";
import { SECRETS, startWorker } from "../support/harness.mjs";
import { open } from "../support/sealing.mjs";
import { Wallet, randomness } from "../support/wallet-model.mjs";

const SEED = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 32));
/** Another number with WALLETS=…; forty take a minute, and several on a busy machine. Each run has others. */
const WALLETS = Number(process.env.WALLETS ?? 40);
const TIMEOUT_MS = 900_000;
/** So many of them are looked at on the page itself. */
const ON_THE_PAGE = 25;
/** So many wallets at a time: while one awaits the database, another is compared. */
const AT_A_TIME = 8;
const STEPS = 14;
const KEY = SECRETS.SHARE_ENCRYPTION_KEYS.split(":")[1];

describe(`of ${WALLETS} random wallets (MODEL_SEED=${SEED})`, { timeout: TIMEOUT_MS }, () => {
  let worker;
  let act;
  let wallets;
  before(
    async () => {
      worker = await startWorker({
        assets: true,
        secrets: { OPERATOR_TOKENS },
        siblings: { always: { FETCH_SUPERSEDED: "always" }, never: { FETCH_SUPERSEDED: "never" } },
      });
      act = backups(worker);
      wallets = Array.from(
        { length: WALLETS },
        (_, index) => new Wallet(user(`wallet-${index}`), randomness(SEED + index)),
      );
      await forEachWallet(async (wallet) => {
        await act.register(wallet.user);
        await live(wallet);
      });
    },
    { timeout: TIMEOUT_MS },
  );
  after(() => worker?.stop());

  async function forEachWallet(work, some = wallets) {
    const left = some.entries();
    const turns = Array.from({ length: AT_A_TIME }, async () => {
      for (const [index, wallet] of left) await work(wallet, `wallet ${index}`);
    });
    await Promise.all(turns);
  }

  /** Random backups, whole and broken off. */
  async function live({ random, user: who, methods }) {
    for (let step = 0; step < STEPS; step++) {
      const method = random.pick(methods);
      const n = ++method.latest;
      for (const row of method.rows) {
        if (!random.chance(0.8)) continue;
        await act.custodian(who, row, method.custodian(row, n), { pair: method.named(n, row) });
      }
      if (!random.chance(0.6)) continue;
      const pair = method.pairs.user ? method.pair(n) : undefined;
      await act.cipherText(who, method.app, method.cipherText(n), { pair });
    }
  }

  async function timeline(on, who, query = {}) {
    const path = `${on.path(who)}/timeline?${new URLSearchParams({ limit: 1000, ...query })}`;
    const { status, body, text } = await on.admin("GET", path);
    assert.equal(status, 200, text);
    return body;
  }
  /** The texts of versions, opened. */
  async function textsOf(who, ids) {
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
    return { custodian: sorted(texts.custodian), user: sorted(texts.user) };
  }
  /** What Portal and the app are given, really. */
  async function given(on, who) {
    const methods = await worker.sql("SELECT backup_method FROM user_backup_shares WHERE user_id = ?", who.id);
    const texts = await Promise.all(methods.map((row) => on.recovered(who, { backupMethod: row.backup_method })));
    return { custodian: sorted(await on.fetched(who)), user: sorted(texts) };
  }

  for (const policy of ["half-finished", "always", "never"]) {
    test(`the timeline is what Portal and the app are given, before and after a restore, with FETCH_SUPERSEDED = ${policy}`, {
      timeout: 300_000,
    }, async () => {
      const on = policy === "half-finished" ? act : backups(worker.sibling(policy));
      let restored = 0;
      await forEachWallet(async ({ user: who, random }, what) => {
        const now = await timeline(on, who);
        assert.deepEqual(await textsOf(who, now.given), await given(on, who), what);
        const superseded = now.versions.filter((version) => version.supersededAt !== null);
        if (superseded.length === 0) return;
        const { id } = random.pick(superseded);
        const preview = await timeline(on, who, { restored: id });
        assert.deepEqual(preview.given, now.given);
        const claimed = await textsOf(who, preview.ifRestored);
        await on.restoreVersion(who, id);
        assert.deepEqual(claimed, await given(on, who), `${what}, restored ${id}`);
        assert.deepEqual(sorted((await timeline(on, who)).given), sorted(preview.ifRestored), what);
        restored += 1;
      });
      assert.ok(restored > WALLETS / 2, `${restored} restores`);
    });
  }

  test(`the page marks as given what Portal and the app are given: ${ON_THE_PAGE} of them in a browser`, {
    skip: noBrowser,
    timeout: 300_000,
  }, async () => {
    const browser = await launch();
    try {
      const { page } = await openConsole(browser, worker);
      await signIn(page, OPERATORS.viewer);
      for (const [index, { user: who }] of wallets.slice(0, ON_THE_PAGE).entries()) {
        await goTo(page, `#/users/${who.id}`);
        const spoken = await page
          .locator(".timeline button")
          .evaluateAll((marks) => marks.map((mark) => mark.ariaLabel));
        // "Custodian share GDRIVE-ED25519, stored …, current, given to Portal now"
        const marked = (kind, to) =>
          spoken.flatMap(
            (label) => label.match(new RegExp(`^${kind} (.*), stored .*, given to ${to} now$`))?.[1] ?? [],
          );
        const texts = await given(act, who);
        assert.deepEqual(
          [sorted(marked("Custodian share", "Portal")), marked("Cipher text", "the app").length],
          [sorted(texts.custodian.map((text) => /([\w-]+) custodian share \d/.exec(text)[1])), texts.user.length],
          `wallet ${index}`,
        );
      }
    } finally {
      await browser.close();
    }
  });
});

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

  test("comes in pages to its end where two versions have one id and one time", async () => {
    const twins = user("twins");
    await act.register(twins);
    await act.custodian(twins, "GDRIVE-SECP256K1", "c");
    await act.cipherText(twins, "GDRIVE", "u");
    for (const table of ["custodian_backup_shares", "user_backup_shares"])
      await worker.sql(
        `UPDATE ${table} SET id = 'twin', updated_at = '2026-01-01T00:00:00.000Z' WHERE user_id = ?`,
        twins.id,
      );
    // The rows of before are in the history, with ids of their own.
    const all = (await get("", twins)).body.versions.map(({ kind, id }) => [kind, id]);
    assert.equal(all.filter(([, id]) => id === "twin").length, 2);
    const paged = [];
    let cursor = "";
    do {
      const { status, body, text } = await get(`?limit=1${cursor && `&cursor=${cursor}`}`, twins);
      assert.equal(status, 200, text);
      paged.push(...body.versions.map(({ kind, id }) => [kind, id]));
      cursor = body.cursor;
    } while (cursor && paged.length <= all.length);
    assert.deepEqual(paged, all);
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
