#!/usr/bin/env bash
# crypto-js: with the wrong password a sealed key or recovery phrase is most often an empty text, without an error; now and then it is some letters.
#
# crypto-js 4.2.0, with the peers sjcl 1.0.9 and @metamask/browser-passworder 6.0.0 (npm), Node 24.21.0.
# Behaviour of `AES.decrypt(sealed, "wrong").toString(enc.Utf8)`, 300 times each:
# - A private key of 64 digits: "" in about two of three cases, else the error "Malformed UTF-8 data". A recovery phrase of twelve words: the same.
#   A PIN of four digits: "" in nine of ten. Now and then a few letters come out.
# - A text of 6 KB, as a custodian share: the error, each time.
# - It checks neither the padding nor the content: the last byte of what comes out says how many bytes are cut off, up to 255. A short text is then gone.
# - sjcl and browser-passworder raise an error each time.
#
# Who is hurt: an app that keeps the key or the password of a backup so, and takes a text for a good one. Where it tests with a long text, wrong passwords are errors; with
# the real, short one the recovery goes on with "". What seals with "" next, or is stored in the old one's place, opens for everybody or nobody. Use a
# cipher that says no (AES-GCM of WebCrypto); with old data check the length, and the address of the key.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts crypto-js@4.2.0 sjcl@1.0.9 @metamask/browser-passworder@6.0.0

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import passworder from "@metamask/browser-passworder";
import CryptoJS from "crypto-js";
import sjcl from "sjcl";
const texts = {
  "a key": "11".repeat(32),
  "a phrase": `${"abandon ".repeat(11)}about`,
  "a PIN": "1234",
  "a share": JSON.stringify({ share: "x".repeat(6000) }),
};
const tries = 300;
const seen = {};
for (const [name, text] of Object.entries(texts)) {
  const counts = (seen[name] = { "": 0, "other text": 0, error: 0 });
  for (let count = 0; count < tries; count++) {
    const sealed = CryptoJS.AES.encrypt(text, `right ${count}`).toString();
    assert.equal(CryptoJS.AES.decrypt(sealed, `right ${count}`).toString(CryptoJS.enc.Utf8), text);
    try {
      const opened = CryptoJS.AES.decrypt(sealed, "wrong").toString(CryptoJS.enc.Utf8);
      assert.notEqual(opened, text);
      counts[opened === "" ? "" : "other text"]++;
    } catch (error) {
      assert.match(error.message, /Malformed UTF-8 data/);
      counts.error++;
    }
  }
}
console.table(seen);
for (const [name, [least, most]] of Object.entries({ "a key": [0.5, 0.85], "a phrase": [0.45, 0.8], "a PIN": [0.85, 1] })) {
  const share = seen[name][""] / tries;
  assert.ok(share > least && share < most, name);
}
assert.equal(seen["a share"].error, tries);
for (const text of Object.values(texts)) {
  const options = { iter: 1000 };
  assert.throws(() => sjcl.decrypt("wrong", sjcl.encrypt("right", text, options)), /ccm: tag doesn't match/);
  await assert.rejects(passworder.decrypt("wrong", await passworder.encrypt("right", text)), /Incorrect password/);
}
JS
timeout 120 node run.mjs
echo "as stated: crypto-js 4.2.0, sjcl 1.0.9, @metamask/browser-passworder 6.0.0"
