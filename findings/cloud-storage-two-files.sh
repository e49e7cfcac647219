#!/usr/bin/env bash
# react-native-cloud-storage with Google Drive: two writes at once make two files of one name, two `mkdir` two folders. One of them is read, and a deletion brings the other back.
#
# react-native-cloud-storage 3.1.0 with its own defaults, as JavaScript for Android, Node 24.21.0. React Native is replaced, and Google Drive by a stand-in in which a
# name may be there twice, as in Drive. Google's pages name no order of `files.list`; here what was changed last comes first.
# Behaviour:
# - two `writeFile` of a new path at once, as from two phones or from a retry beside the first try, both resolve, and make two files. `readFile` then gives one of
#   them, `readdir` names one, no error says that there are two (`strictFilenames` is false).
# - `unlink` deletes one. `exists` still says true, and `readFile` gives the other, older one.
# - two `mkdir` at once make two folders: a file in the one is "File not found" once the other was changed later.
# - an `uploadFile` of a new path that breaks off leaves an empty file: `exists` says true, `readFile` gives "".
# - the limit of a request is 3 seconds by default: a `writeFile` that took longer rejects, though Drive may have the file.
#
# Who is hurt: an app that keeps the key of a backup in Drive by it. A recovery is given another key than the last one, or none, and a deleted account's key is
# still there. Set `strictFilenames: true` and a `timeout` of half a minute, write one at a time, and read back what was written before Portal is told.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps react-native-cloud-storage@3.1.0
mkdir -p node_modules/react-native node_modules/react
cat >node_modules/react-native/index.js <<'JS'
exports.Platform = { OS: "android", select: (choices) => choices.android ?? choices.default };
exports.NativeModules = {};
exports.NativeEventEmitter = class { addListener() { return { remove() {} }; } };
exports.AppState = { addEventListener: () => ({ remove() {} }) };
const files = { uploadFile: async () => { throw new Error("the connection was lost"); } };
exports.TurboModuleRegistry = { get: () => files, getEnforcing: () => files };
JS
echo 'module.exports = { useState: () => [], useEffect() {}, useCallback: (one) => one, useMemo: (one) => one(), useRef: () => ({}) };' >node_modules/react/index.js
cat >run.js <<'JS'
const assert = require("node:assert/strict");
/** The user's Drive: what was changed last comes first. */
let drive = [], made = 0, slow = 0;
const json = (body, status = 200) => new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
const calls = [];
globalThis.fetch = async (address, { method = "GET", body, signal } = {}) => {
  const url = new URL(address);
  calls.push(`${method} ${url.pathname}`);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const id = url.pathname.split("/files/")[1];
  const touch = (file) => (drive = [file, ...drive.filter((one) => one !== file)]);
  if (method === "POST") {
    const { name, parents, mimeType } = JSON.parse(body.match(/\{"name".*\}/)[0]);
    const content = /text\/plain\r\n\r\n([^]*?)\r\n--/.exec(body)?.[1] ?? "";
    const file = { id: `id-${++made}`, name, parents, mimeType: mimeType ?? "text/plain", content };
    touch(file);
    // Drive has it; the answer takes its time.
    if (slow) await new Promise((resolve, reject) => { setTimeout(resolve, slow); signal?.addEventListener("abort", () => reject(signal.reason)); });
    return json({ id: file.id });
  }
  if (!id) {
    const query = url.searchParams.get("q");
    const [, name] = /name = '(.*?)'/.exec(query) ?? [];
    const [, parent] = /'([^']*)' in parents/.exec(query) ?? [];
    const folder = query.includes("folder");
    return json({ files: drive.filter((one) => (!name || one.name === name) && (!parent || one.parents[0] === parent) && (!folder || one.mimeType.endsWith("folder"))) });
  }
  const file = drive.find((one) => one.id === id);
  if (!file) return json({ error: { message: "File not found" } }, 404);
  if (method === "DELETE") return (drive = drive.filter((one) => one !== file)), new Response(null, { status: 204 });
  if (method === "PATCH") return (file.content = body), touch(file), json({});
  return url.searchParams.get("alt") === "media" ? new Response(file.content) : json(file);
};
const { CloudStorage, CloudStorageProvider } = require("react-native-cloud-storage");
const phone = (settings) => new CloudStorage(CloudStorageProvider.GoogleDrive, { accessToken: "token", ...settings });
const told = (work) => work.then((answer) => answer ?? "done", (error) => `rejects: ${error.message}`);
(async () => {
  const seen = {};
  const [one, two] = [phone(), phone()];
  seen.writes = await Promise.all([told(one.writeFile("/key.txt", "first")), told(two.writeFile("/key.txt", "second"))]);
  seen.files = drive.length;
  seen.listed = await one.readdir("/");
  const [read, other] = [await one.readFile("/key.txt"), drive[1].content];
  await one.unlink("/key.txt");
  seen.afterUnlink = [read !== other, await one.exists("/key.txt"), (await one.readFile("/key.txt")) === other];
  await phone({ strictFilenames: true }).unlink("/key.txt");

  drive = [];
  await Promise.all([one.mkdir("/keys"), two.mkdir("/keys")]);
  seen.folders = drive.length;
  await one.writeFile("/keys/key.txt", "key");
  seen.inFolder = await told(one.readFile("/keys/key.txt"));
  const idle = drive.find((file) => file.mimeType.endsWith("folder") && drive.find((key) => key.name === "key.txt").parents[0] !== file.id);
  drive = [idle, ...drive.filter((file) => file !== idle)]; // Something was put into the other folder, by Drive's own page or another phone.
  seen.inFolderLater = await told(one.readFile("/keys/key.txt"));

  drive = [];
  seen.upload = await told(one.uploadFile("/key.txt", "/data/key.txt", { mimeType: "text/plain" }));
  seen.afterUpload = [await one.exists("/key.txt"), await one.readFile("/key.txt")];

  drive = [];
  slow = 3_500;
  seen.slow = await told(one.writeFile("/key.txt", "key"));
  seen.slowFiles = drive.length;
  slow = 0;
  drive = [{ ...drive[0] }, { ...drive[0], id: "another" }];
  seen.strict = await told(phone({ strictFilenames: true }).readFile("/key.txt"));
  console.log(seen);
  assert.deepEqual(seen, {
    writes: ["done", "done"],
    files: 2,
    listed: ["key.txt"],
    afterUnlink: [true, true, true],
    folders: 2,
    inFolder: "key",
    inFolderLater: "rejects: File not found",
    upload: "rejects: Unknown error",
    afterUpload: [true, ""],
    slow: "rejects: This operation was aborted",
    slowFiles: 1,
    strict: "rejects: Multiple files with the same name found at path /key.txt: id-7, another",
  });
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
timeout 60 node run.js
echo "as stated: react-native-cloud-storage 3.1.0"
