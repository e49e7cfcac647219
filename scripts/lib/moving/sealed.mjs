// Opens what the Worker has sealed. The format is in src/domain/sealing.rs; the golden bytes of its tests hold here too.

import { Failure } from "../log.mjs";

const VERSION = 1;
const HEADER_LENGTH = 13; // the version and the nonce
const DOMAIN = "portal-backup-worker";
/** As many keys SHARE_ENCRYPTION_KEYS may have. */
export const MOST_KEYS = 16;

/** The keys of SHARE_ENCRYPTION_KEYS (`id:base64[,id:base64]`) by id. What the Worker refuses is refused here too. */
export async function openingKeys(setting) {
  const keys = new Map();
  const entries = setting.split(",");
  if (entries.length > MOST_KEYS) throw new Failure(`SHARE_ENCRYPTION_KEYS: more than ${MOST_KEYS} entries.`);
  for (const [index, entry] of entries.entries()) {
    const [, id, base64] = entry.trim().match(/^([A-Za-z0-9._-]{1,32}):([A-Za-z0-9+/]{43}=)$/) ?? [];
    if (!id) throw new Failure(`SHARE_ENCRYPTION_KEYS: entry ${index + 1} is not id:base64-of-32-bytes.`);
    if (keys.has(id))
      throw new Failure(
        `SHARE_ENCRYPTION_KEYS: entry ${index + 1} has the id of another entry, "${id}".`,
        "The Worker refuses two keys of one id. Give only the one that its shares were sealed with.",
      );
    const bytes = Buffer.from(base64, "base64");
    keys.set(id, await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["decrypt"]));
  }
  return keys;
}

/** The place that a share was sealed for, every part behind its length. */
function associatedData({ kind, owner, backupMethod }) {
  const parts = [
    Buffer.from(DOMAIN),
    Buffer.from([VERSION]),
    Buffer.from(kind),
    Buffer.from(owner),
    Buffer.from(backupMethod),
  ];
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

/** The share, or undefined if it does not open with these keys at this place. */
export async function open(keys, { keyId, sealedShare, ...place }) {
  const key = keys.get(keyId);
  const bytes = Buffer.from(sealedShare, "base64");
  if (!key || bytes[0] !== VERSION) return undefined;
  try {
    const share = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: bytes.subarray(1, HEADER_LENGTH), additionalData: associatedData(place) },
      key,
      bytes.subarray(HEADER_LENGTH),
    );
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(share);
  } catch {
    return undefined;
  }
}

/** What the Worker's canary of a key is sealed from, and what the digests' keys are derived for (src/vault.rs, src/domain/sealing.rs). */
const CANARY = "portal-backup-worker canary";
const DIGEST_KEY_INFO = "portal-backup-worker share digest v1";

/** The check of a key, `id:base64`, as the Worker keeps it with the key's canary: tells the same key again, and nothing of it. */
export async function keyCheck(entry) {
  const at = entry.indexOf(":");
  const secret = await crypto.subtle.importKey(
    "raw",
    Buffer.from(entry.slice(at + 1).trim(), "base64"),
    "HKDF",
    false,
    ["deriveKey"],
  );
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: Buffer.from(DIGEST_KEY_INFO) };
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  const key = await crypto.subtle.deriveKey(derivation, secret, hmac, false, ["sign"]);
  const place = associatedData({ kind: "canary", owner: entry.slice(0, at).trim(), backupMethod: "" });
  return Buffer.from(await crypto.subtle.sign("HMAC", key, Buffer.concat([place, Buffer.from(CANARY)]))).toString(
    "base64",
  );
}
