#!/usr/bin/env bash
# Keystore files (Web3 Secret Storage, version 3): one guess at the password costs 32 times less in the files of web3.js and of alloy (Rust) than in those of others.
#
# ethers 6.17.0, web3-eth-accounts 4.3.1 (of web3.js 4) and @ethereumjs/wallet 10.0.0 (npm) with Node 24.21.0; eth-account 0.13.7 (PyPI); eth-keystore 0.5.0
# (crates.io), with which alloy-signer-local 2.5.0 writes its files (read in its source). Each with its own defaults.
# Behaviour, of a private key and a password: all write version 3 and scrypt with r = 8 and p = 1, and ethers opens all. They differ in n:
# - @ethereumjs/wallet and eth-account 262144, which is 256 MiB for each guess; ethers 131072; web3.js and eth-keystore 8192, 8 MiB.
# - eth-keystore's file has no address; web3.js says "Required" of it, whatever the password.
#
# Who is hurt: whoever gives a user the ejected key as such a file, with a password of the user's own. A file that gets into strange hands is guessed 32 times as fast.
# Give n yourself (`encrypt(key, password, { kdf: "scrypt", n: 262144 })`); in Rust the crate's function takes none, so write the file with another library.
#
# Needs cargo.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CARGO_TARGET_DIR="$dir/target" CARGO_PROFILE_DEV_DEBUG=false CARGO_PROFILE_DEV_OPT_LEVEL=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts ethers@6.17.0 web3-eth-accounts@4.3.1 @ethereumjs/wallet@10.0.0
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check eth-account==0.13.7
mkdir -p src
cat >Cargo.toml <<'TOML'
[package]
name = "keep"
version = "0.0.0"
edition = "2021"
[dependencies]
eth-keystore = "=0.5.0"
rand = "0.8"
[workspace]
TOML
cat >src/main.rs <<'RUST'
fn main() {
    eth_keystore::encrypt_key(".", &mut rand::thread_rng(), [0x11u8; 32], "a password", Some("file-of-eth-keystore")).unwrap();
}
RUST
cargo build --quiet
target/debug/keep
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Wallet as EthereumWallet } from "@ethereumjs/wallet";
import { Wallet } from "ethers";
import { decrypt, encrypt } from "web3-eth-accounts";
const key = `0x${"11".repeat(32)}`;
const python = "import json; from eth_account import Account; print(json.dumps(Account.encrypt('0x' + '11' * 32, 'a password')))";
const files = {
  ethers: await new Wallet(key).encrypt("a password"),
  "web3.js": JSON.stringify(await encrypt(key, "a password")),
  "@ethereumjs/wallet": JSON.stringify(await EthereumWallet.fromPrivateKey(Uint8Array.from(Buffer.from(key.slice(2), "hex"))).toV3("a password")),
  "eth-account": execFileSync("py/bin/python", ["-c", python], { encoding: "utf8" }),
  "eth-keystore": readFileSync("file-of-eth-keystore", "utf8"),
};
const seen = {};
for (const [name, file] of Object.entries(files)) {
  const { version, crypto, Crypto } = JSON.parse(file);
  const { kdf, kdfparams } = crypto ?? Crypto;
  assert.deepEqual([version, kdf, kdfparams.r, kdfparams.p], [3, "scrypt", 8, 1], name);
  assert.equal((await Wallet.fromEncryptedJson(file, "a password")).privateKey, key, name);
  seen[name] = kdfparams.n;
}
console.log(seen);
await assert.rejects(decrypt(files["eth-keystore"], "a password"), /Required/);
assert.deepEqual(seen, { ethers: 131072, "web3.js": 8192, "@ethereumjs/wallet": 262144, "eth-account": 262144, "eth-keystore": 8192 });
JS
node run.mjs
echo "as stated: ethers 6.17.0, web3-eth-accounts 4.3.1, @ethereumjs/wallet 10.0.0, eth-account 0.13.7, eth-keystore 0.5.0"
