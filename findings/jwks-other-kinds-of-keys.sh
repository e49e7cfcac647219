#!/usr/bin/env bash
# A provider's key set (JWKS) with one more key, of a kind that a library does not know: six libraries of eleven then refuse every token.
#
# PyJWT 2.15.1, python-jose 3.5.0, Authlib 1.9.10, joserfc 1.8.0, jwcrypto 1.6.1 and jwskate 0.12.2 (PyPI); jose 6.2.18, jwks-rsa 4.1.0 and node-jose
# 2.2.0 (npm) with Node 24.21.0; jsonwebtoken 10.4.0 and biscuit 0.7.0 (crates.io).
# Behaviour, of a good token (ES256, with a `kid`) and a key set with its key, before which another key stands. RFC 7517 (5) says to ignore keys
# that one does not understand.
# - A post-quantum key (ML-DSA, `kty` AKP): python-jose, Authlib, jwskate, node-jose, jsonwebtoken and biscuit raise an error.
# - A key for encryption (X25519, `"use":"enc"`): python-jose, node-jose, jsonwebtoken and biscuit.
# - A key on Bitcoin's curve, as wallets have it (secp256k1, ES256K): python-jose, jsonwebtoken and biscuit.
# - An RSA key: python-jose, although the token's `kid` names the other key.
# - An EC key with a new name of its algorithm (ESP384 of RFC 9864): biscuit.
# - jsonwebtoken and biscuit read no key at all of such a set. The others of this list fail as soon as they look for the token's key.
# - PyJWT, joserfc, jwcrypto, jose and jwks-rsa pass over the other key.
#
# Who is hurt: all users at once, on the night on which the provider adds such a key, or on which a company's own server does: each sign-in is 401, and no key
# that was in use has changed. Try the library with such a set, or take the keys one by one: keep those that parse.
#
# Needs cargo.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export LC_ALL=C CARGO_TARGET_DIR="$dir/target" CARGO_PROFILE_DEV_DEBUG=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts jose@6.2.18 jwks-rsa@4.1.0 node-jose@2.2.0
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check PyJWT==2.15.1 python-jose==3.5.0 Authlib==1.9.10 joserfc==1.8.0 jwcrypto==1.6.1 jwskate==0.12.2 \
  cryptography==50.0.2

cat >make.py <<'PY'
import base64, json, os, time
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

of = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
ec_key = lambda curve: json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(curve).public_key()))
key = ec.generate_private_key(ec.SECP256R1())
good = json.loads(ECAlgorithm.to_jwk(key.public_key())) | {"kid": "good", "use": "sig", "alg": "ES256"}
others = {
    "ML-DSA": {"kty": "AKP", "alg": "ML-DSA-44", "pub": of(os.urandom(1312)), "kid": "other", "use": "sig"},
    "X25519": {"kty": "OKP", "crv": "X25519", "x": of(os.urandom(32)), "kid": "other", "use": "enc", "alg": "ECDH-ES"},
    "secp256k1": ec_key(ec.SECP256K1()) | {"kid": "other", "use": "sig", "alg": "ES256K"},
    "RSA": json.loads(RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key())) | {"kid": "other", "use": "sig", "alg": "RS256"},
    "ESP384": ec_key(ec.SECP384R1()) | {"kid": "other", "use": "sig", "alg": "ESP384"},
}
others["RSA"].pop("key_ops", None)
token = jwt.encode({"sub": "user-1", "exp": int(time.time()) + 3600}, key, algorithm="ES256", headers={"kid": "good"})
sets = {"its key alone": {"keys": [good]}} | {name: {"keys": [other, good]} for name, other in others.items()}
json.dump({"token": token, "sets": sets}, open("sets.json", "w"))
PY
cat >read.py <<'PY'
import json, warnings
warnings.simplefilter("ignore")
import authlib.jose, jose.jwt, joserfc.jwk, joserfc.jwt, jwcrypto.jwk, jwcrypto.jwt, jwskate, jwt

data = json.load(open("sets.json"))
token = data["token"]
def of_jwskate(keys):
    signed = jwskate.SignedJwt(token)
    assert signed.verify_signature(jwskate.JwkSet(keys), algs=["ES256"])
    return signed.claims
