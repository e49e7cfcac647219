// The same protections as ours, written in JavaScript as well as we can: one batch per request, shares sealed with
// WebCrypto and bound to their place, a keyed digest so that the same share again makes no new version, an audit row in
// the same transaction, the app's credential checked in the same statement, one log line. It runs on our migrations, so
// the history triggers and the indexes are the same too, and its requests are counted by the same rate limits. Retries,
// deadlines and half-finished backups, which ours has as well, it leaves out.
import { Hono } from "hono";

const LIMIT = 512 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const NOW = "strftime('%Y-%m-%dT%H:%M:%fZ','now')";
const AUDIT = `INSERT INTO audit_events (id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address)
  SELECT ?1, ${NOW}, ?2, ?3, id, client_id, ?4, ?5, ?6, ?7 FROM users WHERE`;
const store = (table, where) => `INSERT INTO ${table}
  (id, user_id, backup_method, backup_share_pair_id, key_id, share_digest, created_at, updated_at, sealed_share)
  SELECT ?1, id, ?2, ?3, ?4, ?5, ${NOW}, ${NOW}, ?6 FROM users WHERE ${where}
  ON CONFLICT (user_id, backup_method) DO UPDATE SET id = excluded.id, backup_share_pair_id = excluded.backup_share_pair_id,
    key_id = excluded.key_id, share_digest = excluded.share_digest, updated_at = excluded.updated_at, sealed_share = excluded.sealed_share
    WHERE share_digest IS NOT excluded.share_digest`;
const SQL = {
  storeCustodian: store("custodian_backup_shares", "client_id = ?7"),
  storeUser: store("user_backup_shares", "id = ?7 AND client_api_key_hash = ?8"),
  auditClient: `${AUDIT} client_id = ?8 RETURNING user_id`,
  auditUser: `${AUDIT} id = ?8 AND client_api_key_hash = ?9 RETURNING user_id`,
  custodianShares: `SELECT s.backup_method, s.key_id, s.sealed_share FROM users u JOIN custodian_backup_shares s ON s.user_id = u.id
    WHERE u.client_id = ?1`,
  userShare: `SELECT s.backup_method, s.key_id, s.sealed_share FROM users u JOIN user_backup_shares s ON s.user_id = u.id
    WHERE u.id = ?1 AND u.client_api_key_hash = ?2 AND s.backup_method IN (?3, 'UNKNOWN') ORDER BY s.backup_method = 'UNKNOWN' LIMIT 1`,
};

const app = new Hono();

app.use(async (c, next) => {
  const began = Date.now();
  await next();
  const headers = c.res.headers;
  headers.set("Cache-Control", "no-store");
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Strict-Transport-Security", "max-age=63072000");
  headers.set("X-Request-Id", requestId(c));
  console.log(
    JSON.stringify({
      level: "info",
      method: c.req.method,
      route: c.get("route"),
      status: c.res.status,
      ms: Date.now() - began,
      ray: requestId(c),
    }),
  );
});

app.use("/webhook/*", async (c, next) => {
  if (!sameSecret(c.req.header("x-webhook-secret") ?? "", c.env.WEBHOOK_SECRET)) return problem(c, 401, "unauthorized");
  if (await isTooMany(c.env.WEBHOOK_LIMITER, source(c))) return problem(c, 429, "rate_limited");
  await next();
});

app.use("/users/:userId/*", async (c, next) => {
  if (await isTooMany(c.env.APP_LIMITER, `${source(c)} ${c.req.param("userId")}`))
    return problem(c, 429, "rate_limited");
  await next();
});

app.post("/webhook/backup", async (c) => {
  c.set("route", "/webhook/backup");
  const body = await readBody(c);
  if (body instanceof Response) return body;
  const { clientId, backupMethod = "UNKNOWN", backupSharePairId = null, share } = body;
  if (!named(clientId) || !named(backupMethod) || typeof share !== "string") return problem(c, 400, "invalid_field");
  const { keyId, sealed, digest } = await seal(c.env, "custodian", clientId, backupMethod, share);
  const [, audited] = await c.env.DB.batch([
    c.env.DB.prepare(SQL.storeCustodian).bind(
      newId(),
      backupMethod,
      backupSharePairId,
      keyId,
      digest,
      sealed,
      clientId,
    ),
    c.env.DB.prepare(SQL.auditClient).bind(
      newId(),
      "portal",
      "store",
      backupMethod,
      "ok",
      requestId(c),
      source(c),
      clientId,
    ),
  ]);
  if (audited.results.length === 0) return problem(c, 404, "unknown_client");
  return c.body(null, 204);
});

app.post("/webhook/backup/fetch", async (c) => {
  c.set("route", "/webhook/backup/fetch");
  const body = await readBody(c);
  if (body instanceof Response) return body;
  const { clientId } = body;
  if (!named(clientId)) return problem(c, 400, "invalid_field");
  const [found, audited] = await c.env.DB.batch([
    c.env.DB.prepare(SQL.custodianShares).bind(clientId),
    c.env.DB.prepare(SQL.auditClient).bind(newId(), "portal", "fetch", null, "ok", requestId(c), source(c), clientId),
  ]);
  if (audited.results.length === 0) return problem(c, 404, "unknown_client");
  const backupShares = await Promise.all(
    found.results.map((row) => open(c.env, "custodian", clientId, row.backup_method, row.key_id, row.sealed_share)),
  );
  return c.json({ backupShares });
});

