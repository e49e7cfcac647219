// npm run release: the package that deploys without Rust, its bill of materials, and their checksums.

import { readArguments } from "./lib/arguments.mjs";
import { buildWorker } from "./lib/build.mjs";
import { main, note, say, step } from "./lib/log.mjs";
import { inRoot, userPath } from "./lib/paths.mjs";
import { packRelease } from "./lib/release/package.mjs";
import { setup } from "./lib/setup.mjs";

const USAGE = `npm run release [-- --out DIR]

  --out DIR   where the package goes (dist/)

It writes portal-backup-worker-VERSION.tgz, which \`npm run deploy\` deploys without Rust and without a build, its bill of
materials in CycloneDX, and SHA256SUMS. The same sources give the same bytes.`;

await main(async () => {
  const { values } = readArguments({ usage: USAGE, options: { out: { type: "string" } } });
  await setup({ database: false });
  await buildWorker();
  const { version, digest, files } = await step("Packing", "2 s", () =>
    packRelease({ out: userPath(values.out) ?? inRoot("dist") }),
  );
  for (const file of files) note(file);
  say(`Release ${version}, digest ${digest}`);
}, USAGE);
