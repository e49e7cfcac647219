#!/usr/bin/env bash
# argon2 of npm since 0.45: its hashes of passwords have their parameters in another order. libsodium and PyNaCl then say that the right password is wrong.
#
# argon2 0.44.0 and 0.45.1, @node-rs/argon2 2.2.1, hash-wasm 4.13.0 and libsodium-wrappers-sumo 0.8.4 (npm) with Node 24.21.0; argon2-cffi 25.1.0,
# PyNaCl 1.6.2 and passlib 1.7.4 (PyPI).
# Behaviour of `hash(password)`:
# - 0.44.0 writes `$argon2id$v=19$m=65536,t=3,p=4$…`, as the reference code of Argon2 does, 0.45.1 `$argon2id$v=19$m=65536,p=4,t=3$…`.
# - argon2 itself, of both versions, @node-rs/argon2 and hash-wasm verify either form.
# - libsodium gives false, PyNaCl raises "Wrong password", argon2-cffi "Decoding failed", passlib "malformed argon2 hash". The older form is right to
#   all of them.
# - `needsRehash` says of neither form that it should be made anew.
#
# Who is hurt: a server that keeps its operators' passwords, or the keys of its clients, as such hashes. After an update new ones are written in the new form; whatever
# else reads the table (a job in Python, the next server) refuses these people, the older ones not, and with libsodium it looks like a slip of the
# finger. Try one hash of today in every program that reads them.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts argon2@0.45.1 argon2-older@npm:argon2@0.44.0 @node-rs/argon2@2.2.1 hash-wasm@4.13.0 libsodium-wrappers-sumo@0.8.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check argon2-cffi==25.1.0 PyNaCl==1.6.2 passlib==1.7.4

cat >verify.py <<'PYTHON'
import json, sys
import nacl.pwhash
from argon2 import PasswordHasher
from passlib.hash import argon2 as passlib

readers = {
    "argon2-cffi": lambda hash: PasswordHasher().verify(hash, "correct horse"),
    "PyNaCl": lambda hash: nacl.pwhash.verify(hash.encode(), b"correct horse"),
    "passlib": lambda hash: passlib.verify("correct horse", hash),
}
def look(read, hash):
    try:
        return read(hash)
    except Exception as error:
        return str(error)
print(json.dumps({form: {name: look(read, hash) for name, read in readers.items()} for form, hash in json.load(sys.stdin).items()}))
PYTHON
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import nodeRs from "@node-rs/argon2";
import argon2 from "argon2";
import older from "argon2-older";
import { argon2Verify } from "hash-wasm";
import sodium from "libsodium-wrappers-sumo";

await sodium.ready;
const password = "correct horse";
const hashes = { "0.44.0": await older.hash(password), "0.45.1": await argon2.hash(password) };
assert.match(hashes["0.44.0"], /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
assert.match(hashes["0.45.1"], /^\$argon2id\$v=19\$m=65536,p=4,t=3\$/);
const readers = {
  "argon2 0.45.1": (hash) => argon2.verify(hash, password),
  "argon2 0.44.0": (hash) => older.verify(hash, password),
  "@node-rs/argon2": (hash) => nodeRs.verify(hash, password),
  "hash-wasm": (hash) => argon2Verify({ hash, password }),
  libsodium: (hash) => sodium.crypto_pwhash_str_verify(hash, password),
};
const seen = JSON.parse(execFileSync("venv/bin/python", ["-W", "ignore", "verify.py"], { input: JSON.stringify(hashes), encoding: "utf8" }));
for (const [form, hash] of Object.entries(hashes)) {
  for (const [name, read] of Object.entries(readers)) seen[form][name] = await read(hash);
  assert.equal(argon2.needsRehash(hash), false);
}
console.log(seen);
const right = { "argon2 0.45.1": true, "argon2 0.44.0": true, "@node-rs/argon2": true, "hash-wasm": true };
assert.deepEqual(seen, {
  "0.44.0": { ...right, libsodium: true, PyNaCl: true, "argon2-cffi": true, passlib: true },
  "0.45.1": { ...right, libsodium: false, PyNaCl: "Wrong password", "argon2-cffi": "Decoding failed", passlib: "malformed argon2 hash" },
});
JS
node run.mjs
echo "as stated: argon2 0.44.0 and 0.45.1, and the versions above"