app.post("/users/:userId/user-backup-share", async (c) => {
  c.set("route", "/users/:userId/user-backup-share");
  const keyHash = await credential(c);
  if (!keyHash) return problem(c, 401, "unauthorized");
  const body = await readBody(c);
  if (body instanceof Response) return body;
  const userId = c.req.param("userId");
  const { backupMethod = "UNKNOWN", backupSharePairId = null, cipherText } = body;
  if (!named(userId) || !named(backupMethod) || typeof cipherText !== "string") return problem(c, 400, "invalid_field");
  const { keyId, sealed, digest } = await seal(c.env, "user", userId, backupMethod, cipherText);
  const [, audited] = await c.env.DB.batch([
    c.env.DB.prepare(SQL.storeUser).bind(
      newId(),
      backupMethod,
      backupSharePairId,
      keyId,
      digest,
      sealed,
      userId,
      keyHash,
    ),
    c.env.DB.prepare(SQL.auditUser).bind(
      newId(),
      "client",
      "store",
      backupMethod,
      "ok",
      requestId(c),
      source(c),
      userId,
      keyHash,
    ),
  ]);
  if (audited.results.length === 0) return problem(c, 401, "unauthorized");
  return c.json({ message: "Successfully stored client backup share" });
});

app.get("/users/:userId/user-backup-share", async (c) => {
  c.set("route", "/users/:userId/user-backup-share");
  const keyHash = await credential(c);
  if (!keyHash) return problem(c, 401, "unauthorized");
  const userId = c.req.param("userId");
  const backupMethod = c.req.query("backupMethod") ?? "UNKNOWN";
  if (!named(userId) || !named(backupMethod)) return problem(c, 400, "invalid_field");
  const [found, audited] = await c.env.DB.batch([
    c.env.DB.prepare(SQL.userShare).bind(userId, keyHash, backupMethod),
    c.env.DB.prepare(SQL.auditUser).bind(
      newId(),
      "client",
      "fetch",
      backupMethod,
      "ok",
      requestId(c),
      source(c),
      userId,
      keyHash,
    ),
  ]);
  if (audited.results.length === 0) return problem(c, 401, "unauthorized");
  const [row] = found.results;
  if (!row) return problem(c, 404, "not_found");
  return c.json({ cipherText: await open(c.env, "user", userId, row.backup_method, row.key_id, row.sealed_share) });
});

async function isTooMany(limiter, key) {
  const { success } = await limiter.limit({ key: key ?? "-" });
  return !success;
}

/** The parsed body, or the answer that refuses it. */
async function readBody(c) {
  if (Number(c.req.header("content-length")) > LIMIT) return problem(c, 413, "body_too_large");
  try {
    return await c.req.json();
  } catch {
    return problem(c, 400, "invalid_json");
  }
}

async function credential(c) {
  const header = c.req.header("authorization");
  if (!header?.startsWith("Bearer ")) return undefined;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(header.slice(7)))).toHex();
}

function sameSecret(given, expected) {
  const [a, b] = [encoder.encode(given), encoder.encode(expected)];
  return a.length === b.length && crypto.subtle.timingSafeEqual(a, b);
}

const named = (text) => typeof text === "string" && text.length > 0 && text.length <= 128 && !/[\p{Cc}]/u.test(text);
const requestId = (c) => c.req.header("cf-ray") ?? "local";
const source = (c) => c.req.header("cf-connecting-ip") ?? null;
const problem = (c, status, code) =>
  c.body(JSON.stringify({ type: "about:blank", status, code }), status, { "content-type": "application/problem+json" });

/** A UUID v7: it sorts by time, so audit rows are appended. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = Date.now();
  for (let i = 0; i < 6; i++) bytes[i] = (now / 2 ** (8 * (5 - i))) & 255;
  bytes[6] = (bytes[6] & 15) | 112;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = bytes.toHex();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

let imported;
/** The keys, imported once per isolate: [{id, aes, mac}], the first seals. */
function keys(env) {
  return (imported ??= Promise.all(
    env.SHARE_ENCRYPTION_KEYS.split(",").map(async (entry) => {
      const [id, text] = entry.split(/:(.*)/s);
      const raw = Uint8Array.fromBase64(text);
      return {
        id,
        aes: await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]),
        mac: await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
      };
    }),
  ));
}

/** What a sealed share is bound to: each part with its length before it. */
function place(kind, owner, backupMethod) {
  return encoder.encode([kind, owner, backupMethod].map((part) => `${encoder.encode(part).length}:${part}`).join(""));
}

async function seal(env, kind, owner, backupMethod, share) {
  const [key] = await keys(env);
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const text = encoder.encode(share);
  const [cipherText, digest] = await Promise.all([
    crypto.subtle.encrypt(
      { name: "AES-GCM", iv: nonce, additionalData: place(kind, owner, backupMethod) },
      key.aes,
      text,
    ),
    crypto.subtle.sign("HMAC", key.mac, text),
  ]);
  const envelope = new Uint8Array(13 + cipherText.byteLength);
  envelope[0] = 1;
  envelope.set(nonce, 1);
  envelope.set(new Uint8Array(cipherText), 13);
  return { keyId: key.id, sealed: envelope.toBase64(), digest: new Uint8Array(digest).toBase64() };
}

async function open(env, kind, owner, backupMethod, keyId, sealed) {
  const key = (await keys(env)).find(({ id }) => id === keyId);
  const envelope = Uint8Array.fromBase64(sealed);
  const text = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: envelope.subarray(1, 13), additionalData: place(kind, owner, backupMethod) },
    key.aes,
    envelope.subarray(13),
  );
  return decoder.decode(text);
}

export default app;
