// npm run build: the release Worker into build/. `wrangler dev` and `wrangler deploy` call it too ([build] in wrangler.toml).

import { buildWorker } from "./lib/build.mjs";
import { main, note } from "./lib/log.mjs";
import { setup } from "./lib/setup.mjs";

await main(async () => {
  const release = !process.argv.includes("--dev");
  await setup({ database: false });
  if (!(await buildWorker({ release }))) note("build/ is up to date");
});
