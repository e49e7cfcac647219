#!/usr/bin/env bash
# A provider's key set (JWKS) that does not answer for a quarter of an hour: all of six libraries then refuse every token, though they have its key. One says 401.
#
# jose 6.2.18, jwks-rsa 4.1.0, get-jwks 11.0.3, express-oauth2-jwt-bearer 1.10.0 with Express 4.21.2, hono 4.13.19 (its `jwk` middleware) (npm) with Node 24.21.0;
# PyJWT 2.15.1 (its PyJWKClient). Each with its own defaults; the clock is moved on, the key set answers 503 from the second minute on.
# Behaviour, of one good token with a `kid` that was verified in the first minute:
# - hono asks for the keys at each request, and is 500 at once.
# - PyJWKClient refuses it after 5 minutes, get-jwks within 9, jose, jwks-rsa and express-oauth2-jwt-bearer after 10: the keys that they have count for no longer.
# - express-oauth2-jwt-bearer then answers 401, `invalid_token`, as of a forged token. jose, jwks-rsa, get-jwks and PyJWKClient raise an error of their own, which is not one of the
#   token: a handler that says 401 in its `catch` does the same.
#
# Who is hurt: all users of a backend that verifies the sign-in so. To an app a 401 says that the credential is over: it signs its users out, and in the outage they
# cannot sign in again. Answer 503 where the keys could not be had, and keep the last keys for longer.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts jose@6.2.18 jwks-rsa@4.1.0 get-jwks@11.0.3 express-oauth2-jwt-bearer@1.10.0 express@4.21.2 hono@4.13.19
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check PyJWT==2.15.1 cryptography==50.0.2

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import express from "express";
import { auth } from "express-oauth2-jwt-bearer";
import buildGetJwks from "get-jwks";
import { Hono } from "hono";
import { jwk } from "hono/jwk";
import * as jose from "jose";
import jwksRsa from "jwks-rsa";
let moved = 0;
for (const clock of [Date, performance]) {
  const now = clock.now.bind(clock);
  clock.now = () => now() + moved;
}
const { publicKey, privateKey } = await jose.generateKeyPair("ES256");
const key = { ...(await jose.exportJWK(publicKey)), kid: "good", alg: "ES256", use: "sig" };
const claims = new jose.SignJWT({ sub: "user-1" }).setProtectedHeader({ alg: "ES256", kid: "good", typ: "JWT" }).setIssuer("https://issuer.example/");
const token = await claims.setAudience("backups").setIssuedAt().setExpirationTime("9h").sign(privateKey);
let down = false, asked = 0;
const listen = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)));
const provider = await listen(createServer((request, response) => {
  asked++;
  response.writeHead(down ? 503 : 200, { "content-type": "application/json" }).end(down ? "{}" : JSON.stringify({ keys: [key] }));
}));
const jwksUri = `${provider}/jwks`;
const app = express().use(auth({ jwksUri, issuer: "https://issuer.example/", audience: "backups", tokenSigningAlg: "ES256" }));
const backend = await listen(createServer(app.get("/", (request, response) => response.end("good"))));
const hono = new Hono().use(jwk({ jwks_uri: jwksUri, alg: ["ES256"] })).get("/", (context) => context.text("good"));
hono.onError((error, context) => error.getResponse?.() ?? context.text("", 500));
const keys = jose.createRemoteJWKSet(new URL(jwksUri));
const client = jwksRsa({ jwksUri });
const getJwks = buildGetJwks({ jwksPath: "jwks", issuersWhitelist: [provider] });
const headers = { authorization: `Bearer ${token}` };
const libraries = {
  jose: async () => void (await jose.jwtVerify(token, keys)),
  "jwks-rsa": async () => void (await jose.jwtVerify(token, await jose.importSPKI((await client.getSigningKey("good")).getPublicKey(), "ES256"))),
  "get-jwks": async () => void (await jose.jwtVerify(token, await jose.importSPKI(await getJwks.getPublicKey({ kid: "good", alg: "ES256", domain: provider }), "ES256"))),
  "express-oauth2-jwt-bearer": async () => (await fetch(backend, { headers })).status,
  hono: async () => (await hono.request("/", { headers })).status,
};
const seen = {};
for (const minute of [0, 1, 9, 11, 60]) {
  moved = minute * 60_000;
  down = minute > 0;
  for (const [name, verify] of Object.entries(libraries)) {
    asked = 0;
    const said = await verify().then((status) => status ?? "good", () => "error");
    (seen[name] ??= []).push(said === 200 ? "good" : said);
    if (minute === 1 && name !== "get-jwks") assert.equal(asked, name === "hono" ? 1 : 0, name);
  }
}
console.log("minutes 0, 1, 9, 11, 60:", seen);
assert.deepEqual(seen, {
  jose: ["good", "good", "good", "error", "error"],
  "jwks-rsa": ["good", "good", "good", "error", "error"],
  "get-jwks": ["good", "good", "error", "error", "error"],
  "express-oauth2-jwt-bearer": ["good", "good", "good", 401, 401],
  hono: ["good", 500, 500, 500, 500],
});
process.exit(0);
JS
cat >run.py <<'PY'
import http.server, json, threading, time
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
moved, down = 0, False
for name in ("time", "monotonic"):
    setattr(time, name, lambda now=getattr(time, name): now() + moved)
key = ec.generate_private_key(ec.SECP256R1())
keys = json.dumps({"keys": [json.loads(ECAlgorithm.to_jwk(key.public_key())) | {"kid": "good", "use": "sig", "alg": "ES256"}]}).encode()
class Provider(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if down else 200)
        self.end_headers()
        self.wfile.write(b"{}" if down else keys)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = jwt.PyJWKClient(f"http://127.0.0.1:{server.server_port}/")
token = jwt.encode({"sub": "user-1"}, key, algorithm="ES256", headers={"kid": "good"})
seen = []
for minute in (0, 1, 4, 6, 60):
    moved, down = minute * 60, minute > 0
    try:
        jwt.decode(token, client.get_signing_key_from_jwt(token).key, algorithms=["ES256"])
        seen.append("good")
    except jwt.PyJWTError as error:
        seen.append(type(error).__name__)
print("PyJWKClient, minutes 0, 1, 4, 6, 60:", seen)
assert seen == ["good", "good", "good", "PyJWKClientConnectionError", "PyJWKClientConnectionError"]
PY
timeout 60 node run.mjs 2>errors || { cat errors; exit 1; }
timeout 60 py/bin/python run.py
echo "as stated: jose, jwks-rsa, get-jwks, express-oauth2-jwt-bearer, hono, PyJWT"
