#!/usr/bin/env bash
# unstorage: what follows a "?" in a key is left out, and "/" is ":". Two users then have one entry, and the second one's share replaces the first one's.
#
# unstorage 1.17.6 (npm), with its drivers memory, fs and fs-lite.
# Behaviour of `setItem(id, share)` and `getItem(id)`, none of which raises an error:
# - `https://accounts.example/id?id=AIt1` and `…?id=AIt2` are one key, without the "?" and what follows it: the second share takes the first one's
#   place, and both users are given it. So are all ids that differ behind a "?".
# - `team/ann`, `team:ann`, `team\ann` and `/team//ann/` are one key, `team:ann`.
# - `getKeys()` leaves out a key that ends with "$", which `getItem` does give. `getKeys` gives "?" and "/" ids as what they became.
# - With fs and fs-lite a key is a file, so after `ann` a key `ann:2` is an error (ENOTDIR), and the other way round (EISDIR).
# - `auth0|64f`, `a#1`, `a b`, `a%2Fb` and capitals stay what they are.
#
# Who is hurt: whoever keeps shares under the user's id as it is, and has ids that are URLs or paths (OpenID 2.0, WebID, a directory's names). One user's backup
# is another one's, and neither opens. The list of keys, from which a move would be made, has one user too few. Encode the id (`encodeURIComponent` makes
# "%3F" and "%2F", which stay), and count the keys.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 unstorage@1.17.6
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createStorage } from "unstorage";
import fs from "unstorage/drivers/fs";
import fsLite from "unstorage/drivers/fs-lite";
import memory from "unstorage/drivers/memory";
const drivers = { memory: () => memory(), fs: (base) => fs({ base }), "fs-lite": (base) => fsLite({ base }) };
let number = 0;
/** Of each id what it is given after all have been stored, each the text of its own id. */
const given = async (driver, ids) => {
  number += 1;
  const storage = createStorage({ driver: driver(`./kept-${number}`) });
  for (const id of ids) await storage.setItem(id, `share of ${id}`);
  const shares = [];
  for (const id of ids) shares.push(await storage.getItem(id));
  return { shares, keys: await storage.getKeys() };
};
const of = (id) => `share of ${id}`;
const [first, second] = ["https://accounts.example/id?id=AIt1", "https://accounts.example/id?id=AIt2"];
const plain = ["auth0|64f", "a#1", "a b", "a%2Fb", "Ann", "ann", encodeURIComponent(first), encodeURIComponent(second)];
for (const [name, driver] of Object.entries(drivers)) {
  const urls = await given(driver, [first, second]);
  console.log(name, urls);
  assert.deepEqual(urls, { shares: [of(second), of(second)], keys: ["https:accounts.example:id"] });
  const paths = await given(driver, ["team/ann", "team:ann", "team\\ann", "/team//ann/"]);
  assert.deepEqual(paths, { shares: Array(4).fill(of("/team//ann/")), keys: ["team:ann"] });
  const dollar = await given(driver, ["ann", "bob$"]);
  assert.deepEqual(dollar, { shares: [of("ann"), of("bob$")], keys: ["ann"] });
  const whole = await given(driver, plain);
  assert.deepEqual(whole.shares, plain.map(of));
  assert.equal(whole.keys.length, plain.length);
  if (name === "memory") continue;
  await assert.rejects(given(driver, ["ann", "ann:2"]), { code: "ENOTDIR" });
  await assert.rejects(given(driver, ["ann:2", "ann"]), { code: "EISDIR" });
}
JS
node run.mjs
echo "as stated: unstorage 1.17.6"
