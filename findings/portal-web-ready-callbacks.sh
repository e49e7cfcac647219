#!/usr/bin/env bash
# Portal's web SDK: one `onReady` callback that throws, and those after it are never called.
#
# @portal-hq/web 3.4.1 in jsdom 26.1.0; the messages of its iframe come from the script, in the SDK's own form.
# Behaviour:
# - The callbacks of `onReady` are called in their order. If one throws, those after it are not called, now or later. The error is an
#   unhandled rejection of the page. One that is registered afterwards is called at once.
# - `onInitializationError` is the same: after one callback that throws, the others do not hear that Portal refuses the key.
# - `portal.ready` is true before that: the SDK then asks the iframe for the address, and calls nobody until it comes. A callback that is
#   registered in between is called at once, before the earlier ones, and `portal.address` is undefined.
# - After "refused" the SDK hears no "ready" any more, also when the iframe says so: `portal.ready` stays false.
#
# Who is hurt: an app whose first callback is the one of its statistics, or sets the state of a screen that is gone. What waits for `onReady`
# behind it waits for ever: the backup that was to be finished at the start, and with a queue every call after it. Register the one
# on which your calls wait first, right after `new Portal()`, and let no callback throw.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @portal-hq/web@3.4.1 jsdom@26.1.0

cat >run.js <<'JS'
const assert = require("node:assert/strict");
const { JSDOM } = require("jsdom");
const unhandled = [];
process.on("unhandledRejection", (error) => unhandled.push(error.message));
const { default: Portal } = (() => {
  const { window } = new JSDOM("<body></body>", { url: "https://app.example" });
  Object.assign(globalThis, { window, document: window.document });
  return require("@portal-hq/web");
})();

/** A Portal whose page has been loaded, in a page of its own, and what its iframe says. */
const start = async () => {
  const { window } = new JSDOM("<body></body>", { url: "https://app.example" });
  const thrown = [];
  window.addEventListener("error", (event) => { event.preventDefault(); thrown.push(event.message); });
  Object.assign(globalThis, { window, document: window.document });
  const portal = new Portal({ apiKey: "key", host: "web.example", rpcConfig: {} });
  portal.mpc.postMessage = () => {};
  portal.mpc.iframe.dispatchEvent(new window.Event("load"));
  const says = async (type, data) => {
    window.dispatchEvent(new window.MessageEvent("message", { data: { type, data }, origin: "https://web.example" }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { portal, says, thrown };
};
const fails = () => { throw new Error("the screen is gone"); };

(async () => {
  const called = [];
  const calls = (name) => () => void called.push(name);
  const first = await start();
  first.portal.onReady(calls("one"));
  first.portal.onReady(fails);
  first.portal.onReady(calls("three"));
  await first.says("portal:ready", true);
  assert.deepEqual([first.portal.ready, first.portal.address, called], [true, undefined, []]);
  first.portal.onReady(() => void called.push(`in between, address ${first.portal.address}`));
  await first.says("portal:addressResult", "0xAnn");
  first.portal.onReady(calls("four"));
  await first.says("portal:ready", true);
  console.log("onReady:", called, unhandled);
  assert.deepEqual(called, ["in between, address undefined", "one", "four"]);
  assert.deepEqual([unhandled, first.portal.address], [["the screen is gone"], "0xAnn"]);

  called.length = 0;
  const second = await start();
  second.portal.onReady(calls("ready"));
  second.portal.onInitializationError(calls("one"));
  second.portal.onInitializationError(fails);
  second.portal.onInitializationError(calls("three"));
  await second.says("portal:authenticationError", "refused");
  await second.says("portal:ready", true);
  await second.says("portal:addressResult", "0xAnn");
  console.log("onInitializationError:", called, second.thrown, "ready:", second.portal.ready);
  assert.deepEqual([called, second.portal.ready], [["one"], false]);
  assert.match(second.thrown.join(), /the screen is gone/);

  called.length = 0;
  const good = await start();
  for (const name of ["one", "two"]) good.portal.onReady(calls(name));
  await good.says("portal:ready", true);
  await good.says("portal:addressResult", "0xAnn");
  assert.deepEqual(called, ["one", "two"]);
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
JS
timeout 60 node run.js
echo "as stated: @portal-hq/web 3.4.1, jsdom 26.1.0"
