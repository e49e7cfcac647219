// The Worker as it is deployed, src/entry.js, whose wasm instance a request can bring down: with the header
// x-test: crash it meets a trap of WebAssembly in the middle of its work, as a panic in Rust would be one.

import worker from "../../src/entry.js";

const trapping = (request) =>
  new Proxy(request, {
    get(target, key) {
      if (key === "method") throw new WebAssembly.RuntimeError("unreachable");
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

export default {
  async fetch(request, env, ctx) {
    switch (request.headers.get("x-test")) {
      case "crash":
        return (
          (await Promise.race([worker.fetch(trapping(request), env, ctx), scheduler.wait(500)])) ?? Response.error()
        );
      case "instance": // which one it is
        return Response.json(globalThis.portalBackupWorker.instance.number);
      default:
        return worker.fetch(request, env, ctx);
    }
  },
};
