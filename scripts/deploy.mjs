// npm run deploy: from a clone and a Cloudflare login to a Worker that serves and was examined. docs/deploy.md tells it by hand.

import { deployAll } from "./lib/deploy/deploy.mjs";
import { parseOptions, USAGE } from "./lib/deploy/options.mjs";
import { ensureRust } from "./lib/deploy/workers-builds.mjs";
import { main, say } from "./lib/log.mjs";
import { isPackage } from "./lib/paths.mjs";
import { setup } from "./lib/setup.mjs";

await main(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.workersBuilds && !isPackage) await ensureRust();
  await setup({ database: false });
  await deployAll({ options });
  say(
    options.dryRun
      ? "\nA dry run: nothing was deployed."
      : "\nDeployed. Portal's dashboard wants the webhook's base URL: the Worker's URL and /webhook.",
  );
}, USAGE);
