// What the build bundles into build/index.js: the Worker's class, around the functions that Rust exports. `./index.js` is
// wasm-bindgen's module; the build puts this file beside it.
//
// A panic or another trap leaves wasm's memory in any state. The instance that met it fails all its requests, and the next
// request gets a fresh instance, as workers-rs does it.

import { WorkerEntrypoint } from "cloudflare:workers";

import * as rust from "./index.js";

const { instance } = globalThis.portalBackupWorker; // glue.js makes it

function noteCrash(error) {
  if (error instanceof WebAssembly.RuntimeError) instance.crashed = true;
}

addEventListener("error", (event) => noteCrash(event.error));

function onSoundInstance(handler, event, { env, ctx }) {
  if (instance.crashed) {
    rust.__wbg_reset_state();
    instance.crashed = false;
  }
  try {
    return handler(event, env, ctx);
  } catch (error) {
    noteCrash(error);
    throw error;
  }
}

export default class extends WorkerEntrypoint {
  fetch(request) {
    return onSoundInstance(rust.fetch, request, this);
  }

  scheduled(event) {
    return onSoundInstance(rust.scheduled, event, this);
  }
}
