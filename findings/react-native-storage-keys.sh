#!/usr/bin/env bash
# Storage libraries of React Native: which keys they take, and where they keep nothing.
#
# expo-secure-store 57.0.4, react-native-mmkv 4.3.2 and @react-native-async-storage/async-storage 3.1.1, their JavaScript sides; the
# native halves are replaced by a Map.
# Behaviour:
# - expo-secure-store refuses every key but letters, digits, ".", "-" and "_": a user's id with a slash, an e-mail address or a
#   space in the key rejects before anything is stored. AsyncStorage and MMKV take them all.
# - expo-secure-store in a browser stores nothing: `setItemAsync` rejects with a TypeError ("… is not a function").
# - MMKV in a browser refuses a key with a backslash, and its `importAllFrom()` throws at the first value; MMKV gives undefined, not
#   null, for a key that is not there.
# - AsyncStorage 3: the callback of `getItem(key, callback)`, which version 2 called, is never called; `multiGet` is gone.
#
# Who is hurt: an outbox that swallows "cannot store" (no room on the device) never holds anything under such a key, and one that
# compares with null sends "undefined".
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps \
  expo-secure-store@57.0.4 react-native-mmkv@4.3.2 @react-native-async-storage/async-storage@3.1.1 esbuild@0.28.2
mkdir -p node_modules/expo-modules-core node_modules/react-native
echo 'exports.requireNativeModule = () => globalThis.native; exports.registerWebModule = () => ({});' >node_modules/expo-modules-core/index.js
echo 'exports.Platform = { OS: "web" }; exports.NativeModules = {};' >node_modules/react-native/index.js

cat >device.mjs <<'JS'
import assert from "node:assert/strict";
const items = new Map();
globalThis.native = {
  setValueWithKeyAsync: async (value, key) => void items.set(key, value),
  getValueWithKeyAsync: async (key) => items.get(key) ?? null,
};
const store = await import("expo-secure-store");
await store.setItemAsync("share.of-user_1", "text");
assert.equal(await store.getItemAsync("share.of-user_1"), "text");
const refused = ["share of user", "users/1", "anna@example.com", "share:1", "tenant|1"];
for (const key of refused) await assert.rejects(store.setItemAsync(key, "text"), /Invalid key/);
assert.equal(items.size, 1);
console.log("expo-secure-store refuses:", refused.join(", "));
JS
cat >browser.mjs <<'JS'
import assert from "node:assert/strict";
/** As a browser's: its items are its own properties. */
class Storage {
  getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; }
  setItem(key, value) { this[key] = value; }
  removeItem(key) { delete this[key]; }
}
const localStorage = new Storage();
Object.assign(globalThis, { window: { document: { createElement() {} }, localStorage }, localStorage });

const store = await import("expo-secure-store");
await assert.rejects(store.setItemAsync("share", "text"), TypeError);

const { createMMKV } = await import("react-native-mmkv/lib/createMMKV/createMMKV.web.js");
const [mmkv, other] = [createMMKV({ id: "one" }), createMMKV({ id: "two" })];
mmkv.set("users/1", "text");
assert.equal(mmkv.getString("users/1"), "text");
assert.equal(mmkv.getString("none"), undefined);
assert.throws(() => mmkv.set("a\\b", "text"), /backslash/);
assert.throws(() => other.importAllFrom(mmkv), TypeError);
assert.equal(other.getString("users/1"), undefined);

const { default: AsyncStorage } = await import("@react-native-async-storage/async-storage");
await AsyncStorage.setItem("users/1", "text");
let called = false;
assert.equal(await AsyncStorage.getItem("users/1", () => { called = true; }), "text");
assert.equal(called, false);
assert.equal(AsyncStorage.multiGet, undefined);
console.log("in a browser: no expo-secure-store, no importAllFrom, no callback");
JS
bundle() { npx esbuild "$1" --bundle --platform=node --format=esm --log-level=error --define:__DEV__=false --outfile="$1.out.mjs" "${@:2}"; node "$1.out.mjs"; }
bundle device.mjs
bundle browser.mjs --resolve-extensions=.web.js,.js,.ts,.mjs
echo "as stated: expo-secure-store 57.0.4, react-native-mmkv 4.3.2, async-storage 3.1.1"
