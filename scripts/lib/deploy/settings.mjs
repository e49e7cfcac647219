// Changes of wrangler.toml. Every step of a deployment writes through here, so that what is deployed was checked, and not only what
// was there at the start.

import { readFileSync, writeFileSync } from "node:fs";

import { readConfig } from "./config.mjs";
import { refuseShared } from "./environments.mjs";

/**
 * Writes with `write({ file, environment, crons })` and reads the settings again. If the environment then shares something with another
 * one, the file is put back and the run is refused.
 */
export async function change(context, write) {
  const { file, options } = context;
  const { environment } = options;
  const before = readFileSync(file, "utf8");
  try {
    write({ file, environment, crons: context.config.crons });
    await refuseShared({ file, environment });
    context.config = await readConfig({ file, environment });
  } catch (error) {
    writeFileSync(file, before);
    throw error;
  }
}
