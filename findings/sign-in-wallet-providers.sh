#!/usr/bin/env bash
# Sign-ins of wallet providers: Privy's issuer is no URL, Turnkey's session says ES256 and is not signed by it, Magic's token is no JWT.
#
# @privy-io/node 0.35.0, @turnkey/crypto 2.13.2 and @magic-sdk/admin 2.8.2, each as the verifier of tokens that are made here with keys made here,
# and jose 6.2.18 as any other verifier; Node 24.21.0.
# Behaviour:
# - Privy's access token: `iss` must be "privy.io", for every customer of Privy's; "https://auth.privy.io" and "https://privy.io" are refused. `aud` is the
#   app's id, `sub` the user ("did:privy:…"). The SDK asks for the keys at https://api.privy.io/v1/apps/APP_ID/jwks.json.
# - Turnkey's session has three parts and says `"alg": "ES256"` (so the valid one in the tests of Turnkey's SDK for Go does). The SDK hashes what is
#   signed twice with SHA-256, ES256 does so once: a session that the SDK takes is refused by jose as a wrong signature, and the other way round. Of
#   its claims the SDK reads `user_id` and `organization_id`, no `iss`, `aud` or `sub`.
# - Magic's DID token is base64 of a JSON list of two texts, without a dot. The user is in `iss` ("did:ethr:0x…"); `sub` is the app's; its end is
#   in `ext`.
#
# Who is hurt: whoever has such a sign-in beside Portal's wallets, and gives its token to another server as a JWT. With Privy's address as the issuer,
# with Turnkey's published key, or with Magic's token, every request is 401, and nothing in the settings looks wrong. By `sub`, all of Magic's users
# would be one.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts @privy-io/node@0.35.0 @turnkey/crypto@2.13.2 @magic-sdk/admin@2.8.2 jose@6.2.18 \
  ethers@6.16.0 @noble/curves@1.9.7 @noble/hashes@1.8.0

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { Magic } from "@magic-sdk/admin";
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { PrivyClient, verifyAccessToken } from "@privy-io/node";
import { verifySessionJwtSignature } from "@turnkey/crypto";
import { Wallet } from "ethers";
import * as jose from "jose";
const now = Math.floor(Date.now() / 1000);

// Privy
const { publicKey, privateKey } = await jose.generateKeyPair("ES256");
const privy = (issuer) =>
  new jose.SignJWT({ sid: "session", iss: issuer, sub: "did:privy:ann", aud: "app", iat: now, exp: now + 600 })
    .setProtectedHeader({ alg: "ES256", typ: "JWT" })
    .sign(privateKey);
const issuers = {};
for (const issuer of ["privy.io", "https://privy.io", "https://auth.privy.io"])
  issuers[issuer] = await verifyAccessToken({ access_token: await privy(issuer), app_id: "app", verification_key: publicKey }).then(
    (claims) => claims.user_id,
    (error) => error.message,
  );
const refused = "Authentication token is invalid";
assert.deepEqual(issuers, { "privy.io": "did:privy:ann", "https://privy.io": refused, "https://auth.privy.io": refused });
const asked = [];
globalThis.fetch = async (url) => {
  asked.push(String(url));
  return Response.json({ keys: [] });
};
await assert.rejects(new PrivyClient({ appId: "app", appSecret: "secret" }).utils().auth().verifyAccessToken(await privy("privy.io")));
assert.deepEqual(asked, ["https://api.privy.io/v1/apps/app/jwks.json"]);
console.log({ ...issuers, keys: asked[0] });

// Turnkey
const secret = p256.utils.randomPrivateKey();
const point = Buffer.from(p256.getPublicKey(secret, false));
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const jwk = { kty: "EC", crv: "P-256", x: base64url(point.subarray(1, 33)), y: base64url(point.subarray(33)) };
const session = { exp: now + 600, public_key: "02", session_type: "SESSION_TYPE_READ_WRITE", user_id: "ann", organization_id: "org" };
const signed = [{ alg: "ES256", typ: "JWT" }, session].map((part) => base64url(JSON.stringify(part))).join(".");
const once = sha256(Buffer.from(signed));
const turnkey = {};
for (const [name, digest] of Object.entries({ once, twice: sha256(once) })) {
  const token = `${signed}.${base64url(p256.sign(digest, secret).toCompactRawBytes())}`;
  turnkey[`hashed ${name}`] = {
    turnkey: await verifySessionJwtSignature(token, point.toString("hex")),
    jose: await jose.jwtVerify(token, await jose.importJWK(jwk, "ES256")).then(() => true, (error) => error.code),
  };
}
console.log(turnkey);
assert.deepEqual(turnkey, {
  "hashed once": { turnkey: false, jose: true },
  "hashed twice": { turnkey: true, jose: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" },
});

// Magic
const wallet = Wallet.createRandom();
const claim = JSON.stringify({
  iat: now, ext: now + 600, iss: `did:ethr:${wallet.address}`, sub: "app", aud: "client", nbf: now, tid: "id", add: await wallet.signMessage("none"),
});
const token = Buffer.from(JSON.stringify([await wallet.signMessage(claim), claim])).toString("base64");
const magic = new Magic("sk_finding");
magic.clientId = "client"; // which Magic.init asks Magic's server for
magic.token.validate(token); // throws what is wrong
assert.equal(magic.token.getIssuer(token), `did:ethr:${wallet.address}`);
assert.equal(token.split(".").length, 1);
assert.throws(() => magic.token.validate(Buffer.from(JSON.stringify([`0x${"1".repeat(130)}`, claim])).toString("base64")));
console.log({ magic: magic.token.decode(token)[1] });
JS
timeout 100 node run.mjs
echo "as stated: @privy-io/node 0.35.0, @turnkey/crypto 2.13.2, @magic-sdk/admin 2.8.2, jose 6.2.18"
