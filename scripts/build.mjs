// npm run build: the release Worker into build/. `wrangler dev` and `wrangler deploy` call it too ([build] in wrangler.toml).

import { readArguments } from "./lib/arguments.mjs";
import { buildWorker, hasBuild, servedProfile } from "./lib/build.mjs";
import { main, note, say } from "./lib/log.mjs";
import { setup } from "./lib/setup.mjs";

const USAGE = `npm run build [-- --dev]

  --dev   takes less time to compile, and the Worker more to answer; \`npm run dev\` serves this one

A \`npm run dev\` of this folder that is running serves what is built here, until it builds after the next change in src/.`;

await main(async () => {
  const { values } = readArguments({ usage: USAGE, options: { dev: { type: "boolean", default: false } } });
  await setup({ database: false });
  try {
    const profile = values.dev || process.env.PORTAL_BACKUP_SERVING ? servedProfile : "release";
    if (!(await buildWorker({ profile }))) note("build/ is up to date");
  } catch (error) {
    // While serving, a build that fails would make wrangler hold back every request until one works again.
    if (!process.env.PORTAL_BACKUP_SERVING || !hasBuild()) throw error;
    say(error.message);
    say("The last good build goes on serving. Save again to retry.");
  }
}, USAGE);
