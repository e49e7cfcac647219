#!/usr/bin/env bash
# unstorage in an S3 bucket: with a slip in the bucket's name each store is a success. `getKeys()` gives the first thousand keys, and `clear()` deletes those alone.
#
# unstorage 1.17.6 (npm) with its driver s3, aws4fetch 1.0.20, against moto 5.2.5 (PyPI) instead of S3 or R2.
# Behaviour, none of which raises an error:
# - A bucket that is not there, so each request is answered 404 "NoSuchBucket": `setItem` and `setItemRaw` resolve, `getItem` gives null, `getKeys()` an
#   empty list (and the console a line "no list"), `clear()` resolves. `removeItem` alone rejects. A 403 or 503 does reject in each of them.
# - 1,111 keys in the bucket: `getKeys()` gives 1,000. `clear()` resolves, and 111 are left.
# - A key with "&" or "<" is listed as `&amp;`, `&lt;`; under that name `getItem` gives null. Under its own name it is found.
#
# Who is hurt: whoever keeps shares in a bucket by it. After a change of the settings every backup is reported as stored, and none is; nobody sees it before the first
# recovery. A move by the list of keys takes a thousand users along, and a deletion of all leaves the others. Read back what was stored, and compare the numbers.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 unstorage@1.17.6 aws4fetch@1.0.20
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "moto[server]==5.2.5"
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'); export PORT
venv/bin/moto_server -H 127.0.0.1 -p "$PORT" >log 2>&1 & server=$!
trap 'kill $server; rm -rf "$dir"' EXIT

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createStorage } from "unstorage";
import s3 from "unstorage/drivers/s3";
const base = `http://127.0.0.1:${process.env.PORT}`;
const storage = (bucket, endpoint = base) => createStorage({ driver: s3({ accessKeyId: "id", secretAccessKey: "secret", endpoint, bucket, region: "us-east-1" }) });
const outcome = (promise) => promise.then((value) => value ?? "nothing", () => "rejected");
while (!(await fetch(base).catch(() => undefined))) await new Promise((resolve) => setTimeout(resolve, 100));
assert.equal((await fetch(`${base}/shares`, { method: "PUT" })).status, 200);
console.log("unstorage itself says on the console:");

const calls = async (kept) => ({
  setItem: await outcome(kept.setItem("ann", "a share")),
  setItemRaw: await outcome(kept.setItemRaw("bob", new Uint8Array([1]))),
  getItem: await outcome(kept.getItem("ann")),
  getKeys: await outcome(kept.getKeys()),
  clear: await outcome(kept.clear()),
  removeItem: await outcome(kept.removeItem("ann")),
});
const slip = await calls(storage("sharse"));
console.log("a bucket that is not there:", slip);
assert.deepEqual(slip, { setItem: "nothing", setItemRaw: "nothing", getItem: "nothing", getKeys: [], clear: "nothing", removeItem: "rejected" });
for (const status of [403, 503]) {
  const refusing = createServer((_, response) => response.writeHead(status).end());
  await new Promise((listening) => refusing.listen(0, "127.0.0.1", listening));
  const seen = await calls(storage("shares", `http://127.0.0.1:${refusing.address().port}`));
  assert.deepEqual([...new Set(Object.values(seen))], ["rejected"]);
  refusing.close();
}

const shares = storage("shares");
const names = ["tom&jerry", "a<b", "auth0|64f"];
for (const name of names) await shares.setItem(name, `share of ${name}`);
const listed = (await shares.getKeys()).toSorted();
console.log("listed:", listed);
assert.deepEqual(listed, ["a&lt;b", "auth0|64f", "tom&amp;jerry"]);
assert.equal(await shares.getItem("tom&amp;jerry"), null);
for (const name of names) assert.equal(await shares.getItem(name), `share of ${name}`);
for (const name of names) await shares.removeItem(name);

for (let hundreds = 0; hundreds < 1111; hundreds += 101) {
  await Promise.all(Array.from({ length: 101 }, (_, i) => shares.setItem(`user-${hundreds + i}`, "a share")));
}
const keys = (await shares.getKeys()).length;
await shares.clear();
const left = (await shares.getKeys()).length;
console.log({ stored: 1111, keys, left });
assert.deepEqual({ keys, left }, { keys: 1000, left: 111 });
process.exit(0);
JS
node run.mjs
echo "as stated: unstorage 1.17.6, moto 5.2.5"
