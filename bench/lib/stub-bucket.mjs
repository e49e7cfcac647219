// A bucket that takes everything at once, where SECOND_COPY says so: what is measured is what the Worker does for its copy, not R2.
// The Worker reads its settings as the isolate starts, so this comes before it.

import { env } from "cloudflare:workers";

const bucket = {
  put: async () => ({}),
  head: async () => null,
  get: async () => null,
  list: async () => ({ objects: [], truncated: false }),
  delete: async () => {},
};

if (env.SECOND_COPY) env.COPY = bucket;
