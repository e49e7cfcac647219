// The Worker as it is deployed, src/entry.js, whose wasm instance a request can bring down: with the header
// x-test: crash it meets a trap of WebAssembly in the middle of its work, as a panic in Rust would be one. With
// x-test: throw it meets an exception of JavaScript there. With x-test: slow its body takes two seconds.

import worker from "../../src/entry.js";

const changed = (request, change) =>
  new Proxy(request, {
    get(target, key) {
      const value = change(key) || Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

const throwing = (request, error) =>
  changed(request, (key) => {
    if (key === "method") throw error;
  });

const slow = (request) =>
  changed(request, (key) => key === "arrayBuffer" && (() => scheduler.wait(2_000).then(() => request.arrayBuffer())));

export default {
  async fetch(request, env, ctx) {
    switch (request.headers.get("x-test")) {
      case "crash":
        return (
          (await Promise.race([
            worker.fetch(throwing(request, new WebAssembly.RuntimeError("unreachable")), env, ctx),
            scheduler.wait(500),
          ])) ?? Response.error()
        );
      case "throw":
        return worker.fetch(throwing(request, new TypeError("odd")), env, ctx);
      case "slow":
        return worker.fetch(slow(request), env, ctx);
      case "instance": // which one it is
        return Response.json(globalThis.portalBackupWorker.instance.number);
      default:
        return worker.fetch(request, env, ctx);
    }
  },
};
