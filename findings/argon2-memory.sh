#!/usr/bin/env bash
# Argon2 for a password's key: 65536 is 64 MiB of memory for six libraries, and 64 KiB for libsodium's, without an error. It is another key, and is
# guessed some hundred times as fast.
#
# libsodium-wrappers-sumo 0.8.4, @noble/hashes 2.4.0, hash-wasm 4.13.0, argon2 0.45.1, @node-rs/argon2 2.2.1 (npm) and Node 24.21.0's own crypto; PyNaCl 1.6.2
# and argon2-cffi 25.1.0 (PyPI).
# Behaviour, of Argon2id with three passes and one lane:
# - `crypto_pwhash` of libsodium, and PyNaCl's `argon2id.kdf`, take the memory in bytes. The others take it in KiB, as RFC 9106 does, under the names
#   `m`, `memorySize`, `memoryCost`, `memory`, `memory_cost`.
# - 65536 given to libsodium is the key that the others make of 64. From 8192 on libsodium takes any number; below that it is an error.
# - The same memory in both units is the same key: 64 MiB is 67108864 there and 65536 here.
# - libsodium has one lane always; with four lanes, argon2's and argon2-cffi's default, no setting of libsodium makes the same key.
#
# Who is hurt: an app that encrypts a cipher text or a key under the user's password, with the number from a guide (65536, "64 MiB") and libsodium: who gets hold of
# the file tries passwords a hundred times as fast as was meant. And the app that later opens it elsewhere with the same numbers says that the
# password is wrong. Keep the parameters with their units beside what they seal.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts libsodium-wrappers-sumo@0.8.4 @noble/hashes@2.4.0 hash-wasm@4.13.0 argon2@0.45.1 @node-rs/argon2@2.2.1
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check PyNaCl==1.6.2 argon2-cffi==25.1.0

cat >keys.py <<'PYTHON'
import json, sys
import nacl.pwhash
from argon2 import PasswordHasher
from argon2.low_level import Type, hash_secret_raw

password, salt = b"correct horse", bytes([7] * 16)
def key_of(make, memory):
    try:
        return make(memory).hex()
    except ValueError:
        return "an error"
makers = {
    "PyNaCl": lambda memory: nacl.pwhash.argon2id.kdf(32, password, salt, opslimit=3, memlimit=memory),
    "argon2-cffi": lambda memory: hash_secret_raw(password, salt, 3, memory, 1, 32, Type.ID),
}
assert PasswordHasher().parallelism == 4
print(json.dumps({name: {memory: key_of(make, memory) for memory in (64, 65536)} for name, make in makers.items()}))
PYTHON
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { argon2Sync } from "node:crypto";
import { argon2id as noble } from "@noble/hashes/argon2.js";
import nodeRs from "@node-rs/argon2";
import argon2 from "argon2";
import { argon2id as hashWasm } from "hash-wasm";
import sodium from "libsodium-wrappers-sumo";

await sodium.ready;
const password = "correct horse";
const salt = Buffer.alloc(16, 7);
const libsodium = (memory) => sodium.crypto_pwhash(32, password, salt, 3, memory, sodium.crypto_pwhash_ALG_ARGON2ID13);
const makers = {
  libsodium,
  noble: (m) => noble(password, salt, { t: 3, m, p: 1, dkLen: 32 }),
  "hash-wasm": async (memorySize) => Buffer.from(await hashWasm({ password, salt, parallelism: 1, iterations: 3, memorySize, hashLength: 32 }), "hex"),
  "node:crypto": (memory) => argon2Sync("argon2id", { message: password, nonce: salt, parallelism: 1, tagLength: 32, memory, passes: 3 }),
  "@node-rs/argon2": (memoryCost) => nodeRs.hashRawSync(password, { salt, memoryCost, timeCost: 3, parallelism: 1, outputLen: 32, algorithm: 2 }),
  argon2: (memoryCost) => argon2.hash(password, { salt, memoryCost, timeCost: 3, parallelism: 1, hashLength: 32, raw: true, type: argon2.argon2id }),
};
const seen = {};
const took = {};
for (const [name, make] of Object.entries(makers)) {
  seen[name] = {};
  for (const memory of [64, 65536]) {
    const begin = performance.now();
    seen[name][memory] = await Promise.resolve().then(() => make(memory)).then((key) => Buffer.from(key).toString("hex"), () => "an error");
    took[name] = performance.now() - begin;
  }
}
Object.assign(seen, JSON.parse(execFileSync("venv/bin/python", ["keys.py"], { encoding: "utf8" })));
const small = seen.noble[64];
const large = seen.noble[65536];
assert.notEqual(small, large);
for (const [name, keys] of Object.entries(seen)) {
  const inBytes = ["libsodium", "PyNaCl"].includes(name);
  console.log(`${name}: 64 is ${keys[64].slice(0, 12)}, 65536 is ${keys[65536].slice(0, 12)}`);
  assert.deepEqual(keys, inBytes ? { 64: "an error", 65536: small } : { 64: small, 65536: large });
}
const begin = performance.now();
assert.equal(Buffer.from(libsodium(67108864)).toString("hex"), large);
const times = (performance.now() - begin) / took.libsodium;
console.log(`libsodium: 64 MiB takes ${Math.round(times)} times as long as 65536`);
assert.ok(times > 30);
const four = await argon2.hash(password, { salt, memoryCost: 65536, timeCost: 3, hashLength: 32, raw: true, type: argon2.argon2id });
assert.notEqual(four.toString("hex"), large);
assert.match(await argon2.hash(password), /\bm=65536\b.*\bp=4\b/);
JS
node run.mjs
echo "as stated: the versions above"
