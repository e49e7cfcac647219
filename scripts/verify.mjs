// npm run verify -- URL: whether the Worker that is deployed there is the release in this folder.

import { readArguments } from "./lib/arguments.mjs";
import { buildWorker } from "./lib/build.mjs";
import { parseTarget } from "./lib/doctor/target.mjs";
import { Failure, main } from "./lib/log.mjs";
import { deployedRelease, ownRelease } from "./lib/release/verify.mjs";
import { setup } from "./lib/setup.mjs";

const USAGE = `npm run verify -- URL [--json]

  URL      the Worker's origin: https://backup.example.com, or http://127.0.0.1:8787
  --json   one JSON object instead of a line

Compares the digest that the Worker tells with that of the release package in this folder, or of a build of these sources.
Exit code: 0 it is this release, 1 it is another one, 2 it could not be compared.`;

await main(async () => {
  const { values, positionals } = readArguments({
    usage: USAGE,
    allowPositionals: true,
    options: { json: { type: "boolean", default: false } },
  });
  if (positionals.length !== 1) throw new Failure("Which Worker? Give one URL.", USAGE, 2);
  try {
    const { url } = parseTarget(positionals[0]);
    // Before the build, which takes minutes: the address may be misspelt.
    const deployed = await deployedRelease(url);
    if (!deployed.digest) {
      throw new Failure(
        `${url.origin} does not tell its release.`,
        "It is a Worker from before releases had a digest.",
      );
    }
    await setup({ database: false, secrets: false });
    await buildWorker({ publish: false });
    const own = ownRelease();
    const same = deployed.digest === own.digest;
    const told = values.json
      ? JSON.stringify({ url: url.origin, same, own, deployed })
      : same
        ? `${url.origin} is release ${own.version}, digest ${own.digest}`
        : `${url.origin} is NOT this release.\n  here      ${own.version}, digest ${own.digest}\n  deployed  ${deployed.version ?? "?"}, digest ${deployed.digest}`;
    process.stdout.write(`${told}\n`);
    return same ? 0 : 1;
  } catch (error) {
    // Whatever went wrong, it is not "another release".
    error.exitCode = 2;
    throw error;
  }
}, USAGE);
