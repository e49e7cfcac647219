// What the second copy's objects make of a user, once more and in JavaScript: what the Worker's own replay (src/domain/journal.rs) is held against.

/** The objects of a bucket as `[name, parsed body]`, all users' together, each user's in order. */
const entriesOf = (objects) =>
  [...objects]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => [name, typeof text === "string" ? JSON.parse(text) : text]);

const share = ({
  id,
  userId,
  clientId,
  backupMethod,
  backupSharePairId,
  createdAt,
  storedAt,
  keyId,
  shareDigest,
  sealedShare,
}) => ({
  id,
  userId,
  clientId,
  backupMethod,
  backupSharePairId,
  createdAt,
  storedAt,
  keyId,
  shareDigest,
  sealedShare,
});

/** What stands beside a current share: the marks of a cipher text. */
const marked = (entry) => ({
  ...share(entry),
  replacedAloneAt: entry.replacedAloneAt ?? null,
  textDigest: entry.textDigest ?? null,
});

/** The rows that a database rebuilt from the objects has: `{ users, current, history, deleted }`, each a Map by a row's identity. */
export function replay(objects) {
  const users = new Map();
  const current = new Map();
  const history = new Map();
  const deleted = new Map();
  for (const [, entry] of entriesOf(objects)) {
    const place = `${entry.userId}|${entry.kind}|${entry.backupMethod?.toLowerCase()}`;
    const version = `${entry.userId}|${entry.kind}|${entry.id}`;
    switch (entry.what) {
      case "user":
        users.set(entry.userId, [
          entry.id,
          entry.clientId,
          entry.clientApiKeyHash,
          entry.createdAt,
          Number(entry.madeByWebhook ?? 0),
        ]);
        break;
      case "deleted":
        users.delete(entry.userId);
        deleted.set(`${entry.userId}|${entry.deletedAt}`, [
          entry.clientId,
          entry.clientApiKeyHash,
          entry.createdAt,
          Number(entry.madeByWebhook ?? 0),
        ]);
        break;
      case "share": {
        history.delete(version);
        const before = current.get(place);
        current.set(place, marked(entry));
        const keep = (id, at) => (history.get(`${entry.userId}|${entry.kind}|${id}`).supersededAt = at);
        if (before && before.id !== entry.id) {
          history.set(`${entry.userId}|${entry.kind}|${before.id}`, {
            ...share(before),
            reason: "replaced",
            importedAt: null,
          });
          keep(before.id, entry.at);
        }
        if (history.has(`${entry.userId}|${entry.kind}|${entry.displaced}`)) keep(entry.displaced, entry.displacedAt);
        break;
      }
      case "version":
        history.set(version, {
          ...share(entry),
          reason: entry.reason,
          importedAt: entry.importedAt,
          supersededAt: entry.supersededAt,
        });
        break;
      case "removed":
        if (entry.kind === null) deleted.delete(`${entry.userId}|${entry.deletedAt}`);
        else if (!entry.supersededAt) history.delete(version);
        else if (current.get(place)?.id === entry.id) {
          history.set(version, {
            ...share(current.get(place)),
            reason: "deleted",
            importedAt: null,
            supersededAt: entry.supersededAt,
          });
          current.delete(place);
        }
        break;
      case "purged": {
        const forget = (rows, client) => {
          for (const [key, row] of rows)
            if (key.startsWith(`${entry.userId}|`) && client(row) === entry.clientId) rows.delete(key);
        };
        if (users.get(entry.userId)?.[1] === entry.clientId) users.delete(entry.userId);
        forget(current, (row) => row.clientId);
        forget(history, (row) => row.clientId);
        forget(deleted, ([clientId]) => clientId);
      }
    }
  }
  return { users, current, history, deleted };
}

/** The same of a database: `query` gives a statement's rows. */
export async function rowsOf(query) {
  const columns = (t) =>
    `${t}.id, ${t}.user_id AS userId, u.client_id AS clientId, ${t}.backup_method AS backupMethod,
     ${t}.backup_share_pair_id AS backupSharePairId, ${t}.created_at AS createdAt, ${t}.updated_at AS storedAt,
     ${t}.key_id AS keyId, ${t}.share_digest AS shareDigest, ${t}.sealed_share AS sealedShare`;
  const map = (rows, entry) => new Map(rows.map(entry));
  const current = new Map();
  for (const kind of ["custodian", "user"]) {
    for (const row of await query(
      `SELECT ${columns("t")}, ${kind === "user" ? "replaced_alone_at" : "NULL"} AS replacedAloneAt,
       ${kind === "user" ? "text_digest" : "NULL"} AS textDigest FROM ${kind}_backup_shares t JOIN users u ON u.id = t.user_id`,
    ))
      current.set(`${row.userId}|${kind}|${row.backupMethod.toLowerCase()}`, { ...row });
  }
  return {
    users: map(
      await query("SELECT id, client_id, client_api_key_hash AS hash, created_at AS at, made_by_webhook FROM users"),
      (row) => [row.id, [row.id, row.client_id, row.hash, row.at, row.made_by_webhook]],
    ),
    current,
    history: map(
      await query(`SELECT id, user_id AS userId, client_id AS clientId, kind, backup_method AS backupMethod,
        backup_share_pair_id AS backupSharePairId, created_at AS createdAt, stored_at AS storedAt, key_id AS keyId,
        share_digest AS shareDigest, sealed_share AS sealedShare, reason, imported_at AS importedAt,
        superseded_at AS supersededAt FROM backup_share_versions`),
      ({ kind, ...row }) => [`${row.userId}|${kind}|${row.id}`, row],
    ),
    deleted: map(
      await query(
        "SELECT id, client_id, client_api_key_hash AS hash, created_at AS at, deleted_at, made_by_webhook FROM deleted_users",
      ),
      (row) => [`${row.id}|${row.deleted_at}`, [row.client_id, row.hash, row.at, row.made_by_webhook]],
    ),
  };
}

/** The rows in one order, for a comparison. */
export const inOrder = (rows) =>
  Object.fromEntries(
    Object.entries(rows).map(([table, map]) => [
      table,
      [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, row]) => [key, { ...row }]),
    ]),
  );
