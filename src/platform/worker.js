// What the build bundles into build/index.js: the Worker's class, around the functions that Rust exports. `./index.js` is
// wasm-bindgen's module; the build puts this file beside it.
//
// A panic or another trap leaves wasm's memory in any state. The instance that met it fails all its requests, and the next
// request gets a fresh instance, as workers-rs does it.

import { WorkerEntrypoint } from "cloudflare:workers";

import * as rust from "./index.js";

const { instance } = globalThis.portalBackupWorker; // glue.js makes it

addEventListener("error", ({ error }) => {
  if (error instanceof WebAssembly.RuntimeError) instance.crashed = true;
});

/** What Rust makes of the event: it calls `resolve` or `reject`. */
function onSoundInstance(handler, ...event) {
  if (instance.crashed) {
    rust.__wbg_reset_state();
    instance.crashed = false;
  }
  return new Promise((resolve, reject) => {
    try {
      handler(...event, resolve, reject);
    } catch (error) {
      instance.crashed = true;
      throw error;
    }
  });
}

export default class extends WorkerEntrypoint {
  static prepare(env) {
    onSoundInstance(rust.prepare, env).catch(() => {});
  }

  fetch(request) {
    const answer = onSoundInstance(rust.fetch, request, this.env);
    // workerd ends a request whose caller has hung up. Then no limit would count it and no line in the log would tell of it, and what
    // it holds would be held for ever: its future is woken by promises alone.
    this.ctx.waitUntil(answer.catch(() => {}));
    return answer;
  }

  scheduled(event) {
    return onSoundInstance(rust.scheduled, event, this.env);
  }

  queue(batch) {
    const texts = batch.messages.map(({ body }) => body);
    return onSoundInstance(rust.queue, texts, this.env);
  }
}
