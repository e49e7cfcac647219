#!/usr/bin/env bash
# Derivation paths (BIP-32): of "m/44h/60h/0h/0/0", and of a path whose apostrophes a phone has made typographic, three libraries make another key, without an error.
#
# hdkey 2.1.0, ethereumjs-wallet 1.0.2 and ethereum-hdwallet 0.1.2 (npm), with the peers @scure/bip32 2.4.0, bip32 5.0.1, bitcore-lib 11.5.1 and ethers 6.17.0,
# Node 24.21.0; bip32 5.0.0, bip_utils 2.12.3 and eth-account 0.14.0 (PyPI).
# Behaviour, of one seed and the path m/44'/60'/0'/0/0, whose key all of them agree on:
# - written "m/44h/60h/0h/0/0", as Bitcoin Core and descriptors write it: the first three read 44 and leave the "h" out, so no step is hardened. It is a valid
#   key of another account. bip32 of PyPI and bip_utils give the right one; the other libraries of npm, and eth-account, refuse it.
# - with "H" the same three do so; bip32 of PyPI and eth-account give the right key, bip_utils refuses it.
# - with the apostrophe ’ that keyboards and text programs put in ' 's place: the same three give that other key. All others refuse it.
# - with a step left empty ("m/44'/60'//0/0"): bip_utils leaves it out and gives the key of m/44'/60'/0/0. All others refuse it.
#
# Who is hurt: whoever ejects a key or recovers a phrase with a path from a descriptor, a note or a support chat: the account is valid and empty, and what is
# sent there is found by no wallet that writes the path with '. Give the library a path with straight apostrophes, check it against a pattern first, and compare the address.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 hdkey@2.1.0 ethereumjs-wallet@1.0.2 ethereum-hdwallet@0.1.2 @scure/bip32@2.4.0 bip32@5.0.1 \
  tiny-secp256k1@2.2.4 bitcore-lib@11.5.1 ethers@6.17.0
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check bip32==5.0.0 bip_utils==2.12.3 eth-account==0.14.0

cat >run.py <<'PY'
import json, sys
from bip32 import BIP32
from bip_utils import Bip32Slip10Secp256k1
from eth_account.hdaccount import key_from_seed
seed = bytes(range(64))
libraries = {
    "bip32 (PyPI)": lambda path: BIP32.from_seed(seed).get_privkey_from_path(path),
    "bip_utils": lambda path: Bip32Slip10Secp256k1.FromSeedAndPath(seed, path).PrivateKey().Raw().ToBytes(),
    "eth-account": lambda path: key_from_seed(seed, path),
}
def tried(key, path):
    try:
        return key(path).hex()
    except Exception:
        return "refused"
print(json.dumps({path: {name: tried(key, path) for name, key in libraries.items()} for path in json.loads(sys.argv[1])}))
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { HDKey } from "@scure/bip32";
import { BIP32Factory } from "bip32";
import { HDNodeWallet } from "ethers";
import * as ecc from "tiny-secp256k1";
const require = createRequire(import.meta.url);
const hdkey = require("hdkey");
const { hdkey: ethereumjs } = require("ethereumjs-wallet");
const { HDPrivateKey } = require("bitcore-lib");
const seed = Buffer.from(Array.from({ length: 64 }, (_, i) => i));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const libraries = {
  hdkey: (path) => hex(hdkey.fromMasterSeed(seed).derive(path).privateKey),
  "ethereumjs-wallet": (path) => hex(ethereumjs.fromMasterSeed(seed).derivePath(path).getWallet().getPrivateKey()),
  "ethereum-hdwallet": (path) => hex(require("ethereum-hdwallet").fromSeed(seed).derive(path).getPrivateKey()),
  "@scure/bip32": (path) => hex(HDKey.fromMasterSeed(seed).derive(path).privateKey),
  bip32: (path) => hex(BIP32Factory(ecc).fromSeed(seed).derivePath(path).privateKey),
  "bitcore-lib": (path) => HDPrivateKey.fromSeed(seed).deriveChild(path).privateKey.toString(),
  ethers: (path) => HDNodeWallet.fromSeed(seed).derivePath(path).privateKey.slice(2),
};
const tried = (key, path) => {
  try {
    return key(path);
  } catch {
    return "refused";
  }
};
const right = "m/44'/60'/0'/0/0";
const others = { unhardened: "m/44/60/0/0/0", short: "m/44'/60'/0/0" };
const three = ["hdkey", "ethereumjs-wallet", "ethereum-hdwallet"];
const expected = {
  [right]: { right: [...Object.keys(libraries), "bip32 (PyPI)", "bip_utils", "eth-account"] },
  "m/44h/60h/0h/0/0": { unhardened: three, right: ["bip32 (PyPI)", "bip_utils"] },
  "m/44H/60H/0H/0/0": { unhardened: three, right: ["bip32 (PyPI)", "eth-account"] },
  "m/44’/60’/0’/0/0": { unhardened: three },
  "m/44'/60'//0/0": { short: ["bip_utils"] },
};
const paths = Object.keys(expected);
const seen = JSON.parse(execFileSync("venv/bin/python", ["run.py", JSON.stringify(paths)], { encoding: "utf8" }));
const keys = Object.fromEntries(Object.entries({ right, ...others }).map(([name, path]) => [libraries.ethers(path), name]));
for (const path of paths) {
  for (const name in libraries) seen[path][name] = tried(libraries[name], path);
  const found = {};
  for (const [name, key] of Object.entries(seen[path])) if (key !== "refused") (found[keys[key] ?? key] ??= []).push(name);
  console.log(path, found);
  for (const kind of new Set([...Object.keys(found), ...Object.keys(expected[path])])) {
    assert.deepEqual([...(found[kind] ?? [])].sort(), [...(expected[path][kind] ?? [])].sort(), `${path}: ${kind}`);
  }
}
JS
node --no-warnings run.mjs 2>&1 | grep -v 'secp256k1 unavailable'
echo "as stated: hdkey 2.1.0, ethereumjs-wallet 1.0.2, ethereum-hdwallet 0.1.2, bip_utils 2.12.3"
