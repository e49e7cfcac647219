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
    return onSoundInstance(rust.fetch, request, this.env);
  }

  scheduled(event) {
    return onSoundInstance(rust.scheduled, event, this.env);
  }

  queue(batch) {
    const texts = batch.messages.map(({ body }) => body);
    return onSoundInstance(rust.queue, texts, this.env);
  }
}
