#!/usr/bin/env bash
# An Ethereum address as the user's id: of one signature some libraries give it in small letters, some in both, and one as the app wrote it.
#
# ethers 6.17.0, viem 2.57.20, web3-eth-accounts 4.3.1, @metamask/eth-sig-util 8.2.0, @ethereumjs/util 10.1.3, siwe 3.0.0 (npm) with Node 24.21.0, and
# eth-account 0.13.7 (PyPI), with one key.
# Behaviour:
# - Who has signed: ethers, viem, web3 and eth-account say "0x19E7…" (capitals by EIP-55), eth-sig-util says "0x19e7…". So does the Address of
#   @ethereumjs/util.
# - A sign-in message (EIP-4361) with the address in small letters: siwe refuses it; viem's `parseSiweMessage` gives the address as it stands there, and
#   viem's `verifySiweMessage` takes such a message. The app's own spelling then is the id.
# - With a chain id viem and ethereumjs put the capitals elsewhere (EIP-1191): viem's own `isAddress` says false of that, ethers raises an error.
#
# Who is hurt: whoever names users by their address, where ids are compared as they stand. After a change of the library, or from another platform's app, the
# same person is another user: nobody has a backup, or the person is registered twice and backs up to either. Put each address through one function, at one
# place, before it is an id.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts ethers@6.17.0 viem@2.57.20 web3-eth-accounts@4.3.1 @metamask/eth-sig-util@8.2.0 \
  @ethereumjs/util@10.1.3 siwe@3.0.0
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check eth-account==0.13.7

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createAddressFromPrivateKey, hexToBytes, toChecksumAddress } from "@ethereumjs/util";
import { recoverPersonalSignature } from "@metamask/eth-sig-util";
import * as ethers from "ethers";
import { SiweMessage } from "siwe";
import * as viem from "viem";
import { mainnet } from "viem/chains";
import { parseSiweMessage, verifySiweMessage } from "viem/siwe";
import { recover } from "web3-eth-accounts";
const key = `0x${"11".repeat(32)}`;
const wallet = new ethers.Wallet(key);
const message = "sign in";
const signature = await wallet.signMessage(message);
const python = `
from eth_account import Account
from eth_account.messages import encode_defunct
print(Account.recover_message(encode_defunct(text="${message}"), signature="${signature}"), end="")`;
const capitals = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";
const small = capitals.toLowerCase();
const seen = {
  ethers: ethers.verifyMessage(message, signature),
  viem: await viem.recoverMessageAddress({ message, signature }),
  web3: recover(message, signature),
  "eth-account": execFileSync("py/bin/python", ["-c", python]).toString(),
  "eth-sig-util": recoverPersonalSignature({ data: viem.stringToHex(message), signature }),
  ethereumjs: createAddressFromPrivateKey(hexToBytes(key)).toString(),
};
console.log("who has signed:", seen);
assert.deepEqual(seen, { ethers: capitals, viem: capitals, web3: capitals, "eth-account": capitals, "eth-sig-util": small, ethereumjs: small });

const signIn = (address) =>
  `example.com wants you to sign in with your Ethereum account:\n${address}\n\n\nURI: https://example.com\nVersion: 1\nChain ID: 1\nNonce: abcdefgh12\nIssued At: 2026-11-30T00:00:00.000Z`;
// No contract is asked for: the wallet is a key's.
const client = viem.createPublicClient({ chain: mainnet, transport: viem.custom({ request: async ({ method }) => { throw new Error(`no node: ${method}`); } }) });
const parsed = {};
for (const address of [capitals, small]) {
  const text = signIn(address);
  const signed = await wallet.signMessage(text);
  const bySiwe = await (async () => new SiweMessage(text).verify({ signature: signed }))().then(({ data }) => data.address, () => "refused");
  const taken = await verifySiweMessage(client, { message: text, signature: signed }).catch((error) => error.shortMessage);
  parsed[address] = { siwe: bySiwe, viem: parseSiweMessage(text).address, taken };
}
console.log("a sign-in message's address:", parsed);
assert.deepEqual(parsed, { [capitals]: { siwe: capitals, viem: capitals, taken: true }, [small]: { siwe: "refused", viem: small, taken: true } });

const rootstock = viem.getAddress(small, 30);
console.log("with chain id 30:", rootstock);
assert.equal(toChecksumAddress(small, 30n), rootstock);
assert.notEqual(rootstock, capitals);
assert.equal(viem.isAddress(rootstock), false);
assert.throws(() => ethers.getAddress(rootstock), /checksum/);
process.exit(0);
JS
timeout 100 node run.mjs
echo "as stated: ethers 6.17.0, viem 2.57.20, web3-eth-accounts 4.3.1, eth-sig-util 8.2.0, ethereumjs/util 10.1.3, siwe 3.0.0, eth-account 0.13.7"
