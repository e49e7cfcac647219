// Checking other people's signatures, counting with Cloudflare's rate limiter.

import { within } from "./glue.js";

// The only ways in which a token may be signed. What a key is used for is decided by its own type, never by a token.
const ALGORITHMS = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
};

export async function importPublicKey(algorithm, jwk) {
  return crypto.subtle.importKey("jwk", JSON.parse(jwk), ALGORITHMS[algorithm], false, ["verify"]);
}

export async function verifySignature(algorithm, key, signature, data) {
  return crypto.subtle.verify(ALGORITHMS[algorithm], key, signature, data);
}

/** A limiter is waited for no longer than this. Then it lets the request pass, as one that fails does. */
const LIMIT_MS = 1_000;

/** Counts one more for `key`; false: that was too many. */
export async function withinLimit(limiter, key) {
  return (await within(LIMIT_MS, limiter.limit({ key }))).success;
}
