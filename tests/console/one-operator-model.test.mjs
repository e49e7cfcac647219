// One operator alone, with every right and with API keys of their own, against what FOUR_EYES promises: random histories of registrations,
// deletions, restores, imports and removals by that one, between honest apps, webhooks and operators. After each step no key of that operator opens
// what an honest app or Portal stored, and nothing honest is gone.
//
// A failure prints the seed and the steps: MODEL_SEED=… MODEL_STEPS=… npm test -- --only=one-operator-model repeats it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { importOf } from "../support/bulk.mjs";
import { OPERATORS, OPERATOR_TOKENS } from "../support/console.mjs";
import { PORTAL_API_KEY, startFakePortal } from "../support/fake-portal.mjs";
import { startWorker } from "../support/harness.mjs";
import { open } from "../support/sealing.mjs";
import { randomness } from "../support/wallet-model.mjs";

const SEED = Number(process.env.MODEL_SEED ?? 1);
const STEPS = Number(process.env.MODEL_STEPS ?? 100);
const KEY = Buffer.alloc(32, 1).toString("base64");
const CAROL = "a-third-admin-token-0123456789abcdef0123456";

const { chance, pick, weighted } = randomness(SEED);
/** In every second history apps may sign in by Portal, too: then an operator may ask for a user's session. */
const byPortal = chance(0.5);
const portal = await startFakePortal();
const worker = await startWorker({
  secrets: {
    OPERATOR_TOKENS: `${OPERATOR_TOKENS},carol:admin:${CAROL}`,
    SHARE_ENCRYPTION_KEYS: `k1:${KEY}`,
    ...(byPortal && { PORTAL_API_KEY }),
  },
  vars: {
    FOUR_EYES: "eject,purge,client-api-key,session",
    UNKNOWN_CLIENTS: "register",
    PURGE_DELAY_HOURS: "0",
    ...(byPortal && { CLIENT_AUTH: "client-api-key,portal" }),
  },
  outbound: portal.outbound,
});
after(async () => {
  await worker.stop();
  await portal.stop();
});

const act = backups(worker);
const CLIENTS = ["client-1", "client-2"];
const IDS = ["ada", "bob", ...CLIENTS];
const METHODS = ["GDRIVE", "PASSWORD"];
const honestKey = (clientId) => `honest-api-key-of-${clientId}`;
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
/** By their hashes: all API keys that the one operator has ever named. */
const ownKeys = new Map();
function ownKey() {
  const key = `api-key-${ownKeys.size}-of-mallory`;
  ownKeys.set(sha256(key), key);
  return key;
}
const MALLORY = OPERATORS.admin.token;
const CARL = OPERATORS.chief.token;

const steps = [];
/** Honest texts that were acknowledged. */
const honest = new Set();
let texts = 0;
/** Session tokens that the one operator got: `{ clientId, token, texts }`. One from before a cipher text opens it (docs/threat-model.md). */
const sessions = [];

const ask = (token, method, path, body) => worker.send(method, path, { bearer: token, body });
const path = (id) => `/users/${id}`;
const users = () => worker.sql("SELECT id, client_id AS clientId, client_api_key_hash AS hash FROM users");
/** Whatever the answer is but a fault of the server. */
const tried = async (answer) => {
  const { status, text, body } = await answer;
  assert.ok(status < 500, `${status}: ${text}`);
  steps.push(`    ${status} ${body?.code ?? body?.results?.[0]?.outcome ?? ""}`);
  return { status, body };
};
const moment = () => new Date(Date.now() + pick([-86_400_000, -3_600_000, -1, 0, 3_600_000])).toISOString();

/** Mostly somebody of whom something is there. */
async function somebody() {
  const known = await worker.sql(
    `SELECT id, client_id AS clientId FROM users UNION ALL SELECT id, client_id FROM deleted_users
     UNION SELECT user_id, client_id FROM backup_share_versions`,
  );
  return chance(0.8) && known.length > 0 ? pick(known) : { id: pick(IDS), clientId: pick(CLIENTS) };
}

