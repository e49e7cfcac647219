#!/usr/bin/env bash
# TronWeb: of a private key that is written with 63 digits, as one in 16 is where a leading zero was left out, it shows another account, without an error.
#
# tronweb 6.5.1, viem 2.57.20, ethers 6.17.0, web3-eth-accounts 4.3.1, bitcore-lib 11.5.1, elliptic 6.6.1 (npm) with Node 24.21.0; eth-account 0.13.7 and
# bit 0.8.0 (PyPI).
# Behaviour, of a key whose first digit is 0:
# - `BigInt(key).toString(16)`, Python's `hex(key)[2:]` and elliptic's BN write it with 63 digits. elliptic's `getPrivate("hex")` keeps the zero of one digit,
#   and leaves a whole zero byte out: 62 digits for one key in 256.
# - TronWeb leaves the last one of 63 digits out: `address.fromPrivateKey` and `new TronWeb({ privateKey })` give the address of the 62 digits before it, without
#   an error. To sign with the 63 it refuses. Given 64 digits, or 62, its address is the right one.
# - viem, ethers and web3.js refuse 63 and 62 digits. eth-account takes 63, bitcore-lib and bit both, for the right key.
#
# Who is hurt: whoever puts a key together himself (from shares, of an eject) and writes it as a number. On Ethereum it is refused or right; on Tron one user in 16
# is shown an empty account that is not his, and what is sent there needs another key: the first 62 digits. Write keys with `.padStart(64, "0")`, and
# compare the address with the wallet's before the shares are thrown away.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts tronweb@6.5.1 viem@2.57.20 ethers@6.17.0 web3-eth-accounts@4.3.1 bitcore-lib@11.5.1 elliptic@6.6.1
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check eth-account==0.13.7 bit==0.8.0

cat >run.py <<'PY'
import json, sys
import bit
from eth_account import Account

def of(make):
    try:
        return make()
    except Exception:
        return "refused"

key = int(sys.argv[1], 16)
assert len(hex(key)[2:]) == 63 or sys.argv[1].startswith("00")
print(json.dumps({digits: {"eth-account": of(lambda: Account.from_key("0x" + digits).address), "bit": of(lambda: bit.Key.from_hex(digits).address)} for digits in sys.argv[2:]}))
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import bitcore from "bitcore-lib";
import elliptic from "elliptic";
import { Wallet } from "ethers";
import { TronWeb } from "tronweb";
import { privateKeyToAccount } from "viem/accounts";
import { privateKeyToAccount as ofWeb3 } from "web3-eth-accounts";
const curve = new elliptic.ec("secp256k1");
const one = `0${"a1".repeat(31)}b`; // nobody's; the first digit is 0
const two = `00${"a1".repeat(31)}`; // the first byte is 0
assert.equal(BigInt(`0x${one}`).toString(16).length, 63);
assert.equal(curve.keyFromPrivate(one, "hex").getPrivate().toString(16).length, 63);
assert.equal(curve.keyFromPrivate(one, "hex").getPrivate("hex").length, 64);
assert.equal(curve.keyFromPrivate(two, "hex").getPrivate("hex").length, 62);
const makers = {
  tronweb: (digits) => TronWeb.address.fromPrivateKey(digits),
  "a TronWeb": (digits) => new TronWeb({ fullHost: "http://127.0.0.1", privateKey: digits }).defaultAddress.base58,
  viem: (digits) => privateKeyToAccount(`0x${digits}`).address,
  ethers: (digits) => new Wallet(`0x${digits}`).address,
  "web3.js": (digits) => ofWeb3(`0x${digits}`).address,
  "bitcore-lib": (digits) => new bitcore.PrivateKey(digits).toAddress().toString(),
  elliptic: (digits) => curve.keyFromPrivate(digits, "hex").getPublic("hex"),
};
const orRefused = (make) => { try { return make(); } catch { return "refused"; } };
const seen = {};
for (const key of [one, two]) {
  const short = BigInt(`0x${key}`).toString(16);
  const python = JSON.parse(execFileSync("py/bin/python", ["run.py", key, key, short]).toString());
  const addresses = (digits) => ({ ...Object.fromEntries(Object.entries(makers).map(([name, make]) => [name, orRefused(() => make(digits))])), ...python[digits] });
  const [right, of] = [addresses(key), addresses(short)];
  assert.ok(!Object.values(right).includes("refused"));
  seen[short.length] = Object.fromEntries(Object.keys(right).map((name) => [name, of[name] === "refused" ? of[name] : of[name] === right[name] ? "right" : "another account"]));
}
console.log(seen);
const refused = { viem: "refused", ethers: "refused", "web3.js": "refused", "bitcore-lib": "right", elliptic: "right" };
assert.deepEqual(seen, {
  63: { tronweb: "another account", "a TronWeb": "another account", ...refused, "eth-account": "right", bit: "right" },
  62: { tronweb: "right", "a TronWeb": "right", ...refused, "eth-account": "refused", bit: "right" },
});

const short = one.slice(1);
assert.equal(TronWeb.address.fromPrivateKey(short), TronWeb.address.fromPrivateKey(short.slice(0, 62)));
const tron = new TronWeb({ fullHost: "http://127.0.0.1", privateKey: short });
await assert.rejects(async () => tron.trx.signMessageV2("a message"), /invalid BytesLike/);
process.exit(0);
JS
timeout 100 node run.mjs
echo "as stated: tronweb 6.5.1, viem 2.57.20, ethers 6.17.0, web3-eth-accounts 4.3.1, bitcore-lib 11.5.1, elliptic 6.6.1, eth-account 0.13.7, bit 0.8.0"
