// The Worker behind the bucket of `stub-bucket.mjs`.

import { env } from "cloudflare:workers";

import "./stub-bucket.mjs";
import worker from "../../src/entry.js";

export default {
  fetch: (request, _, ctx) => worker.fetch(request, env, ctx),
};
