#!/usr/bin/env bash
# Keyv and cache-manager over Redis: a `set` that stored nothing, because Redis's memory is full, resolves to true. `get` then gives the value of before.
#
# keyv 5.6.0 with @keyv/redis 5.1.6, cache-manager 7.2.9 over the two, and as the peer @redis/client 5.12.1 by itself (npm), Node 24.21.0; Redis 7.0.15 of Debian 12.
# Behaviour, of a key that has a value, while Redis refuses all writes (`OOM`), and after Redis has ended:
# - full: `keyv.set` resolves to true, with `throwOnErrors: true` too; cache-manager's `set` to the new value. `get` gives the older one. The error goes to
#   the listener for "error" alone, if there is one.
# - ended: `keyv.set` resolves to false, `get` to undefined, as of a key that was never there. With `throwOnErrors: true` both reject. cache-manager's `set` resolves to
#   the new value all the same, its `get` to undefined.
# - @redis/client by itself rejects in both cases.
#
# Who is hurt: a server that keeps cipher texts, or an outbox, in one of them, and answers 200 after `await keyv.set(…)`: the app tells Portal that the backup is
# stored, and a recovery is given the cipher text of the backup before, which no key opens any more. Read back what was set, and compare.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap '[ ! -s redis.pid ] || kill $(cat redis.pid) 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts keyv@5.6.0 @keyv/redis@5.1.6 cache-manager@7.2.9 @redis/client@5.12.1
apt-get download -q -o APT::Sandbox::User=root redis-server redis-tools libjemalloc2 liblua5.1-0 liblzf1 libatomic1 >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH="$dir/root/usr/lib/x86_64-linux-gnu" root/usr/bin/redis-server --version | grep -o 'v=7.0.15'
LD_LIBRARY_PATH="$dir/root/usr/lib/x86_64-linux-gnu" root/usr/bin/redis-server --port 0 --unixsocket "$dir/redis.sock" --save '' --pidfile "$dir/redis.pid" --daemonize yes >/dev/null
until [ -S redis.sock ]; do sleep 0.1; done
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import KeyvRedis from "@keyv/redis";
import { createClient } from "@redis/client";
import { createCache } from "cache-manager";
import { Keyv } from "keyv";
const socket = { path: "redis.sock", reconnectStrategy: false };
const heard = [];
const keyv = (settings) => new Keyv({ store: new KeyvRedis({ socket }), ...settings });
const redis = createClient({ socket });
redis.on("error", () => {});
await redis.connect();
const stores = {
  keyv: keyv(),
  "keyv, a listener": keyv(),
  "keyv, throwOnErrors": keyv({ throwOnErrors: true }),
  "cache-manager": createCache({ stores: [keyv()] }),
  "@redis/client": redis,
};
for (const name of ["keyv, a listener", "keyv, throwOnErrors"]) stores[name].on("error", (error) => heard.push(error.message));
const seen = {};
const see = async (how, value) => {
  for (const [name, store] of Object.entries(stores)) {
    const told = (work) => work().then((answer) => String(answer), () => "rejects");
    const set = await told(() => store.set(name, value));
    (seen[name] ??= {})[how] = `${set}, ${await told(() => store.get(name))}`;
  }
};
await see("good", "first");
await redis.sendCommand(["CONFIG", "SET", "maxmemory", "1"]);
await see("full", "second");
await redis.sendCommand(["SHUTDOWN", "NOSAVE"]).catch(() => {});
await new Promise((resolve) => setTimeout(resolve, 500));
await see("ended", "third");
console.log("set, get:", seen);
console.log(new Set(heard));
assert.ok(heard.some((line) => line.startsWith("OOM")));
const silent = { good: "true, first", full: "true, first", ended: "false, undefined" };
assert.deepEqual(seen, {
  keyv: silent,
  "keyv, a listener": silent,
  "keyv, throwOnErrors": { ...silent, ended: "rejects, rejects" },
  "cache-manager": { good: "first, first", full: "second, first", ended: "third, undefined" },
  "@redis/client": { good: "OK, first", full: "rejects, first", ended: "rejects, rejects" },
});
process.exit(0);
JS
timeout 100 node run.mjs
echo "as stated: keyv 5.6.0, @keyv/redis 5.1.6, cache-manager 7.2.9, Redis 7.0.15"
