// The Worker with settings that a test changes between requests: `(await worker.entry()).change({ NAME: value })`, null
// for none. Only until the settings are right once: then the Worker keeps them.

import Worker from "../../build/index.js";

let changes = {};

export default class extends Worker {
  constructor(ctx, env) {
    const changed = { ...env, ...changes };
    for (const [name, value] of Object.entries(changes)) if (value === null) delete changed[name];
    super(ctx, changed);
  }

  change(next) {
    changes = next;
  }
}
