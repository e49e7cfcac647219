// What the databases of the model have, and what an operator's requests give.

import assert from "node:assert/strict";

import { open } from "../../support/sealing.mjs";
import { KEYS, admin, worker } from "./world.mjs";

export async function surely(method, where, body) {
  const { status, body: answer, text } = await admin(method, where, body);
  assert.ok(status === 200 || status === 204, `${status}: ${text}`);
  return answer;
}
export const api = {
  origin: "model",
  post: (where, body) => surely("POST", where, body),
  put: (where, body) => surely("PUT", where, body),
};

/** Sealed shares that were opened once. */
export const opened = new Map();
export async function textOf({ sealed, keyId, kind, userId, clientId, backupMethod }) {
  if (!opened.has(sealed)) {
    const place = { kind, owner: kind === "user" ? userId : clientId, backupMethod };
    opened.set(sealed, await open(KEYS[keyId], place, sealed));
  }
  return opened.get(sealed);
}

export const LOOKS = (() => {
  const marked = (id, ...states) =>
    `EXISTS (SELECT 1 FROM moves m WHERE m.kind = 'user' AND m.value = ${id} AND m.state IN ('${states.join("', '")}'))`;
  const columns = `t.user_id AS userId, t.backup_method AS backupMethod, t.sealed_share AS sealed, t.key_id AS keyId, t.id AS version, ${marked("t.user_id", "arriving")} AS isArriving`;
  const current = (kind) =>
    `SELECT '${kind}' AS kind, 1 AS isCurrent, u.client_id AS clientId, ${columns}
     FROM ${kind}_backup_shares t JOIN users u ON u.id = t.user_id`;
  return [
    `SELECT DISTINCT id, 'user' AS row FROM users WHERE NOT ${marked("users.id", "arriving", "moved")}
     UNION ALL SELECT DISTINCT id, 'deleted' FROM deleted_users d WHERE NOT ${marked("d.id", "arriving", "moved")}`,
    `${current("custodian")} UNION ALL ${current("user")}
     UNION ALL SELECT kind, 0, client_id, ${columns} FROM backup_share_versions t`,
  ];
})();

/** What the homes have: `people`, each in the homes whose own it is, and all `shares`, opened; those that are arriving are nobody's yet. */
export async function look() {
  const homes = await Promise.all(worker.homes.map((db) => db.batch(LOOKS.map((text) => db.prepare(text)))));
  const [people, shares] = LOOKS.map((_, at) =>
    homes.flatMap((answers, home) => answers[at].results.map((row) => ({ ...row, home }))),
  );
  return { people, shares: await Promise.all(shares.map(async (row) => ({ ...row, text: await textOf(row) }))) };
}

/** What a change that was not acknowledged has done after all. */
export async function observe(person) {
  const own = (await look()).people.filter(({ id }) => id === person.user.id);
  person.state = own.some(({ row }) => row === "user") ? "registered" : own.length > 0 ? "deleted" : "unknown";
}

/** The home that has the person, registered or deleted, as its own. */
export const homeOf = async (person) => (await look()).people.find(({ id }) => id === person.user.id)?.home;
