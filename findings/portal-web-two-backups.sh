#!/usr/bin/env bash
# Portal's web SDK: of two calls at once, both get the first one's answer.
#
# @portal-hq/web 3.4.1 in jsdom 26.1.0; the messages of its iframe come from the script, in the SDK's own form.
# Behaviour:
# - What goes to the iframe and what comes back carries no id of the call; each call listens for the next answer of its kind.
#   Two `backupWallet()` at once, of two methods, both resolve with the cipher text that comes first. The second one's answer
#   is heard by nobody.
# - The two `storageCallback`s then both speak of the first backup's pairs.
# - The same with `storedClientBackupShare()`: one answer settles the calls for both methods.
# - A `storageCallback` called twice tells Portal twice.
#
# Who is hurt: an app with two buttons (Drive and password) stores the cipher text of one method under the other's name, where
# no key opens it, and tells Portal that both are stored.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @portal-hq/web@3.4.1 jsdom@26.1.0

cat >run.js <<'JS'
const assert = require("node:assert/strict");
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("<body></body>", { url: "https://app.example" });
Object.assign(globalThis, { window, document: window.document });
const { default: Portal, BackupMethods } = require("@portal-hq/web");

const portal = new Portal({ apiKey: "key", host: "web.example", rpcConfig: {} });
const sent = [];
portal.mpc.postMessage = (message) => void sent.push(message);
const answer = (type, data) =>
  window.dispatchEvent(new window.MessageEvent("message", { data: { type, data }, origin: "https://web.example" }));

(async () => {
  const both = [
    portal.backupWallet(BackupMethods.gdrive),
    portal.backupWallet(BackupMethods.password, undefined, { passwordStorage: { password: "a password" } }),
  ];
  const order = [];
  both.forEach((call, index) => call.then(() => order.push(index)));
  answer("portal:wasm:backupResult", { cipherText: "text of the Drive", backupIds: ["pair of the Drive"] });
  const [drive, password] = await Promise.all(both);
  answer("portal:wasm:backupResult", { cipherText: "text of the password", backupIds: ["pair of the password"] });
  console.log({ drive: drive.cipherText, password: password.cipherText });
  assert.equal(drive.cipherText, "text of the Drive");
  assert.equal(password.cipherText, "text of the Drive");
  assert.ok(sent.every((message) => !("id" in message) && !("id" in message.data)));

  sent.length = 0;
  const told = [drive.storageCallback(), password.storageCallback(), password.storageCallback()];
  const { type } = sent[0];
  console.log(JSON.stringify(sent));
  assert.equal(sent.length, 3);
  assert.ok(sent.every((message) => JSON.stringify(message) === JSON.stringify(sent[0])));
  answer(`${type}Result`, false);
  await Promise.all(told);

  const stored = [portal.storedClientBackupShare(true, "GDRIVE"), portal.storedClientBackupShare(true, "PASSWORD")];
  answer("portal:storedClientBackupShareResult");
  await Promise.all(stored);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
timeout 60 node run.js
echo "as stated: @portal-hq/web 3.4.1, jsdom 26.1.0"
