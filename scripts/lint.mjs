// npm run lint: everything that can be said of the sources without running them.

import { readArguments } from "./lib/arguments.mjs";
import * as lints from "./lib/lints.mjs";
import { main } from "./lib/log.mjs";
import { setup } from "./lib/setup.mjs";

const USAGE = `npm run lint [-- --all]

  --all   install what is missing for the checks of licences and advisories (CI)

Formats, biome, clippy, cargo doc, openapi.yaml, licences, and known faults of crates and npm
packages. What cannot be reached from here it says in capitals.`;

await main(async () => {
  const { values } = readArguments({ usage: USAGE, options: { all: { type: "boolean", default: false } } });
  await setup({ database: false, secrets: false });
  await lints.rustFormat();
  await lints.javaScript();
  await lints.consoleTypes();
  await lints.nativeClippy();
  await lints.rustDocs();
  await lints.openapi();
  await lints.crates({ install: values.all });
  await lints.npmAudit();
}, USAGE);
