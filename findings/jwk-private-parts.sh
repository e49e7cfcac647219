#!/usr/bin/env bash
# A server's signing key as JWK: four libraries write the private half into what is to be published, three do not.
#
# jwcrypto 1.6.1, PyJWT 2.15.1, python-jose 3.5.0, Authlib 1.9.10 and joserfc 1.8.0 (PyPI); jose 6.2.18 and node-jose 2.2.0 (npm) with Node
# 24.21.0.
# Behaviour, of a private EC key, written as JWK or as a key set with each library's own defaults:
# - With the private half, `d`: jwcrypto (`JWK.export()`, and `JWKSet.export()`, the text that one would serve as jwks.json), PyJWT
#   (`ECAlgorithm.to_jwk()`), python-jose (`construct().to_dict()`), jose (`exportJWK()`).
# - Without: Authlib and joserfc (`as_dict()` of a key and of a set), node-jose (`keystore.toJSON()`).
# - jwcrypto has `export(private_keys=False)` for a set and `export_public()` for a key. For the others write the public key.
#
# - PyJWT takes the tokens of such a set, and says nothing of it. jose refuses the set when a token comes (ERR_JWKS_INVALID).
#
# Who is hurt: whoever moves from Authlib or joserfc to jwcrypto and serves `export()`, as `as_dict()` before it: the page with the keys holds
# the one that signs. Their own tests with PyJWT pass. This server passes over a key with `d`, so every sign-in is 401.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts jose@6.2.18 node-jose@2.2.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jwcrypto==1.6.1 'PyJWT[crypto]==2.15.1' python-jose==3.5.0 Authlib==1.9.10 joserfc==1.8.0

cat >run.py <<'PY'
import json, warnings
warnings.simplefilter("ignore")
import authlib.jose, joserfc.jwk, jose.jwk, jwt
from jwcrypto.jwk import JWK, JWKSet
from jwt.algorithms import ECAlgorithm

key = JWK.generate(kty="EC", crv="P-256", kid="key-1")
pem = key.export_to_pem(private_key=True, password=None).decode()
own = JWKSet()
own.add(key)
in_set = lambda text: json.loads(text)["keys"][0]
of_authlib = authlib.jose.JsonWebKey.import_key(pem, {"kty": "EC"})
of_joserfc = joserfc.jwk.ECKey.import_key(pem)
written = {
    "jwcrypto JWK.export()": json.loads(key.export()),
    "jwcrypto JWKSet.export()": in_set(own.export()),
    "jwcrypto JWKSet.export(private_keys=False)": in_set(own.export(private_keys=False)),
    "jwcrypto JWK.export_public()": json.loads(key.export_public()),
    "PyJWT to_jwk()": json.loads(ECAlgorithm.to_jwk(ECAlgorithm(ECAlgorithm.SHA256).prepare_key(pem))),
    "python-jose to_dict()": jose.jwk.construct(pem, "ES256").to_dict(),
    "Authlib as_dict()": of_authlib.as_dict(),
    "Authlib KeySet.as_dict()": authlib.jose.KeySet([of_authlib]).as_dict()["keys"][0],
    "joserfc as_dict()": of_joserfc.as_dict(),
    "joserfc KeySet.as_dict()": joserfc.jwk.KeySet([of_joserfc]).as_dict()["keys"][0],
}
private = {name: "d" in jwk for name, jwk in written.items()}
for name, has in private.items():
    print(f"{name}: {'PRIVATE' if has else 'public'}")
assert [name for name, has in private.items() if has] == [
    "jwcrypto JWK.export()", "jwcrypto JWKSet.export()", "PyJWT to_jwk()", "python-jose to_dict()"]

# As readers of a set with the private half, with a token that this key has signed.
token = jwt.encode({"sub": "ann"}, pem, algorithm="ES256", headers={"kid": "key-1"})
public = jwt.PyJWKSet.from_json(own.export())["key-1"]
sub = jwt.decode(token, public, algorithms=["ES256"])["sub"]
print("read by PyJWT:", sub)
assert sub == "ann"
json.dump({"set": json.loads(own.export()), "token": token}, open("signed.json", "w"))
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import * as jose from "jose";
import nodeJose from "node-jose";
const store = nodeJose.JWK.createKeyStore();
await store.generate("EC", "P-256");
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const written = { "jose exportJWK()": await jose.exportJWK(privateKey), "node-jose toJSON()": store.toJSON().keys[0] };
for (const [name, jwk] of Object.entries(written)) console.log(`${name}: ${"d" in jwk ? "PRIVATE" : "public"}`);
assert.ok("d" in written["jose exportJWK()"] && !("d" in written["node-jose toJSON()"]));
const { set, token } = JSON.parse(readFileSync("signed.json", "utf8"));
const refused = await jose.jwtVerify(token, jose.createLocalJWKSet(set)).catch((error) => error);
console.log("read by jose:", refused.code, refused.message);
assert.equal(refused.code, "ERR_JWKS_INVALID");
JS
timeout 60 venv/bin/python run.py
timeout 60 node --no-warnings run.mjs
echo "as stated: jwcrypto 1.6.1, PyJWT 2.15.1, python-jose 3.5.0, Authlib 1.9.10, joserfc 1.8.0, jose 6.2.18, node-jose 2.2.0"
