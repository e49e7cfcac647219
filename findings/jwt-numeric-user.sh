#!/usr/bin/env bash
# JWT libraries: a user id that is a number is written as one, and read as another user's, refused, or right.
#
# PyJWT 2.15.1, python-jose 3.5.0, Authlib 1.9.10 and joserfc 1.8.0 (PyPI); jose 6.2.18, jsonwebtoken 9.0.3 and fast-jwt 6.3.6 (npm) with Node
# 24.21.0. The claim `sub` is a text by RFC 7519 (4.1.2).
# Behaviour, of a user whose id is a 64-bit number, as databases and snowflake ids have it:
# - All seven write the number as it is given, without a word.
# - PyJWT, python-jose and joserfc refuse such a token when they read it. Authlib reads it right.
# - The three of npm round it: the users 1234567890123456789 and 1234567890123456790 are both 1234567890123456800.
#
# Who is hurt: a company whose backend signs `{"sub": user.id}`. Its own service in JavaScript takes one user for another one from 2^53 on, and
# says nothing; with small ids all is well for years. This server refuses a `sub` that is a number, so every sign-in is 401. Write `str(user.id)`.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts jose@6.2.18 jsonwebtoken@9.0.3 fast-jwt@6.3.6
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check PyJWT==2.15.1 python-jose==3.5.0 Authlib==1.9.10 joserfc==1.8.0

cat >run.py <<'PY'
import base64, json, subprocess, sys, warnings
warnings.simplefilter("ignore")
import authlib.jose, jose.jwt, joserfc.jwt, jwt
from joserfc.jwk import OctKey

secret = "a secret of the finding, long enough for HS256"
oct_key = OctKey.import_key(secret)
text = lambda token: token.decode() if isinstance(token, bytes) else token
writers = {
    "PyJWT": lambda claims: jwt.encode(claims, secret),
    "python-jose": lambda claims: jose.jwt.encode(claims, secret),
    "Authlib": lambda claims: authlib.jose.jwt.encode({"alg": "HS256"}, claims, secret),
    "joserfc": lambda claims: joserfc.jwt.encode({"alg": "HS256"}, claims, oct_key),
}
def of_joserfc(token):
    claims = joserfc.jwt.decode(token, oct_key).claims
    joserfc.jwt.JWTClaimsRegistry().validate(claims)
    return claims
def of_authlib(token):
    claims = authlib.jose.jwt.decode(token, secret)
    claims.validate()
    return claims
readers = {
    "PyJWT": lambda token: jwt.decode(token, secret, algorithms=["HS256"]),
    "python-jose": lambda token: jose.jwt.decode(token, secret),
    "Authlib": of_authlib,
    "joserfc": of_joserfc,
}
users = [1234567890123456789, 1234567890123456790]
for name, write in writers.items():
    payload = text(write({"sub": users[0]})).split(".")[1]
    assert base64.urlsafe_b64decode(payload + "==") in (b'{"sub":%d}' % users[0], b'{"sub": %d}' % users[0]), name
tokens = [text(writers["Authlib"]({"sub": user})) for user in users]
seen = {}
for name, read in readers.items():
    try:
        seen[name] = [str(read(token)["sub"]) for token in tokens]
    except Exception as error:
        seen[name] = f"refused: {error}"
json.dump({"secret": secret, "tokens": tokens}, open("tokens.json", "w"))
seen |= json.loads(subprocess.check_output(["node", "run.mjs"]))
for name, what in seen.items():
    print(f"{name}: {what}")
right, rounded = [str(user) for user in users], ["1234567890123456800"] * 2
assert {name: what for name, what in seen.items() if "refused" not in what} == {
    "Authlib": right, "jose": rounded, "jsonwebtoken": rounded, "fast-jwt": rounded,
    **{f"{name} writes": '{"sub":42}' for name in ("jose", "jsonwebtoken", "fast-jwt")},
}
assert [name for name, what in seen.items() if "refused" in what] == ["PyJWT", "python-jose", "joserfc"]
PY
cat >run.mjs <<'JS'
import { readFileSync } from "node:fs";
import { createSigner, createVerifier } from "fast-jwt";
import * as jose from "jose";
import jsonwebtoken from "jsonwebtoken";
const { secret, tokens } = JSON.parse(readFileSync("tokens.json", "utf8"));
const readers = {
  jose: async (token) => (await jose.jwtVerify(token, new TextEncoder().encode(secret))).payload,
  jsonwebtoken: (token) => jsonwebtoken.verify(token, secret),
  "fast-jwt": (token) => createVerifier({ key: secret })(token),
};
const seen = {};
for (const [name, read] of Object.entries(readers)) {
  try {
    seen[name] = [];
    for (const token of tokens) seen[name].push(String((await read(token)).sub));
  } catch (error) {
    seen[name] = `refused: ${error.message}`;
  }
}
const written = {
  "jose writes": async () => new jose.SignJWT({ sub: 42 }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret)),
  "jsonwebtoken writes": () => jsonwebtoken.sign({ sub: 42 }, secret, { noTimestamp: true }),
  "fast-jwt writes": () => createSigner({ key: secret, noTimestamp: true })({ sub: 42 }),
};
for (const [name, write] of Object.entries(written)) {
  try {
    seen[name] = Buffer.from((await write()).split(".")[1], "base64url").toString();
  } catch (error) {
    seen[name] = `refused: ${error.message}`;
  }
}
console.log(JSON.stringify(seen));
JS
timeout 100 venv/bin/python run.py
echo "as stated: PyJWT 2.15.1, python-jose 3.5.0, Authlib 1.9.10, joserfc 1.8.0, jose 6.2.18, jsonwebtoken 9.0.3, fast-jwt 6.3.6"
