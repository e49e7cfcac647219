#!/usr/bin/env bash
# Keystore files (Web3 Secret Storage, version 3): with the right password web3.js does not read those of ethers, and a password with "½" or a full-width
# letter opens a file only in the library that made it.
#
# ethers 6.17.0, web3-eth-accounts 4.3.1 (of web3.js 4) and @ethereumjs/wallet 10.0.0 with Node 24.21.0; eth-account 0.13.7 for Python.
# Behaviour, of a private key that each of them encrypts and the others open, with the same password:
# - ethers writes the field "Crypto", the format's older name; the others write "crypto". To web3.js and @ethereumjs/wallet such a file is malformed
#   ("Required", "Cannot read properties of undefined"), until they are told to take it for the old form: `decrypt(…, true)`, `fromV3(…, true)`.
#   eth-account takes both.
# - ethers brings the password into the Unicode form NFKC first; the others take its bytes as they are. A password in which that changes something ("½", "²", "ﬁ",
#   full-width letters, an "é" of two characters) is then another one: "incorrect password", "MAC mismatch",
#   in both directions. An "é" of one character is the same to all.
#
# Who is hurt: whoever gives a user the ejected key as such a file. The wallet that is to take it says that the file is broken or the password wrong,
# and neither is: only a program with ethers opens it. Open the file with what is to read it before the key is gone, and bring the password
# into NFKC before it is given to any of them.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts ethers@6.17.0 web3-eth-accounts@4.3.1 @ethereumjs/wallet@10.0.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check eth-account==0.13.7

cat >account.py <<'PYTHON'
import json, sys
from eth_account import Account

asked = json.load(sys.stdin)
answers = []
for one in asked:
    if "key" in one:
        answers.append(json.dumps(Account.encrypt(one["key"], one["password"], kdf="scrypt", iterations=1024)))
        continue
    try:
        answers.append("0x" + Account.decrypt(one["file"], one["password"]).hex())
    except Exception as error:
        answers.append(str(error))
json.dump(answers, sys.stdout)
PYTHON
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { Wallet as EthereumWallet } from "@ethereumjs/wallet";
import { decryptKeystoreJson, encryptKeystoreJson, Wallet } from "ethers";
import { decrypt, encrypt } from "web3-eth-accounts";

const key = `0x${"11".repeat(32)}`;
const account = { address: new Wallet(key).address, privateKey: key };
const bytes = Uint8Array.from(Buffer.from(key.slice(2), "hex"));
const python = (asked) => JSON.parse(execFileSync("venv/bin/python", ["account.py"], { input: JSON.stringify([asked]), encoding: "utf8" }))[0];
const writers = {
  ethers: (password) => encryptKeystoreJson(account, password, { scrypt: { N: 1024, r: 8, p: 1 } }),
  "web3.js": async (password) => JSON.stringify(await encrypt(key, password, { kdf: "scrypt", n: 1024 })),
  "@ethereumjs/wallet": async (password) => JSON.stringify(await EthereumWallet.fromPrivateKey(bytes).toV3(password, { kdf: "scrypt", n: 1024 })),
  "eth-account": async (password) => python({ key, password }),
};
const readers = {
  ethers: async (file, password) => (await decryptKeystoreJson(file, password)).privateKey,
  "web3.js": async (file, password) => (await decrypt(file, password)).privateKey,
  "web3.js, old form": async (file, password) => (await decrypt(file, password, true)).privateKey,
  "@ethereumjs/wallet": async (file, password) => (await EthereumWallet.fromV3(file, password)).getPrivateKeyString(),
  "@ethereumjs/wallet, old form": async (file, password) => (await EthereumWallet.fromV3(file, password, true)).getPrivateKeyString(),
  "eth-account": async (file, password) => python({ file, password }),
};
const opens = (reader, file, password) => readers[reader](file, password).then((found) => found === key, () => false);
const passwords = { ASCII: "a long password", "é as one": "caf\u00e9", "é as two": "cafe\u0301", "½": "\u00bd cup", "ﬁ": "\ufb01sh", "full width": "\uff41\uff42\uff43" };
const form = await writers.ethers("a long password");
assert.ok("Crypto" in JSON.parse(form) && !("crypto" in JSON.parse(form)));
await assert.rejects(readers["web3.js"](form, "a long password"), /Required/);
await assert.rejects(readers["@ethereumjs/wallet"](form, "a long password"), /undefined/);

for (const [name, password] of Object.entries(passwords)) {
  const changes = password.normalize("NFKC") !== password;
  assert.equal(changes, !["ASCII", "é as one"].includes(name));
  for (const writer in writers) {
    const file = await writers[writer](password);
    const seen = {};
    for (const reader in readers) seen[reader] = await opens(reader, file, password);
    const open = Object.keys(seen).filter((reader) => seen[reader]);
    console.log(`${name}: the file of ${writer} is opened by ${open.join("; ")}`);
    for (const reader in seen) {
      const oldForm = writer !== "ethers" || !/^(web3|@eth\S+)/.test(reader) || reader.endsWith("old form");
      const samePassword = !changes || (writer === "ethers") === (reader === "ethers");
      assert.equal(seen[reader], oldForm && samePassword, `${name}, ${writer}, ${reader}`);
    }
  }
}
JS
node run.mjs
echo "as stated: ethers 6.17.0, web3-eth-accounts 4.3.1, @ethereumjs/wallet 10.0.0, eth-account 0.13.7"
