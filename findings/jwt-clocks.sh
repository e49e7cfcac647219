#!/usr/bin/env bash
# JWT libraries and clocks that differ: a token that was made a second ago is refused by three, and one that ended ten minutes ago is good for one.
#
# jose 6.2.18, jsonwebtoken 9.0.3, fast-jwt 6.3.6, njwt 2.0.1, @tsndr/cloudflare-worker-jwt 3.2.3 and hono 4.13.19 (npm) with Node 24.21.0; PyJWT 2.15.1,
# python-jose 3.5.0, joserfc 1.8.0 and jwcrypto 1.6.1 (PyPI); jwt-simple 0.15.0 and jsonwebtoken 12.0.0 (crates.io).
# Behaviour with their defaults, of tokens with a right signature:
# - `exp` half a minute ago: taken by jwcrypto and both crates, refused by the others. Two minutes ago: taken by jwt-simple, which allows 15 minutes.
# - `iat` 25 seconds ahead, as it is where the issuer's clock is before one's own: refused by hono, PyJWT and joserfc. The others take it.
#   An hour ahead: jwt-simple refuses it as well, the others still take it.
# - `nbf` 25 seconds ahead: taken by jwcrypto and both crates, refused by the others.
# - no `exp`: taken by all, but for the crate jsonwebtoken.
#
# Who is hurt: an app asks for a fresh token and sends it at once: a server whose clock is a second late answers 401, and the app's second try with another
# fresh token is as wrong. And a server with jwt-simple lets in, for a quarter of an hour, whom the provider has locked out. Set the tolerance
# yourself, and the same in all servers that read one token.
#
# Needs cargo and Python 3.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CARGO_TARGET_DIR="$dir/target"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts jose@6.2.18 jsonwebtoken@9.0.3 fast-jwt@6.3.6 njwt@2.0.1 @tsndr/cloudflare-worker-jwt@3.2.3 hono@4.13.19
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check PyJWT==2.15.1 python-jose==3.5.0 joserfc==1.8.0 jwcrypto==1.6.1

mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "clocks"
version = "0.0.0"
edition = "2021"
[dependencies]
jwt-simple = { version = "=0.15.0", default-features = false, features = ["pure-rust"] }
jsonwebtoken = { version = "=12.0.0", features = ["rust_crypto"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
[profile.dev]
debug = false
[workspace]
TOML
cat >src/main.rs <<'RUST'
use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use jwt_simple::prelude::*;

fn main() {
    let (secret, tokens): (String, BTreeMap<String, String>) = serde_json::from_reader(std::io::stdin()).unwrap();
    let mut taken: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for (name, token) in &tokens {
        if HS256Key::from_bytes(secret.as_bytes()).verify_token::<NoCustomClaims>(token, None).is_ok() {
            taken.entry("jwt-simple (Rust)").or_default().push(name);
        }
        let key = DecodingKey::from_secret(secret.as_bytes()).unwrap();
        if decode::<serde_json::Value>(token, &key, &Validation::new(Algorithm::HS256)).is_ok() {
            taken.entry("jsonwebtoken (Rust)").or_default().push(name);
        }
    }
    println!("{}", serde_json::to_string(&taken).unwrap());
}
RUST
cargo build --quiet
cat >clocks.py <<'PYTHON'
import base64, json, sys
import jwt
from jose import jwt as python_jose
from joserfc import jwt as joserfc
from joserfc.jwk import OctKey
from jwcrypto import jwk, jwt as jwcrypto

secret, tokens = json.load(sys.stdin)
whole = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode())
libraries = {
    "PyJWT": lambda token: jwt.decode(token, secret, ["HS256"]),
    "python-jose": lambda token: python_jose.decode(token, secret, ["HS256"]),
    "joserfc": lambda token: joserfc.JWTClaimsRegistry().validate(joserfc.decode(token, OctKey.import_key(secret)).claims),
    "jwcrypto": lambda token: jwcrypto.JWT(jwt=token, key=whole),
}
def takes(read, token):
    try:
        read(token)
        return True
    except Exception:
        return False
print(json.dumps({library: [name for name in sorted(tokens) if takes(read, tokens[name])] for library, read in libraries.items()}))
PYTHON
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import cloudflareJwt from "@tsndr/cloudflare-worker-jwt";
import { createVerifier } from "fast-jwt";
import { verify as hono } from "hono/jwt";
import { jwtVerify, SignJWT } from "jose";
import jsonwebtoken from "jsonwebtoken";
import njwt from "njwt";

const secret = "a secret of more than thirty-two bytes";
const key = new TextEncoder().encode(secret);
const now = Math.floor(Date.now() / 1000);
const claims = {
  "as it should be": { iat: now - 60, exp: now + 600 },
  "exp 30 s ago": { iat: now - 600, exp: now - 30 },
  "exp 2 min ago": { iat: now - 600, exp: now - 120 },
  "exp 10 min ago": { iat: now - 4200, exp: now - 600 },
  "iat in 25 s": { iat: now + 25, exp: now + 600 },
  "iat in an hour": { iat: now + 3600, exp: now + 7200 },
  "nbf in 25 s": { iat: now - 60, nbf: now + 25, exp: now + 600 },
  "no exp": { iat: now - 60 },
};
const tokens = {};
for (const [name, of] of Object.entries(claims)) tokens[name] = await new SignJWT({ sub: "ann", ...of }).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(key);
const libraries = {
  jose: (token) => jwtVerify(token, key),
  "jsonwebtoken (npm)": (token) => jsonwebtoken.verify(token, secret),
  "fast-jwt": (token) => createVerifier({ key: secret })(token),
  njwt: (token) => njwt.verify(token, secret),
  "@tsndr/cloudflare-worker-jwt": (token) => cloudflareJwt.verify(token, secret, { throwError: true }).then(assert.ok),
  hono: (token) => hono(token, secret, "HS256"),
};
const seen = {};
for (const [library, read] of Object.entries(libraries)) {
  seen[library] = [];
  for (const name of Object.keys(tokens).sort()) {
    const takes = await Promise.resolve().then(() => read(tokens[name])).then(() => true, () => false);
    if (takes) seen[library].push(name);
  }
}
const input = JSON.stringify([secret, tokens]);
const others = [["venv/bin/python", ["clocks.py"]], ["target/debug/clocks", []]];
for (const [command, given] of others) Object.assign(seen, JSON.parse(execFileSync(command, given, { input, encoding: "utf8" })));
console.log(seen);

const good = "as it should be";
const cautious = [good, "no exp"];
const relaxed = [good, "iat in 25 s", "iat in an hour", "no exp"];
const minute = [good, "exp 30 s ago", "iat in 25 s", "iat in an hour", "nbf in 25 s"];
assert.deepEqual(seen, {
  jose: relaxed,
  "jsonwebtoken (npm)": relaxed,
  "fast-jwt": relaxed,
  njwt: relaxed,
  "@tsndr/cloudflare-worker-jwt": relaxed,
  hono: cautious,
  PyJWT: cautious,
  "python-jose": relaxed,
  joserfc: cautious,
  jwcrypto: [...minute, "no exp"],
  "jsonwebtoken (Rust)": minute,
  "jwt-simple (Rust)": [good, "exp 10 min ago", "exp 2 min ago", "exp 30 s ago", "iat in 25 s", "nbf in 25 s", "no exp"],
});
JS
node run.mjs
echo "as stated: the versions above"
