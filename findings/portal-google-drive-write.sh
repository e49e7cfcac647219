#!/usr/bin/env bash
# Portal's Google Drive storage for React Native: the old key is deleted before there is a new one.
#
# @portal-hq/gdrive-storage 4.1.6 (with @portal-hq/utils 4.9.0), its Drive client against a stand-in for Drive that keeps files.
# Behaviour:
# - `write()` looks for the file, deletes it, then creates a new one. If the creation fails, the Drive holds no key at all.
# - If the answer to the deletion is lost, `write()` goes on, and counts as success.
# - If the answer to the search is lost, it deletes nothing, creates a second file of the same name, and counts as success.
# - `read()` gives a file of digits as a number, and a file that reads as JSON as an object: not the text that was written.
# - Looking for a file gives null where there is none, and null as well where the connection was lost; so does reading one.
#
# Who is hurt: an app that takes the earlier cipher text for good after a failed backup: its key is gone. Only a whole new
# backup helps. And "no key in your Drive" may mean "no connection".
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps \
  @portal-hq/gdrive-storage@4.1.6 @portal-hq/{core,utils,connect,keychain,provider,swaps}@4.9.0

mkdir -p node_modules/react-native
echo 'exports.NativeModules = {}; exports.Platform = { OS: "ios" };' >node_modules/react-native/index.js

cat >run.js <<'JS'
const assert = require("node:assert/strict");
/** Drive: files by id; `lose` names calls whose answer is lost, `fail` those that are answered 500. */
const drive = { files: new Map(), next: 1, calls: [], lose: "", fail: "" };
globalThis.XMLHttpRequest = class {
  open(method, url) { this.method = method; this.url = new URL(url); }
  setRequestHeader() {}
  send(body) {
    const { method, url } = this;
    const query = url.searchParams.get("q");
    const id = url.pathname.split("/")[4];
    const call = query?.includes("folder") ? "find folder" : query ? "find" : method === "DELETE" ? "delete" : method === "POST" ? "create" : "read";
    drive.calls.push(call);
    this.readyState = 4;
    this.status = drive.fail === call ? 500 : 200;
    this.response = "{}";
    if (this.status === 200) {
      if (call === "find folder") this.response = '{"files":[{"id":"folder"}]}';
      if (call === "find") this.response = JSON.stringify({ files: [...drive.files.keys()].map((id) => ({ id })).slice(0, 1) });
      if (call === "delete") drive.files.delete(id);
      if (call === "create") {
        drive.files.set(`file-${drive.next}`, body.split("text/plain\n\n")[1].split("\n--")[0]);
        this.response = JSON.stringify({ id: `file-${drive.next++}` });
      }
      if (call === "read") this.response = drive.files.get(id);
    }
    if (drive.lose === call) [this.status, this.response] = [0, ""];
    setTimeout(() => this.onreadystatechange());
  }
};
const load = require("node:module").createRequire(__filename);
const { default: GDrive } = load("@portal-hq/gdrive-storage/lib/commonjs/gdrive");
const client = new GDrive({ accessToken: "token" });
const write = (content) => client.write("folder", "key.txt", content);
const reset = (key) => Object.assign(drive, { files: new Map([["old", key]]), calls: [], lose: "", fail: "" });

(async () => {
  reset("old key");
  await write("new key");
  console.log("calls:", drive.calls.join(", "));
  assert.deepEqual(drive.calls, ["find", "delete", "find folder", "create"]);
  assert.deepEqual([...drive.files.values()], ["new key"]);

  reset("old key");
  drive.fail = "create";
  await assert.rejects(write("new key"));
  console.log("after a failed creation:", [...drive.files.values()]);
  assert.equal(drive.files.size, 0);

  reset("old key");
  drive.lose = "find";
  assert.ok(await write("new key"));
  console.log("after a lost answer to the search:", [...drive.files.values()]);
  assert.deepEqual([...drive.files.values()], ["old key", "new key"]);

  reset("old key");
  drive.lose = "delete";
  assert.ok(await write("new key"));

  reset("123");
  assert.equal(await client.read("old"), 123);
  drive.files.set("old", '{"a": 1}');
  assert.deepEqual(await client.read("old"), { a: 1 });
  drive.lose = "read";
  assert.equal(await client.read("old"), null);
  drive.lose = "find";
  assert.equal(await client.getIdForFilename("key.txt"), null);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
node run.js
echo "as stated: @portal-hq/gdrive-storage 4.1.6, @portal-hq/utils 4.9.0"
