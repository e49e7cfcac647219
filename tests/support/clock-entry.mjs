// The Worker with a clock that a request sets forward, by the seconds in its header x-test-seconds: what an isolate remembers ends then.

import Worker from "../../src/entry.js";

const now = Date.now;
let seconds = 0;
Date.now = () => now() + seconds * 1_000;

export default {
  ...Worker,
  fetch(request, env, ctx) {
    seconds = Number(request.headers.get("x-test-seconds") ?? seconds);
    return Worker.fetch(request, env, ctx);
  },
};