const HONEST = {
  async store() {
    const user = pick((await users()).filter(({ clientId, hash }) => hash === sha256(honestKey(clientId))));
    if (!user) return undefined;
    const text = `honest cipher text ${++texts}`;
    const who = { ...user, clientApiKey: honestKey(user.clientId) };
    const { status } = await act.storeCipherText(who, pick(METHODS), text, { pair: pick([undefined, `p${texts}`]) });
    assert.equal(status, 200);
    honest.add(text);
    return `${user.id}: ${text}`;
  },
  async custodian() {
    const clientId = pick(CLIENTS);
    const text = `honest custodian share ${++texts}`;
    const { status } = await act.storeCustodian({ clientId }, `${pick(METHODS)}-SECP256K1`, text);
    // The client's own id may be another client's user.
    assert.ok(status === 204 || status === 404, `${status}`);
    if (status === 204) honest.add(text);
    return `${clientId}: ${text}, ${status}`;
  },
  async register() {
    const { id, clientId } = await somebody();
    const body = { id, clientId, clientApiKey: pick([honestKey(clientId), honestKey(clientId), undefined]) };
    await tried(ask(CAROL, "POST", "/users", body));
    return JSON.stringify(body);
  },
  /** Two of them, who know the app's key. */
  async setKey() {
    const user = pick(await users());
    if (!user) return undefined;
    const clientApiKey = honestKey(user.clientId);
    const { body } = await tried(ask(CAROL, "PUT", `${path(user.id)}/client-api-key`, { clientApiKey }));
    if (body.id) await tried(ask(CARL, "POST", `/approvals/${body.id}`));
    return user.id;
  },
  /** Two of them, for an app that has its own key. */
  async eject() {
    const user = pick((await users()).filter(({ clientId, hash }) => hash === sha256(honestKey(clientId))));
    if (!user) return undefined;
    const { body } = await tried(ask(CAROL, "POST", `${path(user.id)}/eject`, {}));
    await tried(ask(CARL, "POST", `/approvals/${body.id}`));
    return user.id;
  },
};

const ONE_ALONE = {
  async register() {
    const { id, clientId } = await somebody();
    const body = { id, clientId, clientApiKey: pick([ownKey(), ownKey(), undefined]) };
    await tried(ask(MALLORY, "POST", "/users", body));
    return JSON.stringify(body);
  },
  async delete() {
    const { id } = await somebody();
    await tried(ask(MALLORY, "DELETE", path(id)));
    return id;
  },
  async restore() {
    const { id, clientId } = await somebody();
    await tried(ask(MALLORY, "POST", `${path(id)}/restore`, pick([{ clientId }, undefined])));
    return `${id} ${clientId}`;
  },
  async restoreVersion() {
    const { id } = await somebody();
    const { body } = await ask(MALLORY, "GET", `${path(id)}/backups/history`);
    const version = pick(body.versions ?? []);
    if (version) await tried(ask(MALLORY, "POST", `${path(id)}/backups/restore`, { versionId: version.id }));
    return id;
  },
  async removeMethod() {
    const { id } = await somebody();
    await tried(ask(MALLORY, "DELETE", `${path(id)}/backups?backupMethod=${pick(METHODS)}`));
    return id;
  },
  async importUser() {
    const { id, clientId } = await somebody();
    const record = {
      type: "user",
      id,
      clientId,
      ...pick([
        { clientApiKey: ownKey() },
        { clientApiKey: ownKey() },
        // An export tells the hash of everybody's key.
        { clientApiKeyHash: sha256(honestKey(pick(CLIENTS))) },
        {},
      ]),
      ...pick([{}, { deletedAt: moment() }, { createdAt: moment() }]),
      ...pick([{}, {}, { madeByWebhook: true }]),
    };
    await tried(importOf(worker, [record]));
    return JSON.stringify(record);
  },
  async importShare() {
    const { id: userId } = await somebody();
    const record = {
      type: "userBackupShare",
      id: `imported-${++texts}`,
      userId,
      backupMethod: pick(METHODS),
      cipherText: `junk ${texts}`,
      storedAt: moment(),
      ...pick([{}, { supersededAt: moment(), reason: pick(["replaced", "deleted"]) }]),
    };
    await tried(importOf(worker, [record], pick(["", "?replaceOlder=true"])));
    return JSON.stringify(record);
  },
  async askKey() {
    const { id } = await somebody();
    await tried(ask(MALLORY, "PUT", `${path(id)}/client-api-key`, { clientApiKey: ownKey() }));
    return id;
  },
  async askEject() {
    const { id } = await somebody();
    await tried(ask(MALLORY, "POST", `${path(id)}/eject`, {}));
    return id;
  },
  async askPurge() {
    const { id, clientId } = await somebody();
    await tried(ask(MALLORY, "DELETE", `${path(id)}?purge=${clientId}`));
    return id;
  },
  async approve() {
    const { body } = await ask(MALLORY, "GET", "/approvals");
    const request = pick(body.approvals);
    if (request) await tried(ask(MALLORY, "POST", `/approvals/${request.id}`));
    return JSON.stringify(request);
  },
  async session() {
    const { id } = await somebody();
    const { status, body } = await tried(ask(MALLORY, "POST", `${path(id)}/session`));
    if (status !== 200) return id;
    const { clientId } = (await users()).find((user) => user.id === id);
    portal.clients.push({ id: clientId, clientSessionToken: body.clientSessionToken });
    sessions.push({ clientId, token: body.clientSessionToken, texts });
    return `${id}, of ${clientId}`;
  },
  async storeJunk() {
    const user = pick((await users()).filter(({ hash }) => ownKeys.has(hash)));
    if (user) await act.cipherText({ ...user, clientApiKey: ownKeys.get(user.hash) }, pick(METHODS), `junk ${++texts}`);
    return user?.id;
  },
  maintain: async () => void (await worker.scheduled()),
};

