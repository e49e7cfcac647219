#!/usr/bin/env bash
# Portal's providers, web and React Native: of two requests for a signature at once the first is never answered, and a "no" is no error.
#
# @portal-hq/provider 4.9.0 (React Native), run with its native modules replaced by ones that answer at once, and @portal-hq/web 3.4.1 in
# jsdom 26.1.0, whose signatures come from the script.
# Behaviour of `provider.request()` of both with `autoApprove: false`, where the app asks the user at `portal_signingRequested` and emits
# `portal_signingApproved` or `portal_signingRejected` with the request's method and params:
# - One request, and the user says no: the call resolves, with undefined. (EIP-1193 has an error 4001.)
# - Two requests: the first is never answered, in whatever order the user says yes, for the second takes its ear away.
# - The second is signed. But in React Native, if the user says yes to the first one before, it is never answered either.
# - One after the other, both are signed.
# - A request takes the app's own listeners of the two events away, too.
#
# Who is hurt: an app in which two screens, or one dApp twice, ask at once. The user has approved, and the app waits for ever. And an
# app that says "sent" when the call has resolved, though the user said no.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @portal-hq/web@3.4.1 jsdom@26.1.0 \
  @portal-hq/{core,utils,connect,keychain,provider,swaps}@4.9.0

mkdir -p node_modules/react-native node_modules/react node_modules/react-native-keychain
cat >node_modules/react-native/index.js <<'JS'
const sign = async (...of) => JSON.stringify({ data: `signed ${JSON.stringify(of).includes("second") ? "second" : "first"}` });
exports.NativeModules = { PortalMobileMpc: { sign } };
exports.Platform = { OS: "ios", select: (choices) => choices.ios ?? choices.default };
exports.TurboModuleRegistry = { get: () => null, getEnforcing: () => exports.NativeModules.PortalMobileMpc };
JS
echo 'module.exports = { createContext: () => ({}), useContext: () => ({}) };' >node_modules/react/index.js
echo 'module.exports = { ACCESSIBLE: {}, ACCESS_CONTROL: {} };' >node_modules/react-native-keychain/index.js

cat >run.js <<'JS'
const assert = require("node:assert/strict");
const { Provider } = require("@portal-hq/provider");
console.info = console.warn = console.log.bind(console, "  the SDK:");
globalThis.XMLHttpRequest = class {
  open() {}
  setRequestHeader() {}
  getAllResponseHeaders() { return ""; }
  send() {
    this.status = 200;
    this.response = this.responseText = "{}";
    setTimeout(() => { this.readyState = 4; this.onreadystatechange?.(); this.onload?.(); this.onloadend?.(); });
  }
};
const keychain = { getAddresses: async () => ({}), getEip155Address: async () => "0xann", getShares: async () => ({ secp256k1: { share: "share" } }) };
const pause = () => new Promise((resolve) => setTimeout(resolve, 200));
const message = (name) => ({ method: "personal_sign", params: [name, "0xann"], chainId: "eip155:1" });

const { JSDOM } = require("jsdom");
const { window } = new JSDOM("<body></body>", { url: "https://app.example" });
Object.assign(globalThis, { window, document: window.document });
const { default: WebPortal } = require("@portal-hq/web");
const providers = {
  "React Native": () => new Provider({ apiKey: "key", keychain, gatewayConfig: "https://rpc.example.com", chainId: "eip155:1" }),
  web: () => {
    const portal = new WebPortal({ apiKey: "key", autoApprove: false, host: "web.example", rpcConfig: { "eip155:1": "https://rpc.example.com" } });
    portal.mpc.sign = async ({ params }) => `signed ${JSON.stringify(params).includes("second") ? "second" : "first"}`;
    return portal.provider;
  },
};
let make;
/** What became of the requests, after the user's decisions in their order. */
const run = async (names, decisions, prepare = () => {}) => {
  const provider = make();
  provider.on("portal_signingRequested", () => {});
  prepare(provider);
  const seen = Object.fromEntries(names.map((name) => [name, "never answered"]));
  for (const name of names) {
    provider.request(message(name)).then((value) => (seen[name] = `resolves: ${value}`), (error) => (seen[name] = `rejects: ${error.message}`));
    await pause();
  }
  for (const [name, word] of decisions) {
    provider.emit(`portal_signing${word}`, message(name));
    await pause();
  }
  return seen;
};
/** Each request after the one before it was answered. */
const inTurn = async (names) => {
  const provider = make();
  provider.on("portal_signingRequested", ({ method, params }) => setTimeout(() => provider.emit("portal_signingApproved", { method, params })));
  const values = [];
  for (const name of names) values.push(await provider.request(message(name)));
  return values;
};
(async () => {
  for (const [name, of] of Object.entries(providers)) {
    console.log(name);
    make = of;
    const yes = (name) => [name, "Approved"];
    const show = async (title, seen) => (console.log(title, await seen), seen);
    assert.deepEqual(await show("no:", run(["first"], [["first", "Rejected"]])), { first: "resolves: undefined" });
    assert.deepEqual(await show("yes:", run(["first"], [yes("first")])), { first: "resolves: signed first" });
    assert.deepEqual(await show("yes to the first, then the second:", run(["first", "second"], [yes("first"), yes("second")])), { first: "never answered", second: name === "web" ? "resolves: signed second" : "never answered" });
    assert.deepEqual(await show("yes to the second, then the first:", run(["first", "second"], [yes("second"), yes("first")])), { first: "never answered", second: "resolves: signed second" });
    assert.deepEqual(await show("one after the other:", inTurn(["first", "second"])), ["signed first", "signed second"]);
    let heard = 0;
    await run(["first"], [yes("first")], (provider) => provider.on("portal_signingApproved", () => heard++));
    assert.equal(heard, 0);
  }
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
timeout 60 node --no-warnings run.js
echo "as stated: @portal-hq/provider 4.9.0, @portal-hq/web 3.4.1"
