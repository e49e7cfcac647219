#!/usr/bin/env bash
# Solana accounts from a recovery phrase: with an unhardened last step Trust Wallet's wallet-core gives all accounts one key, and the libraries' defaults are
# not the same account.
#
# @trustwallet/wallet-core 4.8.2, micro-key-producer 0.8.6, ed25519-hd-key 2.0.0, bip39 3.1.2 and @solana/web3.js 1.98.4 (npm) with Node 24.21.0; solders
# 0.29.0, bip_utils 2.12.3 and slip10 1.1.0 (PyPI).
# Behaviour, of one phrase. Ed25519 has hardened steps alone (SLIP-10); all agree on `m/44'/501'/0'/0'`.
# - `m/44'/501'/0'/0` and `…/1`: wallet-core leaves such a step out, so both are the key of `m/44'/501'/0'`. `getDerivedKey(solana, account, change, address)`
#   makes such a path: whatever `change` and `address` are, it is the same account. There is no error.
# - solders hardens the step without a word: `…/0` is `…/0'`. micro-key-producer, ed25519-hd-key, bip_utils and slip10 refuse it; micro-key-producer with
#   `forceHardened` hardens it.
# - with no path: wallet-core's `getAddressForCoin` and bip_utils' `DeriveDefaultPath` take `m/44'/501'/0'`; solders' `from_seed_phrase_and_passphrase` takes the
#   first 32 bytes of the seed and no path; wallet-core's `solanaSolana` is `m/44'/501'/0'/0'`.
#
# Who is hurt: a server that gives each user a deposit address by `getDerivedKey(solana, 0, 0, n)`, as it does for Ethereum, gives all of them one account. And
# whoever moves to another library, with the same phrase, finds an account that is empty. Write each step of the path hardened, and compare an
# address before money is sent there.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts @trustwallet/wallet-core@4.8.2 micro-key-producer@0.8.6 ed25519-hd-key@2.0.0 bip39@3.1.2 \
  @solana/web3.js@1.98.4
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check solders==0.29.0 bip_utils==2.12.3 slip10==1.1.0

cat >accounts.py <<'PYTHON'
import json, sys
from bip_utils import Bip32Slip10Ed25519, Bip44, Bip44Coins, Bip39SeedGenerator
from slip10 import SLIP10
from solders.keypair import Keypair

phrase, paths = json.load(sys.stdin)
seed = Bip39SeedGenerator(phrase).Generate()
of_key = lambda key: str(Keypair.from_seed(key).pubkey())
libraries = {
    "solders": lambda path: str(Keypair.from_seed_and_derivation_path(seed, path).pubkey()),
    "bip_utils": lambda path: of_key(Bip32Slip10Ed25519.FromSeed(seed).DerivePath(path).PrivateKey().Raw().ToBytes()),
    "slip10": lambda path: of_key(SLIP10.from_seed(seed, curve_name="ed25519").get_privkey_from_path(path)),
}
def account(derive, path):
    try:
        return derive(path)
    except Exception:
        return "refused"
seen = {name: {path: account(derive, path) for path in paths} for name, derive in libraries.items()}
seen["solders"]["default"] = str(Keypair.from_seed_phrase_and_passphrase(phrase, "").pubkey())
seen["bip_utils"]["default"] = Bip44.FromSeed(seed, Bip44Coins.SOLANA).DeriveDefaultPath().PublicKey().ToAddress()
print(json.dumps(seen))
PYTHON
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { Keypair } from "@solana/web3.js";
import { initWasm } from "@trustwallet/wallet-core";
import bip39 from "bip39";
import { derivePath } from "ed25519-hd-key";
import { HDKey } from "micro-key-producer/slip10.js";

const phrase = `${"abandon ".repeat(11)}about`;
const seed = bip39.mnemonicToSeedSync(phrase);
const { HDWallet, CoinType: { solana }, CoinTypeExt, Derivation } = await initWasm();
const wallet = HDWallet.createWithMnemonic(phrase, "");
const ofKey = (key) => Keypair.fromSeed(Uint8Array.from(key)).publicKey.toBase58();
const core = (key) => CoinTypeExt.deriveAddress(solana, key);
const libraries = {
  "wallet-core": (path) => core(wallet.getKey(solana, path)),
  "micro-key-producer": (path) => ofKey(HDKey.fromMasterSeed(seed).derive(path).privateKey),
  "micro-key-producer, forceHardened": (path) => ofKey(HDKey.fromMasterSeed(seed).derive(path, true).privateKey),
  "ed25519-hd-key": (path) => ofKey(derivePath(path, seed.toString("hex")).key),
};
const paths = ["m/44'/501'/0'", "m/44'/501'/0'/0'", "m/44'/501'/0'/1'", "m/44'/501'/0'/0", "m/44'/501'/0'/1"];
const seen = {};
for (const [name, derive] of Object.entries(libraries)) {
  seen[name] = {};
  for (const path of paths) {
    try {
      seen[name][path] = derive(path);
    } catch {
      seen[name][path] = "refused";
    }
  }
}
Object.assign(seen, JSON.parse(execFileSync("venv/bin/python", ["accounts.py"], { input: JSON.stringify([phrase, paths]), encoding: "utf8" })));
seen["wallet-core"].default = wallet.getAddressForCoin(solana);
console.log(seen);

const [short, first, second, plainFirst, plainSecond] = paths;
const accounts = Object.fromEntries([short, first, second].map((path) => [path, ofKey(derivePath(path, seed.toString("hex")).key)]));
assert.equal(new Set(Object.values(accounts)).size, 3);
for (const [name, of] of Object.entries(seen)) {
  for (const path of [short, first, second]) assert.equal(of[path], accounts[path], `${name} ${path}`);
  const hardens = ["solders", "micro-key-producer, forceHardened"].includes(name);
  const [zero, one] = hardens ? [accounts[first], accounts[second]] : name === "wallet-core" ? [accounts[short], accounts[short]] : ["refused", "refused"];
  assert.deepEqual([of[plainFirst], of[plainSecond]], [zero, one], name);
}
for (const [change, address] of [[0, 0], [0, 1], [1, 0], [7, 9]]) assert.equal(core(wallet.getDerivedKey(solana, 0, change, address)), accounts[short]);
assert.notEqual(core(wallet.getDerivedKey(solana, 1, 0, 0)), accounts[short]);
assert.deepEqual([seen["wallet-core"].default, seen.bip_utils.default, seen.solders.default], [accounts[short], accounts[short], ofKey(seed.subarray(0, 32))]);
assert.equal(wallet.getAddressDerivation(solana, Derivation.solanaSolana), accounts[first]);
process.exit(0);
JS
node run.mjs
echo "as stated: the versions above"
