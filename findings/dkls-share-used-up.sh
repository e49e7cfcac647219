#!/usr/bin/env bash
# Silence Laboratories' DKLs23 library: the first signature uses the share up. What was not written before it cannot be written afterwards.
#
# @silencelaboratories/dkls-wasm-ll-node 1.1.2 (npm), a key of three parties of whom two sign.
# Behaviour:
# - `new SignSession(share, path)` takes the share out of the object that it is given. From then on `share.toBytes()`, `share.publicKey` and a second
#   `SignSession` are "null pointer passed to rust". The type says nothing of it. So it is if the signature then fails, or is never begun.
# - `KeygenSession.initKeyRotation(share)` leaves the object whole.
# - `Keyshare.fromBytes` reads bytes that have something behind them, and most bytes of which one bit was changed are a share without an error. Bytes that
#   lack their end are refused.
#
# Who is hurt: whoever makes a wallet, signs something with it (a sign-in, a first transaction), and then stores or backs up the share: this party's share is
# gone from the memory, and was nowhere else. If it happens to two of three parties, the key is. Take `toBytes()` right after the key generation,
# sign with a share of `fromBytes`, and keep a digest beside the bytes, for the library does not notice damage.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 @silencelaboratories/dkls-wasm-ll-node@1.1.2
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.cjs <<'JS'
const assert = require("node:assert/strict");
const { KeygenSession, Keyshare, SignSession } = require("@silencelaboratories/dkls-wasm-ll-node");
const others = (messages, id) => messages.filter((message) => message.from_id !== id).map((message) => message.clone());
const mine = (messages, id) => messages.filter((message) => message.to_id === id).map((message) => message.clone());

const keysOf = (parties) => {
  let messages = parties.map((party) => party.createFirstMessage());
  messages = parties.flatMap((party, id) => party.handleMessages(others(messages, id)));
  messages = parties.flatMap((party, id) => party.handleMessages(mine(messages, id)));
  const commitments = parties.map((party) => party.calculateChainCodeCommitment());
  messages = parties.flatMap((party, id) => party.handleMessages(mine(messages, id), commitments));
  parties.forEach((party, id) => party.handleMessages(others(messages, id)));
  return parties.map((party) => party.keyshare());
};
const sign = (shares) => {
  const parties = shares.map((share) => new SignSession(share, "m"));
  let messages = parties.map((party) => party.createFirstMessage());
  const ids = messages.map((message) => message.from_id);
  messages = parties.flatMap((party, i) => party.handleMessages(others(messages, ids[i])));
  messages = parties.flatMap((party, i) => party.handleMessages(mine(messages, ids[i])));
  parties.forEach((party, i) => party.handleMessages(mine(messages, ids[i])));
  messages = parties.map((party) => party.lastMessage(new Uint8Array(32).fill(7)));
  return parties.map((party, i) => party.combine(others(messages, ids[i])))[0];
};
const usedUp = /null pointer passed to rust/u;

const shares = keysOf([0, 1, 2].map((id) => new KeygenSession(3, 2, id)));
const kept = shares.map((share) => share.toBytes());
console.log("a share has", kept[0].length, "bytes");
const [r, s] = sign([shares[0], shares[1]]);
assert.deepEqual([r.length, s.length], [32, 32]);
for (const [name, use] of Object.entries({
  toBytes: () => shares[0].toBytes(),
  publicKey: () => shares[0].publicKey,
  "a second signature": () => new SignSession(shares[0], "m"),
})) {
  assert.throws(use, usedUp);
  console.log(`after the first signature, ${name}: null pointer passed to rust`);
}
new SignSession(shares[2], "m");
assert.throws(() => shares[2].toBytes(), usedUp);
console.log("after a session that was never begun: the same");
assert.equal(sign([Keyshare.fromBytes(kept[0]), Keyshare.fromBytes(kept[1])]).length, 2);

const share = Keyshare.fromBytes(kept[0]);
KeygenSession.initKeyRotation(share);
assert.deepEqual(share.toBytes(), kept[0]);

assert.equal(Keyshare.fromBytes(Uint8Array.from([...kept[0], 1, 2, 3])).partyId, 0);
assert.throws(() => Keyshare.fromBytes(kept[0].subarray(0, -1)));
let read = 0;
const tries = 400;
for (let i = 0; i < tries; i += 1) {
  const changed = kept[0].slice();
  changed[Math.floor((i * changed.length) / tries)] ^= 1;
  try {
    Keyshare.fromBytes(changed);
    read += 1;
  } catch {}
}
console.log(`of ${tries} with one changed bit, ${read} are read without an error`);
assert.ok(read > tries / 4);
JS
node run.cjs
echo "as stated: @silencelaboratories/dkls-wasm-ll-node 1.1.2"
