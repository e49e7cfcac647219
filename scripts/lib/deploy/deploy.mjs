// Runs the steps of a deployment, or only tells them.

import { Failure, note, say } from "../log.mjs";
import { withLock } from "../lock.mjs";
import { inRoot, wranglerConfig } from "../paths.mjs";
import { environmentWith } from "../moving/secrets.mjs";
import { readConfig } from "./config.mjs";
import { ensureEnvironment, refuseShared } from "./environments.mjs";
import { steps } from "./steps.mjs";
import { terminal } from "./terminal.mjs";
import { Wrangler } from "./wrangler.mjs";

/**
 * One deployment of a folder at a time: of two that find a secret missing, each would make one, and the second would take the first one's place.
 * All but `options` is there for tests to put their own in.
 */
export const deployAll = ({ lock = inRoot("target", ".deploy.lock"), ...run }) => withLock(lock, () => deployOnce(run));

async function deployOnce({
  options,
  file: given = wranglerConfig,
  env = process.env,
  ui = terminal(),
  cli,
  ...context
}) {
  const { environment, dryRun, varsFile } = options;
  const secrets = environmentWith(varsFile, env);
  say(`Environment: ${environment}`);
  const { file, end } = await ensureEnvironment({ file: given, environment, dryRun });
  try {
    await refuseShared({ file, environment });
    const config = await readConfig({ file, environment });
    refuseOtherName(config, { environment, name: env.WRANGLER_CI_OVERRIDE_NAME });
    const wrangler = new Wrangler({ environment, config: file, cli });
    await runSteps({ options, file, env: secrets, ui, config, wrangler, known: {}, ...context });
  } finally {
    end();
  }
}

/** Cloudflare's builds name the Worker that they belong to: `wrangler deploy` follows that, and no other command of wrangler does. */
function refuseOtherName(config, { environment, name }) {
  if (!name || name === config.name) return;
  throw new Failure(
    `The Worker is ${config.name} in wrangler.toml, and ${name} in WRANGLER_CI_OVERRIDE_NAME: wrangler would deploy ${name}, and look for its secrets and its version at ${config.name}.`,
    `In Cloudflare's own builds: write name = "${name}" into [env.${environment}] of wrangler.toml, and commit that. Elsewhere: take WRANGLER_CI_OVERRIDE_NAME out of the environment.`,
  );
}

async function runSteps(shared) {
  const applying = steps.filter((step) => step.applies?.(shared) ?? true);
  for (const [at, step] of applying.entries()) {
    say(`${at + 1}. ${step.title}`);
    if (shared.options.dryRun) {
      for (const line of step.plan(shared)) note(line);
      await step.dry?.(shared);
    } else {
      await step.run(shared);
    }
  }
}
