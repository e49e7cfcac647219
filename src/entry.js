// Where workerd comes in. The Rust Worker is a class, of which workerd would make an instance for every request, behind
// the proxies that bring it back to life after a panic: a tenth of a request's CPU. The methods of one instance do for all
// requests, each called on the request's own bindings and context; their proxies stay in place.

import RustWorker from "../build/index.js";

let methods;

function rust(env, ctx) {
  if (methods === undefined) {
    const { fetch, scheduled } = new RustWorker(ctx, env);
    methods = { fetch, scheduled };
  }
  return methods;
}

export default {
  fetch: (request, env, ctx) => rust(env, ctx).fetch.call({ env, ctx }, request),
  scheduled: (event, env, ctx) => rust(env, ctx).scheduled.call({ env, ctx }, event),
};
