// npm run setup: everything that the other commands need. They call it themselves.

import { readArguments } from "./lib/arguments.mjs";
import { main } from "./lib/log.mjs";
import { setup } from "./lib/setup.mjs";

const USAGE = `npm run setup

  Installs what is missing for the other commands, makes .dev.vars, and migrates the local D1. It takes no options.`;

await main(() => {
  readArguments({ usage: USAGE });
  return setup();
}, USAGE);
