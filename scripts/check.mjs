// npm run check: what can be known in under a minute, before each commit.

import { readArguments } from "./lib/arguments.mjs";
import { consoleTypes, javaScript, nativeClippy, nativeTests, rustFormat } from "./lib/lints.mjs";
import { main, say } from "./lib/log.mjs";
import { ensureRust } from "./lib/rust.mjs";
import { setupPackages } from "./lib/setup.mjs";

const USAGE = `npm run check

  Formats, lints, types and native tests: under a minute once it is warm. It takes no options. \`npm run lint\` and \`npm test\`
  check the rest.`;

await main(async () => {
  readArguments({ usage: USAGE });
  await setupPackages();
  await ensureRust();
  await rustFormat();
  await javaScript();
  await consoleTypes();
  await nativeClippy();
  await nativeTests();
  say("All is well. `npm run lint` and `npm test` check the rest.");
}, USAGE);
