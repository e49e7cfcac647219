// The format of sealed shares on Node's WebCrypto, to the letter of src/domain/sealing.rs: tests make rows with it, and
// look into rows that the Worker made.

import { hkdfSync, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";

import { inRoot } from "../../scripts/lib/paths.mjs";

const { subtle } = webcrypto;
const DOMAIN = "portal-backup-worker";
const HEADER = 13; // version and nonce

const golden = (part) => readFileSync(inRoot("tests", "golden", `custodian-share.v1.${part}.txt`), "utf8");

/** The row whose bytes are frozen; domain::sealing holds them too. */
export const GOLDEN = Object.freeze({
  keyId: "k1",
  key: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
  nonce: Buffer.from(Array.from({ length: 12 }, (_, i) => 0xa0 + i)),
  place: { kind: "custodian", owner: "client-golden", backupMethod: "GDRIVE-SECP256K1" },
  share: golden("share"),
  envelope: golden("envelope").trim(),
  digest: golden("digest").trim(),
});

function associatedData({ kind, owner, backupMethod }) {
  const parts = [
    Buffer.from(DOMAIN),
    Buffer.from([1]),
    ...[kind, owner, backupMethod].map((part) => Buffer.from(part)),
  ];
  return Buffer.concat(parts.flatMap((part) => [Buffer.from(new Uint32Array([part.length]).buffer).reverse(), part]));
}

const aesKey = (key) => subtle.importKey("raw", Buffer.from(key, "base64"), "AES-GCM", false, ["encrypt", "decrypt"]);

/** Seals a share for its place; `nonce` is random unless given. */
export async function seal(key, place, share, nonce = webcrypto.getRandomValues(new Uint8Array(12))) {
  const sealed = await subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData: associatedData(place) },
    await aesKey(key),
    Buffer.from(share),
  );
  return Buffer.concat([Buffer.from([1]), nonce, Buffer.from(sealed)]).toString("base64");
}

/** Opens a sealed share in its place; throws if it does not open. */
export async function open(key, place, envelope) {
  const bytes = Buffer.from(envelope, "base64");
  const parameters = { name: "AES-GCM", iv: bytes.subarray(1, HEADER), additionalData: associatedData(place) };
  return Buffer.from(await subtle.decrypt(parameters, await aesKey(key), bytes.subarray(HEADER))).toString();
}

export async function digest(key, place, share) {
  const derived = hkdfSync(
    "sha256",
    Buffer.from(key, "base64"),
    Buffer.alloc(0),
    "portal-backup-worker share digest v1",
    32,
  );
  const macKey = await subtle.importKey("raw", derived, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return Buffer.from(
    await subtle.sign(
      "HMAC",
      macKey,
      Buffer.concat([associatedData({ ...place, backupMethod: place.backupMethod.toUpperCase() }), Buffer.from(share)]),
    ),
  ).toString("base64");
}
