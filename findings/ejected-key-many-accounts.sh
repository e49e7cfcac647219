#!/usr/bin/env bash
# One private key, many accounts: on Bitcoin, TON and Aptos the libraries' defaults make other addresses of it, and each of them is valid.
#
# bitcoinjs-lib 7.0.5 with ecpair 3.0.2, @scure/btc-signer 2.4.1, bitcore-lib 11.5.1; @ton/ton 16.3.0 with @ton/crypto 3.3.0; @aptos-labs/ts-sdk 7.3.0 (npm)
# with Node 24.21.0; bit 0.8.0, bitcoinlib 0.7.10 and bitcoin-utils 0.8.8 (PyPI).
# Behaviour:
# - Bitcoin: bitcore-lib, bit, bitcoin-utils' `get_address` and bitcoinlib's `Key` make an address 1…, bitcoinlib's `HDKey` of the same key bc1q…. bit's
#   `segwit_address` is 3…, bitcoin-utils' `get_segwit_address` bc1q…. The text of the key (WIF) is the same for all, and does not say which one is meant.
# - TON: ten wallet contracts, ten addresses. There is no default: whoever follows an older example (V3R2, V4) does not find a wallet of V5R1. V5R1 has
#   another address on the test network.
# - Aptos: `Account.fromPrivateKey({ privateKey })` is an account of the older kind. With `legacy: false`, as newer wallets have it, it is another one.
# - TON's `mnemonicToPrivateKey` takes any words: of a phrase of BIP-39, or with a wrong word, it makes a key, without an error. `mnemonicValidate` says
#   false of both.
#
# Who is hurt: a user who ejects the wallet and imports the key elsewhere: the account is empty. He thinks that the key is wrong, or sends coins to an address that
# no wallet of his shows. With the key write down the address, and its kind (P2WPKH, V5R1), and compare both before the shares go.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts bitcoinjs-lib@7.0.5 ecpair@3.0.2 tiny-secp256k1@2.2.4 @scure/btc-signer@2.4.1 bitcore-lib@11.5.1 \
  @ton/ton@16.3.0 @ton/crypto@3.3.0 @ton/core@0.63.1 @aptos-labs/ts-sdk@7.3.0
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check bit==0.8.0 bitcoinlib==0.7.10 bitcoin-utils==0.8.8

cat >run.py <<'PY'
import json
import bit
from bitcoinlib.keys import HDKey, Key
from bitcoinutils.keys import PrivateKey
from bitcoinutils.setup import setup

setup("mainnet")
digits = "11" * 32
of_bit, of_lib, of_utils = bit.Key.from_hex(digits), Key(digits), PrivateKey(secret_exponent=int(digits, 16))
public = of_utils.get_public_key()
assert of_bit.to_wif() == of_lib.wif() == of_utils.to_wif()
print(json.dumps({
    "WIF": of_bit.to_wif(),
    "bit": of_bit.address,
    "bit, segwit_address": of_bit.segwit_address,
    "bitcoinlib, Key": of_lib.address(),
    "bitcoinlib, HDKey": HDKey(key=bytes.fromhex(digits), chain=bytes(32)).address(),
    "bitcoin-utils, get_address": public.get_address().to_string(),
    "bitcoin-utils, get_segwit_address": public.get_segwit_address().to_string(),
}))
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { Account, Ed25519PrivateKey } from "@aptos-labs/ts-sdk";
import * as scure from "@scure/btc-signer";
import { keyPairFromSeed, mnemonicNew, mnemonicToPrivateKey, mnemonicValidate } from "@ton/crypto";
import * as ton from "@ton/ton";
import bitcore from "bitcore-lib";
import * as bitcoin from "bitcoinjs-lib";
import { ECPairFactory } from "ecpair";
import * as curve from "tiny-secp256k1";
const key = Buffer.alloc(32, 0x11); // nobody's
const pair = ECPairFactory(curve).fromPrivateKey(key);
const { WIF, ...python } = JSON.parse(execFileSync("py/bin/python", ["run.py"], { env: { ...process.env, HOME: process.cwd() } }).toString());
const bitcoins = {
  "bitcoinjs-lib, p2pkh": bitcoin.payments.p2pkh({ pubkey: pair.publicKey }).address,
  "bitcoinjs-lib, p2wpkh": bitcoin.payments.p2wpkh({ pubkey: pair.publicKey }).address,
  "@scure/btc-signer, tr": scure.getAddress("tr", key),
  "bitcore-lib": new bitcore.PrivateKey(key.toString("hex")).toAddress().toString(),
  ...python,
};
console.log("Bitcoin:", bitcoins);
assert.deepEqual([pair.toWIF(), new bitcore.PrivateKey(key.toString("hex")).toWIF(), scure.WIF().encode(key)], [WIF, WIF, WIF]);
const kind = (address) => address.match(/^(1|3|bc1.)/)[0];
assert.deepEqual(Object.fromEntries(Object.entries(bitcoins).map(([name, address]) => [name, kind(address)])), {
  "bitcoinjs-lib, p2pkh": "1",
  "bitcoinjs-lib, p2wpkh": "bc1q",
  "@scure/btc-signer, tr": "bc1p",
  "bitcore-lib": "1",
  bit: "1",
  "bit, segwit_address": "3",
  "bitcoinlib, Key": "1",
  "bitcoinlib, HDKey": "bc1q",
  "bitcoin-utils, get_address": "1",
  "bitcoin-utils, get_segwit_address": "bc1q",
});
assert.equal(new Set(Object.values(bitcoins)).size, 4);

const { publicKey } = keyPairFromSeed(key);
const contracts = Object.keys(ton).filter((name) => /^WalletContractV/.test(name));
const wallets = contracts.map((name) => [name, ton[name].create({ workchain: 0, publicKey }).address.toString()]);
wallets.push(["WalletContractV5R1, test network", ton.WalletContractV5R1.create({ publicKey, walletId: { networkGlobalId: -3 } }).address.toString()]);
console.log("TON:", Object.fromEntries(wallets));
assert.equal(wallets.length, 11);
assert.equal(new Set(wallets.map(([, address]) => address)).size, 11);

const words = await mnemonicNew(24);
const bip39 = `${"abandon ".repeat(11)}about`.split(" ");
for (const phrase of [words.with(3, words[3] === "zoo" ? "zone" : "zoo"), bip39]) {
  assert.equal(await mnemonicValidate(phrase), false);
  assert.equal((await mnemonicToPrivateKey(phrase)).publicKey.length, 32);
}

const privateKey = new Ed25519PrivateKey(new Uint8Array(key));
const aptos = [{}, { legacy: true }, { legacy: false }].map((options) => Account.fromPrivateKey({ privateKey, ...options }).accountAddress.toString());
console.log("Aptos:", aptos);
assert.equal(aptos[0], aptos[1]);
assert.notEqual(aptos[0], aptos[2]);
process.exit(0);
JS
timeout 100 node run.mjs
echo "as stated: bitcoinjs-lib 7.0.5, @scure/btc-signer 2.4.1, bitcore-lib 11.5.1, @ton/ton 16.3.0, @aptos-labs/ts-sdk 7.3.0, bit 0.8.0, bitcoinlib 0.7.10, bitcoin-utils 0.8.8"