const WEIGHTS = {
  honest: { store: 8, custodian: 4, register: 4, setKey: 3, eject: 2 },
  alone: {
    register: 6,
    delete: 5,
    restore: 6,
    restoreVersion: 3,
    removeMethod: 1,
    importUser: 6,
    importShare: 2,
    askKey: 2,
    askEject: 2,
    askPurge: 2,
    approve: 2,
    storeJunk: 3,
    session: byPortal ? 5 : 0,
    maintain: 1,
  },
};

test(`one operator alone opens and destroys nothing that FOUR_EYES guards (seed ${SEED})`, async () => {
  try {
    for (let step = 0; step < STEPS; step++) {
      const isHonest = chance(0.35);
      const name = weighted(isHonest ? WEIGHTS.honest : WEIGHTS.alone);
      steps.push(`${isHonest ? "honest" : "one alone"}: ${name}`);
      const what = await (isHonest ? HONEST : ONE_ALONE)[name]();
      if (what) steps.push(`  ${what}`);
      await opensNothing();
      await nothingOfBefore();
      await nothingIsGone();
    }
  } catch (error) {
    throw new Error(`${error.message}\nMODEL_SEED=${SEED}\n${steps.join("\n")}`, { cause: error });
  }
});

async function opensNothing() {
  for (const user of (await users()).filter(({ hash }) => ownKeys.has(hash))) {
    const who = { ...user, clientApiKey: ownKeys.get(user.hash) };
    for (const backupMethod of METHODS) {
      const text = await act.recovered(who, { backupMethod });
      assert.ok(!honest.has(text), `${who.clientApiKey} opens ${text} of ${user.id}`);
    }
    const windows = await worker.sql("SELECT 1 FROM eject_windows WHERE user_id = ?", user.id);
    for (const backupMethod of windows.length > 0 ? METHODS : []) {
      const { status, text } = await act.app(
        who,
        "GET",
        `${path(user.id)}/custodian-backup-share?backupMethod=${backupMethod}-SECP256K1`,
      );
      assert.notEqual(status, 200, `${who.clientApiKey} gets ${text} of ${user.id}`);
    }
  }
}

async function nothingOfBefore() {
  for (const { clientId, token, texts } of sessions.slice(-3)) {
    const user = (await users()).find((user) => user.clientId === clientId);
    for (const backupMethod of user ? METHODS : []) {
      const text = await act.recovered({ ...user, clientApiKey: token }, { backupMethod });
      const number = Number(text?.match(/^honest cipher text (\d+)$/)?.[1] ?? Infinity);
      assert.ok(number > texts, `a session from before text ${texts + 1} opens ${text} of ${user.id}`);
    }
  }
}

async function nothingIsGone() {
  const columns = "backup_method, key_id, sealed_share";
  const rows = await worker.sql(
    `SELECT 'custodian' AS kind, u.client_id AS owner, ${columns} FROM custodian_backup_shares JOIN users u ON u.id = user_id
     UNION ALL SELECT 'user', user_id, ${columns} FROM user_backup_shares
     UNION ALL SELECT kind, iif(kind = 'user', user_id, client_id), ${columns} FROM backup_share_versions`,
  );
  const there = await Promise.all(
    rows.map(({ kind, owner, backup_method: backupMethod, sealed_share: sealed }) =>
      open(KEY, { kind, owner, backupMethod }, sealed),
    ),
  );
  const kept = new Set(there);
  for (const text of honest) assert.ok(kept.has(text), `${text} is gone`);
}
