#!/usr/bin/env bash
# MetaMask's browser-passworder: what version 4.2 and newer seal, an older one does not open. It says "Incorrect password" of the right password.
#
# @metamask/browser-passworder 4.0.2, 4.1.0, 4.2.0, 4.3.0, 5.0.1 and 6.0.0, and browser-passworder 2.0.3, its older name (npm), Node 24.21.0.
# Behaviour of `encrypt(password, data)` and `decrypt(password, text)`:
# - Versions 4.2.0 to 6.0.0 write a field `keyMetadata` with the rounds of PBKDF2 (900,000). Versions 2.0.3 to 4.1.0 pass it over and go 10,000 rounds: another key, and
#   "Incorrect password".
# - Each newer version opens what an older one sealed.
# - A text that lost `keyMetadata` on its way, as where a schema knows `data`, `iv` and `salt` only, is "Incorrect password" to all.
#
# Who is hurt: whoever shares one cipher text between clients of different ages: a web page that is updated today, and an app or an extension that users update
# when they like. One backup on the web, and the older app tells the user that the password is wrong. Users then "reset" what was good. Bring the newer version to
# all clients first, as it opens both, and keep the text as it is: a text, not its fields.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 browser-passworder@2.0.3 $(for version in 4.0.2 4.1.0 4.2.0 4.3.0 5.0.1 6.0.0; do echo "p$version@npm:@metamask/browser-passworder@$version"; done)
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.cjs <<'JS'
const assert = require("node:assert/strict");
const versions = { "2.0.3": require("browser-passworder") };
for (const version of ["4.0.2", "4.1.0", "4.2.0", "4.3.0", "5.0.1", "6.0.0"]) versions[version] = require(`p${version}`);
const opens = (reader, text) => versions[reader].decrypt("a password", text).then(
  (data) => assert.deepEqual(data, { share: "text" }) ?? "opens",
  (error) => error.message,
);
const all = Object.keys(versions);
const old = ["2.0.3", "4.0.2", "4.1.0"];
(async () => {
  for (const writer of all) {
    const text = await versions[writer].encrypt("a password", { share: "text" });
    const { keyMetadata, ...rest } = JSON.parse(text);
    const seen = {};
    for (const reader of all) (seen[await opens(reader, text)] ??= []).push(reader);
    console.log(`sealed by ${writer}, rounds ${keyMetadata?.params.iterations ?? "not said"}:`, seen);
    if (old.includes(writer)) {
      assert.deepEqual([keyMetadata, seen], [undefined, { opens: all }]);
      continue;
    }
    assert.equal(keyMetadata.params.iterations, 900_000);
    assert.deepEqual(seen, { "Incorrect password": old, opens: all.filter((version) => !old.includes(version)) });
    for (const reader of all) assert.equal(await opens(reader, JSON.stringify(rest)), "Incorrect password");
  }
})();
JS
node run.cjs
echo "as stated: @metamask/browser-passworder 4.0.2 to 6.0.0, browser-passworder 2.0.3"
