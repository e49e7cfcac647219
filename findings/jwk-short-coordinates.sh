#!/usr/bin/env bash
# EC keys as JWK: Authlib leaves leading zeros out, for one key in 128. Then some readers have no such key.
#
# Authlib 1.9.10 (PyPI), and as its readers PyJWT 2.15.1, joserfc 1.8.0, jwcrypto 1.6.1, jose 6.2.18 (npm) with Node 24.21.0, workerd of
# wrangler 4.156.0.
# Behaviour:
# - RFC 7518 (6.2.1.2) has each coordinate of a P-256 key in 32 bytes. Authlib's `as_dict()` writes a coordinate that begins with a zero
#   byte in 31. One key in 128 has such a coordinate; with P-521, where the first byte is 0 or 1, three keys in four.
# - PyJWT refuses the key ("Coords should be 32 bytes"); in a set it passes it over, and then says that no key matches. joserfc, jwcrypto,
#   Node, jose and workerd take it.
# - Where no `kid` is given Authlib makes it of the short form (RFC 7638's digest), so the same key has another `kid` in joserfc, to which
#   Authlib's own warning sends its users, and in every other library.
#
# Who is hurt: a company that signs its users' tokens with Authlib, at its first key or its 128th. After that rotation every sign-in is
# refused by readers that keep to the RFC; in the company's own tests with jose it works. This server takes such a key. For other readers
# make another one if a coordinate has fewer than 43 characters.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0 jose@6.2.18
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check Authlib==1.9.10 joserfc==1.8.0 jwcrypto==1.6.1 PyJWT==2.15.1 cryptography==50.0.2

cat >run.py <<'PY'
import base64
import json
import jwt
from authlib.jose import JsonWebKey
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey
from jwcrypto.jwk import JWK

def key(number, curve=ec.SECP256R1()):
    return ec.derive_private_key(number, curve)
def pem(private):
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
def authlibs(private):
    return JsonWebKey.import_key(pem(private)).as_dict(is_private=False)
def is_short(private, size):
    point = private.public_key().public_numbers()
    return (point.x.bit_length() + 7) // 8 < size or (point.y.bit_length() + 7) // 8 < size
def as_number(jwk):
    return int.from_bytes(base64.urlsafe_b64decode(jwk["x"] + "=="), "big")

# Authlib writes a coordinate short exactly where it begins with zeros.
def writes_short(private, whole):
    jwk = authlibs(private)
    return len(jwk["x"]) < whole or len(jwk["y"]) < whole
keys = [key(number) for number in range(1, 1001)]
short = [k for k in keys if is_short(k, 32)]
assert [k for k in keys if writes_short(k, 43)] == short
large = [key(number, ec.SECP521R1()) for number in range(1, 101)]
assert all(writes_short(k, 88) == is_short(k, 66) for k in large)
print(f"short with P-256: {len(short)} of {len(keys)}, with P-521: {sum(is_short(k, 66) for k in large)} of {len(large)}")

private = next(k for k in short if k.public_key().public_numbers().x >> 248 == 0)
jwk = authlibs(private)
print("Authlib:", jwk)
assert len(jwk["x"]) == 42
whole = ECKey.import_key(pem(private)).as_dict(private=False)
assert len(whole["x"]) == 43 and as_number(whole) == as_number(jwk)

try:
    jwt.PyJWK(jwk, algorithm="ES256")
    raise SystemExit("changed: PyJWT takes it")
except jwt.exceptions.InvalidKeyError as refused:
    print("PyJWT:", refused)
    assert "32 bytes" in str(refused)
other = authlibs(keys[0])
in_set = jwt.PyJWKSet.from_dict({"keys": [dict(k, alg="ES256") for k in (jwk, other)]})
assert [k.key_id for k in in_set.keys] == [other["kid"]]
point = private.public_key().public_numbers()
assert ECKey.import_key(jwk).raw_value.public_numbers() == point
assert JWK(**jwk).export_to_pem() == JWK(**whole).export_to_pem()

kids = [jwk["kid"], ECKey.import_key(whole).thumbprint(), JWK(**whole).thumbprint()]
print("kid of Authlib, joserfc, jwcrypto:", kids)
assert kids[0] != kids[1] == kids[2]
open("short.json", "w").write(json.dumps(jwk))
PY
py/bin/python -W ignore run.py

printf 'name = "finding"\nmain = "worker.mjs"\ncompatibility_date = "2026-10-23"\n' >wrangler.toml
cat >worker.mjs <<'JS'
export default {
  async fetch(request) {
    const key = await crypto.subtle.importKey("jwk", await request.json(), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
    return Response.json(await crypto.subtle.exportKey("jwk", key));
  },
};
JS
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { exportJWK, importJWK } from "jose";
import { createTestHarness } from "wrangler";
const body = readFileSync("short.json", "utf8");
const jwk = JSON.parse(body);
const harness = createTestHarness({ workers: [{ configPath: "wrangler.toml" }] });
await harness.listen();
const taken = {
  node: createPublicKey({ key: jwk, format: "jwk" }).export({ format: "jwk" }).x,
  jose: (await exportJWK(await importJWK(jwk, "ES256"))).x,
  workerd: (await (await harness.fetch("/", { method: "POST", body })).json()).x,
};
console.log(jwk.x, "is taken by", taken);
const whole = Buffer.concat([Buffer.alloc(1), Buffer.from(jwk.x, "base64url")]).toString("base64url");
assert.deepEqual(taken, { node: whole, jose: whole, workerd: whole });
process.exit(0);
JS
node run.mjs
echo "as stated: Authlib 1.9.10, PyJWT 2.15.1, joserfc 1.8.0, jwcrypto 1.6.1, jose 6.2.18, wrangler 4.156.0"
