#!/usr/bin/env bash
# crypto-js 4.1.1 to 4.2.0, crypto-es 1 to 2: a key that PBKDF2 made of the user's password is another one after the update. No error says so.
#
# crypto-js 4.1.1 and 4.2.0, crypto-es 1.2.7, 2.1.0 and 3.1.3 (npm), Node 24.21.0.
# Behaviour of `PBKDF2(password, salt, { keySize: 8 })`:
# - crypto-js 4.1.1 and crypto-es 1.2.7 go one round of SHA-1. crypto-js 4.2.0, crypto-es 2.1.0 and 3.1.3 go 250,000 of SHA-256. "^4.1.1" in a package.json takes
#   4.2.0 with the next install.
# - With `iterations` given it is another key as well: the hash changed, too. With `iterations` and `hasher` both given all five agree.
# - What was sealed under the old key then opens as an empty text, or as an error about UTF-8.
# - `AES.encrypt(text, "password")`, which derives its key itself, did not change.
#
# Who is hurt: an app that seals the key of a backup under a key from the user's password, and updates: all backups of before are "wrong password", and the
# users of the old version in the store cannot read those of the new one. Write `iterations` and `hasher` into the call and beside the cipher text; for old cipher texts
# try `{ iterations: 1, hasher: algo.SHA1 }` as well, and seal anew.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 crypto-js@4.2.0 crypto-js-411@npm:crypto-js@4.1.1 crypto-es@3.1.3 crypto-es-2@npm:crypto-es@2.1.0 \
  crypto-es-1@npm:crypto-es@1.2.7
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { Hex, PBKDF2, SHA1Algo, SHA256Algo } from "crypto-es";
import es1 from "crypto-es-1";
import es2 from "crypto-es-2";
import js42 from "crypto-js";
import js41 from "crypto-js-411";
const es3 = { PBKDF2, enc: { Hex }, algo: { SHA1: SHA1Algo, SHA256: SHA256Algo } };
const before = { "crypto-js 4.1.1": js41, "crypto-es 1.2.7": es1 };
const after = { "crypto-js 4.2.0": js42, "crypto-es 2.1.0": es2, "crypto-es 3.1.3": es3 };
const salt = "00112233445566778899aabbccddeeff";
const derive = (library, options) => library.PBKDF2("a password", library.enc.Hex.parse(salt), { keySize: 8, ...options }).toString();
const right = (rounds, hash) => pbkdf2Sync("a password", Buffer.from(salt, "hex"), rounds, 32, hash).toString("hex");
const check = (libraries, options, expected) => {
  for (const name in libraries) {
    const key = derive(libraries[name], options(libraries[name]));
    console.log(`${name}, ${Object.keys(options(libraries[name])).join(" and ") || "no options"}: ${key.slice(0, 16)}`);
    assert.equal(key, expected, name);
  }
};
check(before, () => ({}), right(1, "sha1"));
check(after, () => ({}), right(250_000, "sha256"));
check(before, () => ({ iterations: 1000 }), right(1000, "sha1"));
check(after, () => ({ iterations: 1000 }), right(1000, "sha256"));
check({ ...before, ...after }, (library) => ({ iterations: 1000, hasher: library.algo.SHA256 }), right(1000, "sha256"));
check({ ...before, ...after }, (library) => ({ iterations: 1, hasher: library.algo.SHA1 }), right(1, "sha1"));

const seen = new Set();
for (let i = 0; i < 100; i += 1) {
  const iv = js41.lib.WordArray.random(16).toString();
  const sealed = js41.AES.encrypt("11".repeat(32), js41.enc.Hex.parse(derive(js41)), { iv: js41.enc.Hex.parse(iv) }).toString();
  try {
    const opened = js42.AES.decrypt(sealed, js42.enc.Hex.parse(derive(js42)), { iv: js42.enc.Hex.parse(iv) }).toString(js42.enc.Utf8);
    seen.add("nothing, or some letters");
    assert.notEqual(opened, "11".repeat(32));
  } catch (error) {
    seen.add(error.message);
  }
}
console.log("4.2.0 opens what 4.1.1 sealed under the key of the password:", [...seen]);
assert.deepEqual([...seen].sort(), ["Malformed UTF-8 data", "nothing, or some letters"]);
assert.equal(js42.AES.decrypt(js41.AES.encrypt("a text", "a password").toString(), "a password").toString(js42.enc.Utf8), "a text");
JS
node run.mjs
echo "as stated: crypto-js 4.1.1 and 4.2.0, crypto-es 1.2.7, 2.1.0 and 3.1.3"
