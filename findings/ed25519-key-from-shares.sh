#!/usr/bin/env bash
# An Ed25519 key that was put together from threshold shares: eight libraries take its 32 bytes, without an error, for another account's key.
#
# @noble/curves 2.4.0 (its FROST, RFC 9591), @solana/web3.js 1.98.4, @solana/kit 8.4.0, tweetnacl 1.0.3 (npm) with Node 24.21.0; PyNaCl 1.6.2,
# cryptography 50.0.2 and solders 0.29.0 (PyPI).
# Behaviour, of a key that FROST's dealer split (2 of 3), and `combineSecret` put together again:
# - It is the scalar itself: times the base point it gives the wallet's public key. What wallets and libraries call an Ed25519 private key is a seed,
#   of which SHA-512 makes the scalar. Both have 32 bytes, and nothing in them tells.
# - As "the private key" of 32 bytes all take it: noble's `getPublicKey`, web3.js's `Keypair.fromSeed`, kit's `createKeyPairFromPrivateKeyBytes`,
#   tweetnacl, Node's crypto, PyNaCl, cryptography and solders. The address is another one. There is no seed that gives the right one.
# - As the 64 bytes of Solana's key files (key, then public key): web3.js, kit and solders refuse it. tweetnacl takes it, shows the right address, and
#   each of its signatures is wrong. So does libsodium's `crypto_sign`, and web3.js with `skipValidation`.
# - What signs right is FROST's own `sign`, with the scalar.
#
# Who is hurt: whoever takes a Solana wallet out of MPC, and gives the user 32 bytes to import elsewhere. The other wallet says "imported", and shows
# an empty account; what is sent there goes to an account that is not the old one. Derive the address from the key that the user is given, in the way of the
# wallet that is to take it, compare it with the wallet's, and sign something, before the shares are deleted.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 @noble/curves@2.4.0 @solana/web3.js@1.98.4 @solana/kit@8.4.0 tweetnacl@1.0.3
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pynacl==1.6.2 cryptography==50.0.2 solders==0.29.0

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { writeFileSync } from "node:fs";
import { ed25519, ed25519_FROST } from "@noble/curves/ed25519.js";
import { createKeyPairFromBytes, createKeyPairFromPrivateKeyBytes } from "@solana/kit";
import { Keypair } from "@solana/web3.js";
import nacl from "tweetnacl";

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const { public: group, secretShares } = ed25519_FROST.trustedDealer({ min: 2, max: 3 });
const [publicKey] = group.commitments;
const key = ed25519_FROST.combineSecret(Object.values(secretShares).slice(0, 2), { min: 2, max: 3 });
const scalar = BigInt(`0x${hex(Uint8Array.from(key).reverse())}`);
assert.equal(key.length, 32);
assert.equal(hex(ed25519.Point.BASE.multiply(scalar).toBytes()), hex(publicKey));
const message = new TextEncoder().encode("a transaction");
assert.ok(ed25519.verify(ed25519_FROST.sign(message, key), message, publicKey));

const seen = {};
const see = async (name, work) => {
  seen[name] = await Promise.resolve().then(work).then((made) => (hex(made) === hex(publicKey) ? "the wallet" : "another account"), (error) => error.message);
};
const raw = async (pair) => new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), key]);
await see("noble", () => ed25519.getPublicKey(key));
await see("web3.js", () => Keypair.fromSeed(key).publicKey.toBytes());
await see("kit", async () => raw(await createKeyPairFromPrivateKeyBytes(key, true)));
await see("tweetnacl", () => nacl.sign.keyPair.fromSeed(key).publicKey);
await see("Node", () => Buffer.from(createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" })).export({ format: "jwk" }).x, "base64url"));
const file = new Uint8Array([...key, ...publicKey]);
await see("web3.js, 64 bytes", () => Keypair.fromSecretKey(file).publicKey.toBytes());
await see("web3.js, 64 bytes, skipValidation", () => Keypair.fromSecretKey(file, { skipValidation: true }).publicKey.toBytes());
await see("kit, 64 bytes", async () => raw(await createKeyPairFromBytes(file)));
await see("tweetnacl, 64 bytes", () => nacl.sign.keyPair.fromSecretKey(file).publicKey);
console.log(seen);
assert.deepEqual(seen, {
  noble: "another account",
  "web3.js": "another account",
  kit: "another account",
  tweetnacl: "another account",
  Node: "another account",
  "web3.js, 64 bytes": "provided secretKey is invalid",
  "web3.js, 64 bytes, skipValidation": "the wallet",
  "kit, 64 bytes": "The provided private key does not match the provided public key.",
  "tweetnacl, 64 bytes": "the wallet",
});
const pair = nacl.sign.keyPair.fromSecretKey(file);
assert.equal(nacl.sign.detached.verify(message, nacl.sign.detached(message, pair.secretKey), pair.publicKey), false);
console.log("tweetnacl, 64 bytes: the signature is wrong");
writeFileSync("key.json", JSON.stringify({ key: hex(key), publicKey: hex(publicKey) }));
JS
cat >run.py <<'PY'
import json
import nacl.bindings, nacl.exceptions, nacl.signing
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from solders.keypair import Keypair
given = json.load(open("key.json"))
key, public_key = bytes.fromhex(given["key"]), bytes.fromhex(given["publicKey"])
made = {
    "PyNaCl": bytes(nacl.signing.SigningKey(key).verify_key),
    "cryptography": Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw(),
    "solders": bytes(Keypair.from_seed(key).pubkey()),
    "the scalar times the base point": nacl.bindings.crypto_scalarmult_ed25519_base_noclamp(key),
}
seen = {name: "the wallet" if value == public_key else "another account" for name, value in made.items()}
print(seen)
assert seen == {"PyNaCl": "another account", "cryptography": "another account", "solders": "another account", "the scalar times the base point": "the wallet"}
try:
    Keypair.from_bytes(key + public_key)
    raise SystemExit("changed: solders takes it")
except ValueError as error:
    print("solders, 64 bytes:", error)
signed = nacl.bindings.crypto_sign(b"a transaction", key + public_key)
try:
    nacl.bindings.crypto_sign_open(signed, public_key)
    raise SystemExit("changed: the signature is right")
except nacl.exceptions.BadSignatureError:
    print("libsodium, 64 bytes: the signature is wrong")
PY
node --no-warnings run.mjs
venv/bin/python run.py
echo "as stated: @noble/curves 2.4.0, @solana/web3.js 1.98.4, @solana/kit 8.4.0, tweetnacl 1.0.3, PyNaCl 1.6.2, cryptography 50.0.2, solders 0.29.0"
