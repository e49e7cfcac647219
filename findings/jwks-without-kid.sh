#!/usr/bin/env bash
# A key set (JWKS) whose keys have no `kid`: with one key seven libraries of nine verify its tokens. When the next key stands beside it, two do.
#
# jose 6.2.18, jwks-rsa 4.1.0, get-jwks 11.0.3, hono 4.13.19 (its `jwk` middleware) (npm) with Node 24.21.0; PyJWT 2.15.1 (its PyJWKClient), python-jose 3.5.0, Authlib 1.9.10,
# joserfc 1.8.0, jwcrypto 1.6.1 (PyPI). Each with its own defaults.
# Behaviour, of a good token (ES256); RFC 7517 leaves `kid` to the one who publishes the set:
# - one key, no `kid` in it nor in the token: hono and PyJWKClient refuse, the others take it.
# - two keys, both without `kid`, the token by the second one: jose ("multiple matching keys"), jwks-rsa, get-jwks, hono, PyJWKClient, Authlib and joserfc refuse. Only python-jose and
#   jwcrypto try the second key too. So it is where both keys have the same `kid` ("1"), and the token has it.
# - a `kid` in the token alone: all but python-jose refuse. A `kid` in the set alone: hono, PyJWKClient and get-jwks refuse.
# - `alg` or `use` left out of the key: all take it.
#
# Who is hurt: a company that signs its own tokens, and puts the next key into the set a day before it is used, as one should: from that moment on every sign-in is refused, for
# the old key's tokens as well. Each test with one key has passed. Give each key a `kid` of its own, and write it into the token.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts jose@6.2.18 jwks-rsa@4.1.0 get-jwks@11.0.3 hono@4.13.19
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check PyJWT==2.15.1 python-jose==3.5.0 Authlib==1.9.10 joserfc==1.8.0 jwcrypto==1.6.1 cryptography==50.0.2

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import buildGetJwks from "get-jwks";
import { Hono } from "hono";
import { jwk } from "hono/jwk";
import * as jose from "jose";
import jwksRsa from "jwks-rsa";
const pair = () => jose.generateKeyPair("ES256");
const [other, own] = [await pair(), await pair()];
const key = async ({ publicKey }, more) => ({ ...(await jose.exportJWK(publicKey)), use: "sig", alg: "ES256", ...more });
const token = (more) => new jose.SignJWT({ sub: "user-1" }).setProtectedHeader({ alg: "ES256", ...more }).setIssuedAt().setExpirationTime("9h").sign(own.privateKey);
const kid = "1";
const cases = {
  "one key": [[await key(own)], await token()],
  "two keys": [[await key(other), await key(own)], await token()],
  "one kid for two": [[await key(other, { kid }), await key(own, { kid })], await token({ kid })],
  "kid in the token": [[await key(own)], await token({ kid })],
  "kid in the set": [[await key(own, { kid })], await token()],
  "no alg": [[await key(own, { kid, alg: undefined })], await token({ kid })],
  "no use": [[await key(own, { kid, use: undefined })], await token({ kid })],
};
writeFileSync("cases.json", JSON.stringify(cases));
let keys;
const server = createServer((request, response) => response.setHeader("content-type", "application/json").end(JSON.stringify({ keys })));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const domain = `http://127.0.0.1:${server.address().port}`;
const jwksUri = `${domain}/jwks`;
const verified = async (text, pem) => (await jose.jwtVerify(text, await jose.importSPKI(pem, "ES256"))).payload.sub === "user-1";
const libraries = {
  jose: async (text) => (await jose.jwtVerify(text, jose.createRemoteJWKSet(new URL(jwksUri)))).payload.sub === "user-1",
  "jwks-rsa": async (text, kid) => verified(text, (await jwksRsa({ jwksUri }).getSigningKey(kid)).getPublicKey()),
  "get-jwks": async (text, kid) => verified(text, await buildGetJwks({ jwksPath: "jwks" }).getPublicKey({ kid, alg: "ES256", domain })),
  async hono(text) {
    const app = new Hono().use(jwk({ jwks_uri: jwksUri, alg: ["ES256"] })).get("/", (context) => context.text("good"));
    app.onError((_, context) => context.text("", 500));
    return (await app.request("/", { headers: { authorization: `Bearer ${text}` } })).status === 200;
  },
};
const seen = {};
for (const [name, [set, text]] of Object.entries(cases)) {
  keys = set;
  seen[name] = [];
  for (const [library, verify] of Object.entries(libraries)) {
    const takes = await verify(text, jose.decodeProtectedHeader(text).kid).catch(() => false);
    if (!takes) seen[name].push(library);
  }
}
const python = JSON.parse(execFileSync("py/bin/python", ["run.py"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
for (const name in seen) seen[name] = [...seen[name], ...python[name]].join(", ");
console.log("refused by:", seen);
assert.deepEqual(seen, {
  "one key": "hono, PyJWKClient",
  "two keys": "jose, jwks-rsa, get-jwks, hono, PyJWKClient, Authlib, joserfc",
  "one kid for two": "jose, jwks-rsa, get-jwks, hono, PyJWKClient, Authlib, joserfc",
  "kid in the token": "jose, jwks-rsa, get-jwks, hono, PyJWKClient, Authlib, joserfc, jwcrypto",
  "kid in the set": "get-jwks, hono, PyJWKClient",
  "no alg": "",
  "no use": "",
});
process.exit(0);
JS
cat >run.py <<'PY'
import http.server, json, threading, warnings
warnings.simplefilter("ignore")
import authlib.jose, jose.jwt, joserfc.jwk, joserfc.jwt, jwcrypto.jwk, jwcrypto.jwt, jwt
keys = []
class Provider(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"keys": keys}).encode())
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"
libraries = {
    "PyJWKClient": lambda token: jwt.decode(token, jwt.PyJWKClient(url).get_signing_key_from_jwt(token).key, algorithms=["ES256"]),
    "python-jose": lambda token: jose.jwt.decode(token, {"keys": keys}, algorithms=["ES256"]),
    "Authlib": lambda token: authlib.jose.JsonWebToken(["ES256"]).decode(token, authlib.jose.JsonWebKey.import_key_set({"keys": keys})),
    "joserfc": lambda token: joserfc.jwt.decode(token, joserfc.jwk.KeySet.import_key_set({"keys": keys}), algorithms=["ES256"]),
    "jwcrypto": lambda token: jwcrypto.jwt.JWT(jwt=token, key=jwcrypto.jwk.JWKSet.from_json(json.dumps({"keys": keys})), algs=["ES256"]),
}
seen = {}
for name, (keys, token) in json.load(open("cases.json")).items():
    seen[name] = []
    for library, verify in libraries.items():
        try:
            verify(token)
        except Exception:
            seen[name].append(library)
print(json.dumps(seen))
PY
timeout 100 node run.mjs
echo "as stated: jose, jwks-rsa, get-jwks, hono, PyJWT, python-jose, Authlib, joserfc, jwcrypto"
