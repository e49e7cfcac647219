#!/usr/bin/env bash
# State stores that keep themselves on the device (zustand, redux-persist): a change before the first read, or a read that fails, empties what was kept.
#
# zustand 5.1.0 (its `persist`), redux-persist 6.0.0 with redux 5.0.1, and as the peer mobx-persist-store 1.1.8 with mobx 7.1.3 (npm), each with its own
# defaults, Node 24.21.0; the device's storage is a Map whose calls take 20 ms, as AsyncStorage's and SecureStore's take some.
# Behaviour, of a store with two fields, `outbox` (empty at first) and `token`, for which the device keeps an outbox with one entry. The app sets `token`:
# - before the store has read the device: zustand writes the whole state of that moment, so the device has an empty outbox. The entry comes into memory a
#   moment later, and is back on the device with the next change, if there is one before the app ends. The token is gone from memory. redux-persist and mobx
#   keep the outbox; they forget the token.
# - after a read that failed, as when the keychain is locked: zustand and redux-persist write the empty outbox over the entry. zustand says nothing,
#   its `hasHydrated()` is false; redux-persist says `rehydrated: true`. mobx rejects, and writes nothing.
# - after a read that took longer than redux-persist's five seconds (here 10 ms): the same; what is read then is thrown away.
# - after an update of the app that raises `version`, without `migrate`: zustand takes the entry out of memory with a line in the console, says that it
#   has hydrated, and writes the empty outbox with the next change. redux-persist keeps the entry.
#
# Who is hurt: an app that keeps the cipher text of a backup that broke off in its state. It signs the user in at the start (which sets a token), on a
# phone that has just been switched on, or was updated: the cipher text is gone, the key in the cloud has been replaced, and no screen says so. Keep an outbox
# in a storage of its own that is written by nothing else, and wait for `persist.hasHydrated()` (or `_persist.rehydrated`) before any other change.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps node@24.21.0 zustand@5.1.0 redux-persist@6.0.0 redux@5.0.1 mobx@7.1.3 mobx-persist-store@1.1.8
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { observable, runInAction } from "mobx";
import { isHydrated, makePersistable } from "mobx-persist-store";
import { legacy_createStore } from "redux";
import { persistReducer, persistStore } from "redux-persist";
import { createJSONStorage, persist } from "zustand/middleware";
import { createStore } from "zustand/vanilla";

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const complaints = [];
for (const name of ["error", "warn"]) console[name] = (...words) => complaints.push(String(words[0]).split("\n")[0]);

const empty = { outbox: [], token: null };
const kept = { outbox: ["cipher text"], token: null };
const device = (fails) => {
  const entries = new Map();
  return {
    entries,
    async getItem(key) {
      const value = entries.get(key) ?? null;
      await wait(20);
      if (fails) throw new Error("the keychain is locked");
      return value;
    },
    async setItem(key, value) {
      entries.set(key, value);
    },
    async removeItem(key) {
      entries.delete(key);
    },
  };
};

const stores = {
  zustand(storage, { version = 0 }) {
    storage.entries.set("app", JSON.stringify({ state: kept, version: 0 }));
    const store = createStore(persist(() => empty, { name: "app", version, storage: createJSONStorage(() => storage) }));
    return {
      setToken: () => store.setState({ token: "token" }),
      state: () => store.getState(),
      ready: () => store.persist.hasHydrated(),
      onDevice: () => JSON.parse(storage.entries.get("app")).state.outbox,
    };
  },
  "redux-persist"(storage, { version = -1, timeout }) {
    const fields = { ...kept, _persist: { version: -1, rehydrated: true } };
    storage.entries.set("persist:app", JSON.stringify(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]))));
    const reducer = (state = empty, action) => (action.type === "token" ? { ...state, token: "token" } : state);
    const store = legacy_createStore(persistReducer({ key: "app", storage, version, ...(timeout && { timeout }) }, reducer));
    persistStore(store);
    return {
      setToken: () => store.dispatch({ type: "token" }),
      state: () => store.getState(),
      ready: () => store.getState()._persist.rehydrated,
      onDevice: () => JSON.parse(JSON.parse(storage.entries.get("persist:app")).outbox),
    };
  },
  mobx(storage) {
    storage.entries.set("app", JSON.stringify(kept));
    const state = observable({ outbox: [], token: null });
    makePersistable(state, { name: "app", properties: ["outbox", "token"], storage }).catch((error) => complaints.push(error.message));
    return {
      setToken: () => runInAction(() => (state.token = "token")),
      state: () => state,
      ready: () => isHydrated(state),
      onDevice: () => JSON.parse(storage.entries.get("app")).outbox,
    };
  },
};

/** What is in the outbox afterwards (on the device, in memory), which token there is, and whether the store calls itself ready. */
const seen = {};
const see = async (name, how, { early = false, fails = false, ...settings } = {}) => {
  const store = stores[name](device(fails), settings);
  if (!early) await wait(60);
  store.setToken();
  await wait(60);
  const { outbox, token } = store.state();
  seen[`${name}, ${how}`] = [store.onDevice().length, outbox.length, token, store.ready()].join(" ");
};
for (const name of Object.keys(stores)) {
  await see(name, "after the read");
  await see(name, "before the read", { early: true });
  await see(name, "the read fails", { fails: true });
}
await see("redux-persist", "a slow read", { timeout: 10 });
await see("zustand", "another version", { version: 1 });
await see("redux-persist", "another version", { version: 1 });
console.log("on the device, in memory, token, ready:", seen);
console.log(complaints);
assert.deepEqual(seen, {
  "zustand, after the read": "1 1 token true",
  "zustand, before the read": "0 1  true",
  "zustand, the read fails": "0 0 token false",
  "redux-persist, after the read": "1 1 token true",
  "redux-persist, before the read": "1 1  true",
  "redux-persist, the read fails": "0 0 token true",
  "mobx, after the read": "1 1 token true",
  "mobx, before the read": "1 1  true",
  "mobx, the read fails": "1 0 token false",
  "redux-persist, a slow read": "0 0 token true",
  "zustand, another version": "0 0 token true",
  "redux-persist, another version": "1 1 token true",
});
assert.equal(complaints.filter((line) => /keychain is locked/.test(line)).length, 1);
assert.equal(complaints.filter((line) => /no migrate function was provided/.test(line)).length, 1);
process.exit(0);
JS
node run.mjs
echo "as stated: zustand 5.1.0, redux-persist 6.0.0, mobx-persist-store 1.1.8"
