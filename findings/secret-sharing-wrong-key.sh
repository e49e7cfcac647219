#!/usr/bin/env bash
# Secret sharing (Shamir): too few pieces, or the pieces of two splits, give a key all the same. It is another one.
#
# shamir-secret-sharing 0.0.4, secrets.js-grempe 2.0.0 and shamirs-secret-sharing 2.0.1 (npm) with Node 24.21.0; pyshamir 1.1.0 (PyPI), a port
# of HashiCorp Vault's; and as the peer shamir-mnemonic 0.3.0 (PyPI), which keeps to SLIP-39.
# Behaviour, of 32 bytes that are split into five pieces of which three are enough:
# - Two pieces give another key, without an error. So do two pieces of one split with a third one of another split of the same key, as
#   there are after the pieces were given out anew. shamir-secret-sharing and pyshamir give 32 bytes, secrets.js and shamirs-secret-sharing
#   some more, as they pad; these two take one piece alone, too.
# - All five pieces, of which one has a slip in one digit, give 32 other bytes in all four, although the other four pieces would do: nobody
#   compares.
# - The same piece twice: shamir-secret-sharing and pyshamir refuse it, the other two count it as two.
# - pyshamir opens the pieces of shamir-secret-sharing: it is one form. secrets.js and shamirs-secret-sharing have forms of their own.
# - SLIP-39 refuses too few words, words of two splits and a word with a slip. A wrong passphrase gives another key, without an error.
#
# Who is hurt: whoever gives the pieces of a sealing key to five people. 32 wrong bytes look like 32 right ones. Split a text that tells, as the
# identity of age does (AGE-SECRET-KEY-1… has a checksum), try every set of three pieces on the day of the split, and destroy the old
# pieces when there are new ones.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 shamir-secret-sharing@0.0.4 secrets.js-grempe@2.0.0 shamirs-secret-sharing@2.0.1
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check pyshamir==1.1.0 shamir-mnemonic==0.3.0

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import secrets from "secrets.js-grempe";
import { combine, split } from "shamir-secret-sharing";
import shamirs from "shamirs-secret-sharing";

const key = new Uint8Array(randomBytes(32)); // shamir-secret-sharing takes no Buffer.
/** Each library: pieces of the key, and a key of pieces. */
const libraries = {
  "shamir-secret-sharing": { pieces: () => split(key, 5, 3), key: (pieces) => combine(pieces) },
  "secrets.js-grempe": { pieces: () => secrets.share(Buffer.from(key).toString("hex"), 5, 3), key: (pieces) => Buffer.from(secrets.combine(pieces), "hex") },
  "shamirs-secret-sharing": { pieces: () => shamirs.split(key, { shares: 5, threshold: 3 }), key: (pieces) => shamirs.combine(pieces) },
};
/** One digit is another one. */
const withSlip = (piece) => {
  if (typeof piece === "string") return piece.slice(0, -1) + (piece.endsWith("0") ? "1" : "0");
  const copy = Uint8Array.from(piece);
  copy[copy.length - 5] ^= 1;
  return copy;
};
const seen = {};
for (const [name, library] of Object.entries(libraries)) {
  const [pieces, others] = [await library.pieces(), await library.pieces()];
  const gives = async (...given) => {
    const got = await Promise.resolve().then(() => library.key(given)).catch(() => "refused");
    return got === "refused" ? got : Buffer.from(got).equals(key) ? "the key" : got.length === 32 ? "32 other bytes" : "more bytes";
  };
  seen[name] = {
    three: await gives(...pieces.slice(2)),
    one: await gives(pieces[0]),
    two: await gives(pieces[0], pieces[1]),
    "two splits": await gives(pieces[0], pieces[1], others[2]),
    "a slip in one of five": await gives(...pieces.slice(0, 4), withSlip(pieces[4])),
    "one twice": await gives(pieces[0], pieces[0], pieces[1]),
  };
  if (name === "shamir-secret-sharing") writeFileSync("pieces.json", JSON.stringify([key, ...pieces].map((piece) => Buffer.from(piece).toString("hex"))));
}
console.log(seen);
const other = "32 other bytes";
const gone = { three: "the key", one: "refused", two: other, "two splits": other, "a slip in one of five": other, "one twice": "refused" };
assert.deepEqual(seen["shamir-secret-sharing"], gone);
const longer = { three: "the key", one: "more bytes", two: "more bytes", "two splits": "more bytes", "a slip in one of five": other, "one twice": "more bytes" };
assert.deepEqual(seen["secrets.js-grempe"], longer);
assert.deepEqual(seen["shamirs-secret-sharing"], longer);
JS
node run.mjs

cat >run.py <<'PY'
import json, os
from pyshamir import combine, split
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics

def gives(key, work):
    try:
        got = bytes(work())
    except Exception as refused:
        return f"refused: {refused}"
    return "the key" if got == key else f"{len(got)} other bytes"

key, *theirs = [bytes.fromhex(piece) for piece in json.load(open("pieces.json"))]
assert gives(key, lambda: combine([bytearray(piece) for piece in theirs[:3]])) == "the key"
one, two, three, four, five = split(key, 5, 3)
other = split(key, 5, 3)
slip = bytearray(five)
slip[20] ^= 1
seen = {
    "two": gives(key, lambda: combine([one, two])),
    "two splits": gives(key, lambda: combine([one, two, other[2]])),
    "a slip in one of five": gives(key, lambda: combine([one, two, three, four, slip])),
    "one twice": gives(key, lambda: combine([one, one, two])),
}
print("pyshamir:", seen)
assert [said.split(":")[0] for said in seen.values()] == ["32 other bytes"] * 3 + ["refused"]

words = lambda passphrase=b"": generate_mnemonics(1, [(3, 5)], key, passphrase)[0]
one, two, three, *_ = words()
slip = " ".join([*three.split()[:-1], "academic" if three.split()[-1] != "academic" else "acid"])
seen = {
    "three": gives(key, lambda: combine_mnemonics([one, two, three])),
    "two": gives(key, lambda: combine_mnemonics([one, two])),
    "two splits": gives(key, lambda: combine_mnemonics([one, two, words()[2]])),
    "a slip": gives(key, lambda: combine_mnemonics([one, two, slip])),
    "a wrong passphrase": gives(key, lambda: combine_mnemonics(words(b"right")[:3], b"wrong")),
}
print("SLIP-39:", {name: said[:60] for name, said in seen.items()})
assert [said.split(":")[0] for said in seen.values()] == ["the key", "refused", "refused", "refused", "32 other bytes"]
PY
py/bin/python run.py
echo "as stated: shamir-secret-sharing 0.0.4, secrets.js-grempe 2.0.0, shamirs-secret-sharing 2.0.1, pyshamir 1.1.0, shamir-mnemonic 0.3.0"