readers = {
    "PyJWT": lambda keys: jwt.decode(token, jwt.PyJWKSet.from_dict(keys)["good"].key, algorithms=["ES256"]),
    "python-jose": lambda keys: jose.jwt.decode(token, keys, algorithms=["ES256"]),
    "Authlib": lambda keys: authlib.jose.JsonWebToken(["ES256"]).decode(token, authlib.jose.JsonWebKey.import_key_set(keys)),
    "joserfc": lambda keys: joserfc.jwt.decode(token, joserfc.jwk.KeySet.import_key_set(keys), algorithms=["ES256"]).claims,
    "jwcrypto": lambda keys: json.loads(jwcrypto.jwt.JWT(jwt=token, key=jwcrypto.jwk.JWKSet.from_json(json.dumps(keys)), algs=["ES256"]).claims),
    "jwskate": of_jwskate,
}
for name, keys in data["sets"].items():
    for reader, read in readers.items():
        try:
            assert read(keys)["sub"] == "user-1"
        except Exception as error:
            print(f"{name}: {reader} refuses ({type(error).__name__})")
PY
cat >read.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import * as jose from "jose";
import jwksRsa from "jwks-rsa";
import nodeJose from "node-jose";
const { token, sets } = JSON.parse(readFileSync("sets.json", "utf8"));
const server = createServer((request, response) => response.end(JSON.stringify(sets[decodeURIComponent(request.url.slice(1))])));
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const url = (name) => `http://127.0.0.1:${server.address().port}/${encodeURIComponent(name)}`;
const readers = {
  jose: async (name) => (await jose.jwtVerify(token, jose.createRemoteJWKSet(new URL(url(name))))).payload,
  "jwks-rsa": async (name) => {
    const key = await jwksRsa({ jwksUri: url(name) }).getSigningKey("good");
    return (await jose.jwtVerify(token, await jose.importSPKI(key.getPublicKey(), "ES256"))).payload;
  },
  "node-jose": async (name) => {
    const store = await nodeJose.JWK.asKeyStore(sets[name]);
    return JSON.parse((await nodeJose.JWS.createVerify(store).verify(token)).payload);
  },
};
for (const name of Object.keys(sets))
  for (const [reader, read] of Object.entries(readers)) {
    const refused = await read(name).then((claims) => void assert.equal(claims.sub, "user-1"), (error) => error);
    if (refused) console.log(`${name}: ${reader} refuses (${refused.message})`);
  }
process.exit(0);
JS
mkdir -p read/src
cat >read/Cargo.toml <<'TOML'
[package]
name = "read"
version = "0.0.0"
edition = "2021"
[dependencies]
jsonwebtoken = { version = "=10.4.0", features = ["rust_crypto"] }
biscuit = "=0.7.0"
serde_json = "1"
[workspace]
TOML
cat >read/src/main.rs <<'RUST'
use serde_json::Value;

/// Whether the library reads the set and finds the token's key in it.
fn tell(name: &str, reader: &str, found: Result<bool, String>) {
    if found != Ok(true) {
        println!("{name}: {reader} refuses ({found:?})");
    }
}

fn main() {
    let data: Value = serde_json::from_reader(std::fs::File::open("sets.json").unwrap()).unwrap();
    for (name, set) in data["sets"].as_object().unwrap() {
        let text = set.to_string();
        let set = serde_json::from_str::<jsonwebtoken::jwk::JwkSet>(&text);
        tell(name, "jsonwebtoken", set.map(|set| set.find("good").is_some()).map_err(|error| error.to_string()));
        let set = serde_json::from_str::<biscuit::jwk::JWKSet<biscuit::Empty>>(&text);
        tell(name, "biscuit", set.map(|set| set.find("good").is_some()).map_err(|error| error.to_string()));
    }
}
RUST
py/bin/python make.py
(cd read && cargo build --quiet)
{ py/bin/python read.py 2>/dev/null; timeout 60 node read.mjs; target/debug/read; } | tee seen
cut -d' ' -f1-3 seen | sed 's/ refuses//' | sort >refused
diff refused - <<'SEEN'
ESP384: biscuit
ML-DSA: Authlib
ML-DSA: biscuit
ML-DSA: jsonwebtoken
ML-DSA: jwskate
ML-DSA: node-jose
ML-DSA: python-jose
RSA: python-jose
X25519: biscuit
X25519: jsonwebtoken
X25519: node-jose
X25519: python-jose
secp256k1: biscuit
secp256k1: jsonwebtoken
secp256k1: python-jose
SEEN
echo "as stated: PyJWT, python-jose, Authlib, joserfc, jwcrypto, jwskate, jose, jwks-rsa, node-jose, jsonwebtoken, biscuit"
