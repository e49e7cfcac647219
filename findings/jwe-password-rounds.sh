#!/usr/bin/env bash
# Texts sealed with a password as JWE (PBES2): with as many rounds as OWASP asks for, jose seals what neither it nor two libraries for Python open.
#
# jose 6.2.18, node-jose 2.2.0 (npm), jwcrypto 1.6.1, joserfc 1.8.0 (PyPI). OWASP's cheat sheet asks PBKDF2 with SHA-256 for 600,000 rounds.
# Behaviour, of a text sealed with PBES2-HS256+A128KW and A256GCM, with the right password:
# - jose seals with any number of rounds (`setKeyManagementParameters({ p2c })`; 2048 if none is named), and opens up to 10,000. Above that it is
#   "p2c out is of acceptable bounds". `compactDecrypt(…, { maxPBES2Count: 600000 })` opens it.
# - joserfc opens less than 300,000 rounds, jwcrypto up to 16,384 (`jwcrypto.jwa.default_max_pbkdf2_iterations` changes that). Both refuse to seal
#   with more.
# - node-jose opens them all.
# So what jose seals with 16,384 rounds jwcrypto and joserfc open, and jose itself does not.
#
# Who is hurt: whoever seals a key or an export with a person's password, and follows the advice on rounds. Nothing is wrong until the day of the recovery;
# then the right password seems to be a wrong one, or the file damaged. Open what was sealed, with the program that will open it, before the
# plain text goes.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 jose@6.2.18 node-jose@2.2.0
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check joserfc==1.8.0 jwcrypto==1.6.1

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose";
import nodeJose from "node-jose";
const SHARE = new TextEncoder().encode("a share");
const PASSWORD = new TextEncoder().encode("a long password");
const key = await nodeJose.JWK.asKey({ kty: "oct", k: Buffer.from(PASSWORD).toString("base64url") });
const seal = (rounds) => {
  const sealing = new CompactEncrypt(SHARE).setProtectedHeader({ alg: "PBES2-HS256+A128KW", enc: "A256GCM" });
  return (rounds ? sealing.setKeyManagementParameters({ p2c: rounds }) : sealing).encrypt(PASSWORD);
};
const open = (sealed, options) =>
  compactDecrypt(sealed, PASSWORD, { keyManagementAlgorithms: ["PBES2-HS256+A128KW"], ...options })
    .then(({ plaintext }) => Buffer.from(plaintext).toString(), ({ message }) => message);

assert.equal(decodeProtectedHeader(await seal()).p2c, 2048);
for (const rounds of [10_000, 16_384, 100_000, 600_000]) {
  const sealed = await seal(rounds);
  writeFileSync(`sealed-${rounds}`, sealed);
  const opened = await open(sealed);
  console.log(`jose, ${rounds} rounds:`, opened);
  if (rounds === 10_000) assert.equal(opened, "a share");
  else assert.match(opened, /p2c.*acceptable bounds/u);
  assert.equal(await open(sealed, { maxPBES2Count: 600_000 }), "a share");
  const other = await nodeJose.JWE.createDecrypt(key, { algorithms: ["*"] }).decrypt(sealed);
  assert.equal(other.plaintext.toString(), "a share");
}
process.exit(0);
JS
node run.mjs
cat >run.py <<'PY'
import json
from joserfc import jwe as joserfc
from joserfc.jwk import OctKey
from jwcrypto import jwa, jwe, jwk
from jwcrypto.common import base64url_encode

ALGORITHMS = ["PBES2-HS256+A128KW", "A256GCM"]
PASSWORD = b"a long password"
KEY, OTHER = jwk.JWK(kty="oct", k=base64url_encode(PASSWORD)), OctKey.import_key(PASSWORD)

def with_jwcrypto(text):
    token = jwe.JWE(algs=ALGORITHMS)
    token.deserialize(text, KEY)
    return token.payload

def with_joserfc(text):
    return joserfc.decrypt_compact(text, OTHER, algorithms=ALGORITHMS).plaintext

def outcome(what, *arguments):
    try:
        return what(*arguments)
    except Exception as error:
        return str(error)

def seal_jwcrypto(rounds):
    token = jwe.JWE(b"a share", json.dumps({"alg": ALGORITHMS[0], "enc": ALGORITHMS[1], "p2c": rounds}), algs=ALGORITHMS)
    token.add_recipient(KEY)
    return token.serialize(True)

def seal_joserfc(rounds):
    return joserfc.encrypt_compact({"alg": ALGORITHMS[0], "enc": ALGORITHMS[1], "p2c": rounds}, b"a share", OTHER, algorithms=ALGORITHMS)

for rounds in (10_000, 16_384, 100_000, 600_000):
    text = open(f"sealed-{rounds}").read()
    opened = {"jwcrypto": outcome(with_jwcrypto, text), "joserfc": outcome(with_joserfc, text)}
    print(rounds, "rounds, sealed by jose:", opened)
    assert (opened["jwcrypto"] == b"a share") == (rounds <= 16_384), opened
    assert (opened["joserfc"] == b"a share") == (rounds < 300_000), opened

for name, seal, says in (("joserfc", seal_joserfc, "must be less than 300000"), ("jwcrypto", seal_jwcrypto, "p2c value, too large")):
    refused = outcome(seal, 600_000)
    print(f"{name} seals with 600000 rounds: {refused}")
    assert says in refused
jwa.default_max_pbkdf2_iterations = 600_000
assert with_jwcrypto(open("sealed-600000").read()) == b"a share"
PY
venv/bin/python run.py
echo "as stated: jose 6.2.18, node-jose 2.2.0, jwcrypto 1.6.1, joserfc 1.8.0"
