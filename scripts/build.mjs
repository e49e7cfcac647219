// npm run build: the release Worker into build/. `wrangler dev` and `wrangler deploy` call it too ([build] in wrangler.toml).

import { buildWorker, hasBuild } from "./lib/build.mjs";
import { main, note, say } from "./lib/log.mjs";
import { setup } from "./lib/setup.mjs";

await main(async () => {
  const release = !process.argv.includes("--dev");
  await setup({ database: false });
  try {
    if (!(await buildWorker({ release }))) note("build/ is up to date");
  } catch (error) {
    // While serving, a build that fails would make wrangler hold back every request until one works again.
    if (!process.env.PORTAL_BACKUP_SERVING || !hasBuild()) throw error;
    say(error.message);
    say("The last good build goes on serving. Save again to retry.");
  }
});
