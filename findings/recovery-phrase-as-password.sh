#!/usr/bin/env bash
# Recovery phrases (BIP-39): what one library calls valid is to the others another phrase, and of a wrong word most make another key without an error.
#
# ethers 6.17.0, viem 2.57.20, bip39 3.1.2 and @scure/bip39 2.4.0 (npm) with Node 24.21.0, mnemonic 0.21 and bip_utils 2.12.3 (PyPI).
# Behaviour, of a phrase of twelve words:
# - with capitals, or with two blanks or a line break between two words, as a keyboard or a note writes it: ethers and bip_utils say that it is valid, and
#   give the key of the right phrase. bip39, @scure/bip39 and mnemonic say that it is not.
# - Whoever does not ask first gets a key all the same, and another one: `mnemonicToSeed` of bip39 and mnemonic of all of these, @scure/bip39's and viem's
#   `mnemonicToAccount` of the one with capitals (the others they refuse).
# - With another last word, so that the checksum is wrong: another key from bip39, @scure/bip39, mnemonic and viem, without an error; ethers
#   and bip_utils refuse it.
#
# Who is hurt: an app that gives its user such a phrase as the password of a backup, or asks for one. It checks it with one library and hands over the text that
# was typed: to whatever encrypts, a capital or a blank more is another password, and the backup does not open. Hand over the text that the library makes
# of it (`Mnemonic.fromPhrase(typed).phrase` of ethers), at the backup and at the recovery, and ask whether it is valid before a key is made of it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts ethers@6.17.0 viem@2.57.20 bip39@3.1.2 @scure/bip39@2.4.0
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check mnemonic==0.21 bip_utils==2.12.3

cat >run.py <<'PY'
import json, sys
from bip_utils import Bip39MnemonicValidator, Bip39SeedGenerator
from mnemonic import Mnemonic
words = Mnemonic("english")
def utils(phrase):
    return Bip39SeedGenerator(phrase).Generate().hex()[:8] if Bip39MnemonicValidator().IsValid(phrase) else "refused"
print(json.dumps({name: {"mnemonic": [words.check(phrase), words.to_seed(phrase).hex()[:8]], "bip_utils": [Bip39MnemonicValidator().IsValid(phrase), utils(phrase)]}
                  for name, phrase in json.loads(sys.argv[1]).items()}))
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as scure from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import bip39 from "bip39";
import { HDNodeWallet, Mnemonic } from "ethers";
import { mnemonicToAccount } from "viem/accounts";
const phrase = bip39.entropyToMnemonic("00112233445566778899aabbccddeeff"); // nobody's
const forms = {
  "as made": phrase,
  capitals: phrase.toUpperCase(),
  "a capital": phrase[0].toUpperCase() + phrase.slice(1),
  "two blanks": phrase.replace(" ", "  "),
  "a line break": phrase.replace(" ", "\n"),
  "another word": phrase.replace(/\w+$/, "zoo"),
};
const python = JSON.parse(execFileSync("py/bin/python", ["run.py", JSON.stringify(forms)]).toString());
const orRefused = (make) => { try { return make(); } catch { return "refused"; } };
const short = (bytes) => Buffer.from(bytes).toString("hex").slice(0, 8);
const right = { seed: python["as made"].mnemonic[1], address: mnemonicToAccount(phrase).address };
const which = (made) => (made === right.seed || made === right.address ? "right" : made === "refused" ? made : "another");
const seen = {};
for (const [name, text] of Object.entries(forms)) {
  const of = (valid, make) => `${valid ? "valid" : "not valid"}, ${which(orRefused(make))} key`;
  seen[name] = {
    ethers: of(Mnemonic.isValidMnemonic(text), () => HDNodeWallet.fromPhrase(text).address),
    bip39: of(bip39.validateMnemonic(text), () => short(bip39.mnemonicToSeedSync(text))),
    scure: of(scure.validateMnemonic(text, wordlist), () => short(scure.mnemonicToSeedSync(text))),
    viem: `${which(orRefused(() => mnemonicToAccount(text).address))} key`,
    mnemonic: of(python[name].mnemonic[0], () => python[name].mnemonic[1]),
    bip_utils: of(python[name].bip_utils[0], () => python[name].bip_utils[1]),
  };
}
console.dir(seen);
const [good, refused, other] = ["valid, right key", "not valid, refused key", "not valid, another key"];
const typed = { ethers: good, bip39: other, scure: other, viem: "another key", mnemonic: other, bip_utils: good };
const spaced = { ...typed, scure: refused, viem: "refused key" };
assert.deepEqual(seen, {
  "as made": { ethers: good, bip39: good, scure: good, viem: "right key", mnemonic: good, bip_utils: good },
  capitals: typed,
  "a capital": typed,
  "two blanks": spaced,
  "a line break": spaced,
  "another word": { ...typed, ethers: refused, bip_utils: refused },
});
for (const [name, text] of Object.entries(forms)) if (name !== "another word") assert.equal(Mnemonic.fromPhrase(text).phrase, phrase);
JS
timeout 100 node run.mjs
echo "as stated: ethers 6.17.0, viem 2.57.20, bip39 3.1.2, @scure/bip39 2.4.0, mnemonic 0.21, bip_utils 2.12.3"
