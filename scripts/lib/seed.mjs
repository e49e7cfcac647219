// Fills a local D1 with users and sealed shares, straight into its SQLite file: a million users in minutes.
// The file's schema must be there, and nothing else may write to it meanwhile.

import { createCipheriv, createHash, createHmac, createSecretKey, hkdfSync, randomFillSync } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const BATCH = 5_000; // users in a transaction
const STORED_AT = "2026-01-01T00:00:00.000Z";

/** The n-th user that `seed` makes. */
export function seededUser(n) {
  const number = String(n).padStart(7, "0");
  return { id: `user-${number}`, clientId: `client-${number}`, apiKey: `client-api-key-${number}` };
}

/** The SQLite files of the D1 databases in a folder of wrangler's. */
export function localDatabases(dir) {
  const folder = join(dir, "v3", "d1", "miniflare-D1DatabaseObject");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite")
    .map((name) => join(folder, name));
}

/**
 * Adds `users` users, those that are there already excepted; of several homes, those that live in this one. `keys` is a
 * SHARE_ENCRYPTION_KEYS.
 */
export async function seed(file, { users, shareBytes, keys, livesHere = () => true, onProgress = () => {} }) {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(file);
  // Seeded data can be made again, so nothing waits for the disk until the end.
  db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 50000");
  const insertUser = db.prepare(
    "INSERT OR IGNORE INTO users (id, client_id, client_api_key_hash, created_at) VALUES (?, ?, ?, ?)",
  );
  const insertShare = (table) =>
    db.prepare(
      `INSERT OR IGNORE INTO ${table} (id, user_id, backup_method, key_id, share_digest, created_at, updated_at, sealed_share)
       VALUES (?, ?, ?, ?, ?, '${STORED_AT}', '${STORED_AT}', ?)`,
    );
  const insertCustodian = insertShare("custodian_backup_shares");
  const insertOfUser = insertShare("user_backup_shares");
  const key = sealingKey(keys);
  const text = Buffer.alloc(shareBytes, "0123456789");
  const addShare = (statement, kind, user, owner, method) => {
    const { sealed, digest } = seal(key, kind, owner, method, text);
    statement.run(`${kind}-${user.id}-${method}`, user.id, method, key.id, digest, sealed);
  };

  for (let first = 0; first < users; first += BATCH) {
    const end = Math.min(first + BATCH, users);
    db.exec("BEGIN");
    let seeded = 0;
    for (let n = first; n < end; n++) {
      if (!livesHere(n)) continue;
      seeded += 1;
      const user = seededUser(n);
      insertUser.run(user.id, user.clientId, hashOf(user.apiKey), STORED_AT);
      for (const method of ["GDRIVE-SECP256K1", "GDRIVE-ED25519"])
        addShare(insertCustodian, "custodian", user, user.clientId, method);
      addShare(insertOfUser, "user", user, user.id, "GDRIVE");
    }
    db.exec("COMMIT");
    onProgress(seeded);
    await new Promise(setImmediate);
  }
  db.exec("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

const hashOf = (apiKey) => createHash("sha256").update(apiKey).digest("hex");

/** The first key of a SHARE_ENCRYPTION_KEYS. */
export function sealingKey(keys) {
  const [id, base64] = keys.split(",")[0].trim().split(/:(.*)/s);
  const bytes = Buffer.from(base64, "base64");
  const mac = hkdfSync("sha256", bytes, "", "portal-backup-worker share digest v1", 32);
  return { id, aes: createSecretKey(bytes), mac: createSecretKey(Buffer.from(mac)) };
}

const pool = Buffer.alloc(12 * 1024);
let used = pool.length;
/** Fresh random bytes; drawn in bulk, since each draw costs as much as a seal. */
function nonce() {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool.subarray(used, (used += 12));
}

/** The format of src/domain/sealing.rs, version 1. */
export function seal(key, kind, owner, method, text) {
  const parts = ["portal-backup-worker", "\u0001", kind, owner, method].map((part) => Buffer.from(part));
  const place = Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
  const iv = nonce();
  const cipher = createCipheriv("aes-256-gcm", key.aes, iv).setAAD(place);
  const sealed = Buffer.concat([Buffer.of(1), iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  const digest = createHmac("sha256", key.mac).update(place).update(text).digest("base64");
  return { sealed: sealed.toString("base64"), digest };
}
