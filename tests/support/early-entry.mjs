// The Worker as it is deployed, whose requests come without the sealing keys: what an isolate reads before its first request, it has.

import Worker from "../../src/entry.js";

export default {
  fetch: (request, env, ctx) => Worker.fetch(request, { ...env, SHARE_ENCRYPTION_KEYS: undefined }, ctx),
};
