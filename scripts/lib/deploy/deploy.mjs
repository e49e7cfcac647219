// Runs the steps of a deployment, or only tells them.

import { note, say } from "../log.mjs";
import { wranglerConfig } from "../paths.mjs";
import { environmentWith } from "../moving/secrets.mjs";
import { readConfig } from "./config.mjs";
import { ensureEnvironment, refuseShared } from "./environments.mjs";
import { steps } from "./steps.mjs";
import { terminal } from "./terminal.mjs";
import { Wrangler } from "./wrangler.mjs";

/** `file`, `env`, `ui`, `cli` and `context` are there for tests to put their own in. */
export async function deployAll({
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
    const wrangler = new Wrangler({ environment, config: file, cli });
    await runSteps({ options, file, env: secrets, ui, config, wrangler, known: {}, ...context });
  } finally {
    end();
  }
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
