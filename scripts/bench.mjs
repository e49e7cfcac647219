// npm run bench: the release Worker beside its peers, as a table; bench/results.md keeps it.

import { existsSync } from "node:fs";

import { readArguments } from "./lib/arguments.mjs";
import { buildWorker } from "./lib/build.mjs";
import { main, step } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { mustRun, run } from "./lib/run.mjs";
import { setup } from "./lib/setup.mjs";
import { nodeBin, nodeEnv } from "./lib/toolchain.mjs";

const USAGE = `npm run bench [-- --quick | --instructions | --cold | --page | --moving [--users=N] [--before=DIR] | --copy [--users=N] | --homes]

  --quick          two minutes instead of some twenty, with a wider spread
  --instructions   instead of times, the instructions of each request as valgrind counts them: some ten minutes
  --cold           only what a fresh isolate's first requests cost
  --page           only the operators' page, in Chromium: the script that runs until a view can be used
  --moving         instead of requests, an import and an export of 20,000 users; --before=DIR: also those of another checkout
  --copy           instead of requests, stores with and without the second copy, and a rebuild of 5,000 users beside their import
  --homes          instead of requests to one database, the same where there are three, and a Worker with 1,000 databases bound`;

await main(async () => {
  readArguments({
    usage: USAGE,
    options: {
      quick: { type: "boolean" },
      instructions: { type: "boolean" },
      moving: { type: "boolean" },
      page: { type: "boolean" },
      cold: { type: "boolean" },
      copy: { type: "boolean" },
      homes: { type: "boolean" },
      users: { type: "string" },
      before: { type: "string" },
    },
  });
  await setup({ database: false });
  if (!existsSync(inRoot("bench", "node_modules", ".package-lock.json"))) {
    await step("Installing what the benchmark's peers need", "5 s", () =>
      mustRun("npm", ["ci", "--no-audit", "--no-fund"], {
        cwd: inRoot("bench"),
        failure: "npm ci in bench/",
        remedy: "It needs the npm registry.",
      }),
    );
  }
  await buildWorker();
  const { code } = await run(
    await nodeBin(),
    ["--no-warnings", inRoot("bench", "main.mjs"), ...process.argv.slice(2)],
    {
      show: true,
      env: nodeEnv({ PORTAL_BACKUP_PROFILE: "release" }),
    },
  );
  return code;
}, USAGE);
