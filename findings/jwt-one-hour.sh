#!/usr/bin/env bash
# JWT libraries: "one hour" as 3600 is an hour, three or four seconds, or a moment of 1970.
#
# jsonwebtoken 9.0.3, fast-jwt 6.3.6, jose 6.2.18, njwt 2.0.1 and better-auth 1.7.25 (its JWT plugin) from npm with Node 24.21.0; PyJWT 2.15.1,
# python-jose 3.5.0, Authlib 1.9.10 and joserfc 1.8.0 from PyPI.
# Behaviour, of a token that is to live for an hour:
# - The number 3600: an hour from jsonwebtoken (`expiresIn`); 3 or 4 seconds from fast-jwt (`expiresIn`: milliseconds); a time of 1 January 1970
#   from jose (`setExpirationTime`) and better-auth (`expirationTime`), which take it for the moment itself. njwt's `setExpiration` takes
#   milliseconds since 1970: a moment in seconds, as every other library has it, is one of 21 January 1970.
# - The text "3600", as an environment variable gives it: 3 or 4 seconds from jsonwebtoken and fast-jwt; jose and better-auth refuse it.
# - "1h" is an hour for all that take texts.
# - Python: `datetime.now() + timedelta(hours=1)`, which has no time zone, is taken for UTC by all four. Signed in New York the token has been
#   expired for three or four hours, in Kolkata it lives six and a half. On a server in UTC it is right.
#
# Who is hurt: a company that signs its users' tokens itself. A verifier that allows for a minute between two clocks, as this server does,
# takes the token of four seconds for a minute: every test passes, and a sign-in that is older is refused. And a token that should
# have ended an hour ago works all day.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 jsonwebtoken@9.0.3 fast-jwt@6.3.6 jose@6.2.18 njwt@2.0.1 better-auth@1.7.25
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check PyJWT==2.15.1 python-jose[cryptography]==3.5.0 Authlib==1.9.10 joserfc==1.8.0

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { jwt as jwtPlugin } from "better-auth/plugins";
import { createSigner } from "fast-jwt";
import { SignJWT } from "jose";
import jsonwebtoken from "jsonwebtoken";
import njwt from "njwt";

const key = randomBytes(32);
const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
const betterAuths = async (expirationTime) => {
  const database = memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] });
  const baseURL = "http://127.0.0.1:3000";
  const settings = { baseURL, secret: "s".repeat(40), database, emailAndPassword: { enabled: true }, logger: { disabled: true }, telemetry: { enabled: false } };
  const auth = betterAuth({ ...settings, plugins: [jwtPlugin({ jwt: { expirationTime } })] });
  const body = { email: "ann@example.com", password: "a long password", name: "Ann" };
  const { headers } = await auth.api.signUpEmail({ body, returnHeaders: true });
  const answer = await auth.handler(new Request(`${baseURL}/api/auth/token`, { headers: { cookie: headers.get("set-cookie").split(";")[0] } }));
  return (await answer.json()).token;
};
const signers = {
  jsonwebtoken: (expiresIn) => jsonwebtoken.sign({}, key, { expiresIn }),
  "fast-jwt": (expiresIn) => createSigner({ key, expiresIn })({}),
  jose: (time) => new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setIssuedAt().setExpirationTime(time).sign(key),
  "better-auth": betterAuths,
  "njwt, setExpiration(now + it)": (seconds) => {
    const token = njwt.create({}, key);
    token.setExpiration(Math.floor(Date.now() / 1000) + seconds);
    return token.compact();
  },
};
const lives = async (sign, time) => {
  const log = console.error;
  console.error = () => {};
  try {
    const { iat, exp } = claims(await sign(time));
    return exp < 10_000_000 ? `until ${new Date(exp * 1000).toISOString().slice(0, 10)}` : `${exp - iat} s`;
  } catch {
    return "refused";
  } finally {
    console.error = log;
  }
};
const seen = {};
for (const [name, sign] of Object.entries(signers)) {
  // njwt has a moment, not a time span.
  const times = name.startsWith("njwt") ? [3600] : [3600, "3600", "1h"];
  seen[name] = await Promise.all(times.map((time) => lives(sign, time)));
  // A token may be signed over the turn of a second.
  seen[name] = seen[name].map((life) => life.replace(/^3599 s$/, "3600 s"));
}
console.log("3600, \"3600\" and \"1h\":", seen);
const [seconds, text] = [seen["fast-jwt"], seen.jsonwebtoken[1]];
assert.ok(["3 s", "4 s"].includes(seconds[0]) && seconds[1] === seconds[0] && seconds[2] === "3600 s");
assert.ok(["3 s", "4 s"].includes(text));
assert.deepEqual([seen.jsonwebtoken[0], seen.jsonwebtoken[2]], ["3600 s", "3600 s"]);
assert.deepEqual(seen.jose, ["until 1970-01-01", "refused", "3600 s"]);
assert.deepEqual(seen["better-auth"], ["until 1970-01-01", "refused", "3600 s"]);
assert.deepEqual(seen["njwt, setExpiration(now + it)"], ["until 1970-01-21"]);
process.exit(0);
JS
node run.mjs

cat >run.py <<'PY'
import base64, json, sys, time
from datetime import datetime, timedelta
import jwt, jose.jwt, authlib.jose, joserfc.jwt
from joserfc.jwk import OctKey
key = "k" * 32
def lives(token):
    payload = token.split(".")[1]
    return round((json.loads(base64.urlsafe_b64decode(payload + "=="))["exp"] - time.time()) / 3600, 1)
claims = lambda: {"exp": datetime.now() + timedelta(hours=1)}
seen = {
    "PyJWT": lives(jwt.encode(claims(), key, algorithm="HS256")),
    "python-jose": lives(jose.jwt.encode(claims(), key, algorithm="HS256")),
    "Authlib": lives(authlib.jose.jwt.encode({"alg": "HS256"}, claims(), key).decode()),
    "joserfc": lives(joserfc.jwt.encode({"alg": "HS256"}, claims(), OctKey.import_key(key))),
}
print(sys.argv[1], "hours:", seen)
expected = {"UTC": [1], "Asia/Kolkata": [6.5], "America/New_York": [-3, -4]}[sys.argv[1]]
assert len(set(seen.values())) == 1 and seen["PyJWT"] in expected, seen
PY
for zone in UTC Asia/Kolkata America/New_York; do TZ=$zone py/bin/python -W ignore run.py $zone; done
echo "as stated: jsonwebtoken 9.0.3, fast-jwt 6.3.6, jose 6.2.18, njwt 2.0.1, better-auth 1.7.25, PyJWT 2.15.1, python-jose 3.5.0, Authlib 1.9.10, joserfc 1.8.0"
