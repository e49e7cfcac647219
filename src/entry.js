// Where workerd comes in. The Worker is a class (src/platform/worker.js), of which workerd would make an instance for every
// request. The methods of one instance serve all requests, each called on the request's own bindings and context.

import { env } from "cloudflare:workers";

import RustWorker from "../build/index.js";
import digest from "../build/release.js";

globalThis.portalBackupWorker.digest = digest;

// Cloudflare starts an isolate while the caller's TLS handshake is under way: what is made then, no request waits for.
RustWorker.prepare(env);

let methods;

function rust(env, ctx) {
  if (methods === undefined) {
    const { fetch, scheduled, queue } = new RustWorker(ctx, env);
    methods = { fetch, scheduled, queue };
  }
  return methods;
}

export default {
  fetch: (request, env, ctx) => rust(env, ctx).fetch.call({ env, ctx }, request),
  scheduled: (event, env, ctx) => rust(env, ctx).scheduled.call({ env, ctx }, event),
  queue: (batch, env, ctx) => rust(env, ctx).queue.call({ env, ctx }, batch),
};
