// Where workerd comes in. The Rust Worker is a class, of which workerd would make an instance for every request, behind
// the proxies that bring it back to life after a panic: a tenth of a request's CPU. One instance does for all of them,
// since nothing of it belongs to a request, and its proxies stay in place.

import RustWorker from "../build/index.js";

let worker;
const instance = (env, ctx) => (worker ??= new RustWorker(ctx, env));

export default {
  fetch: (request, env, ctx) => instance(env, ctx).fetch(request),
  scheduled: (event, env, ctx) => instance(env, ctx).scheduled(event),
};
