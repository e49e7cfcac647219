// The Worker behind a bucket that takes everything at once, where SECOND_COPY says so: what is measured is what the Worker does for its copy, not R2.

import worker from "../../src/entry.js";

const bucket = {
  put: async () => ({}),
  head: async () => null,
  get: async () => null,
  list: async () => ({ objects: [], truncated: false }),
  delete: async () => {},
};

const bound = ({ SECOND_COPY, ...env }) => (SECOND_COPY ? { ...env, COPY: bucket } : env);

export default {
  fetch: (request, env, ctx) => worker.fetch(request, bound(env), ctx),
};
