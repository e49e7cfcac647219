// npm run mutants: changes src/domain line by line, and says which changes no native test notices. Run by hand: it takes hours.

import { delimiter, dirname } from "node:path";

import { readArguments } from "./lib/arguments.mjs";
import { main, say } from "./lib/log.mjs";
import { run } from "./lib/run.mjs";
import { ensureCargoTool, ensureRust } from "./lib/rust.mjs";

const CARGO_MUTANTS_VERSION = "27.1.0";

const USAGE = `npm run mutants [-- --file=GLOB] [--list]

  --file=GLOB   the sources to change, src/domain/**/*.rs if not said; for example src/domain/recovery.rs
  --list        only show the changes

A change that no native test notices is listed in mutants.out/missed.txt. Exit code: 0 all were noticed, 2 some were not.`;

await main(async () => {
  const { values } = readArguments({
    usage: USAGE,
    options: { file: { type: "string", default: "src/domain/**/*.rs" }, list: { type: "boolean", default: false } },
  });
  await ensureRust();
  const tool = await ensureCargoTool("cargo-mutants", CARGO_MUTANTS_VERSION, { usually: "1 min" });
  const env = { ...process.env, PATH: `${dirname(tool)}${delimiter}${process.env.PATH}` };
  const args = ["mutants", "--file", values.file, ...(values.list ? ["--list"] : ["--", "--lib"])];
  const { code } = await run("cargo", args, { env, show: true });
  if (code === 2) say("Each line of mutants.out/missed.txt is a change that no native test notices.");
  return code ?? 1;
}, USAGE);
