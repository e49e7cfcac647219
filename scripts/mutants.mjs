// npm run mutants: changes src/domain line by line, and says which changes no native test notices. Run by hand: all of it takes an hour or two.

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { readArguments } from "./lib/arguments.mjs";
import { main, say } from "./lib/log.mjs";
import { inRoot, root } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";
import { ensureCargoTool, ensureRust } from "./lib/rust.mjs";

const CARGO_MUTANTS_VERSION = "27.1.0";

const USAGE = `npm run mutants [-- --file=GLOB] [--list]

  --file=GLOB   the sources in src/domain to change, all if not said; for example src/domain/recovery.rs
  --list        only show the changes

A change takes about 3 seconds where nothing else runs. One that no native test notices is listed in mutants.out/missed.txt.
Exit code: 0 all were noticed, 2 some were not.`;

/** What src/domain is compiled with, and what its tests read. */
const FILES = [
  "Cargo.toml",
  "Cargo.lock",
  "rust-toolchain.toml",
  "src",
  "migrations",
  "tests/golden",
  "docs",
  "openapi.yaml",
];

/** A package of src/domain alone, which uses nothing else of the crate: it compiles in seconds. */
function makePackage() {
  const folder = inRoot("target", "mutants", "package");
  rmSync(folder, { recursive: true, force: true });
  for (const file of FILES) cpSync(inRoot(file), join(folder, file), { recursive: true });
  writeFileSync(join(folder, "src", "lib.rs"), "pub mod domain;\n");
  const manifest = join(folder, "Cargo.toml");
  writeFileSync(manifest, `${readFileSync(manifest, "utf8")}\n[profile.dev]\nopt-level = 1\ndebug = false\n`);
  return folder;
}

await main(async () => {
  const { values } = readArguments({
    usage: USAGE,
    options: { file: { type: "string", default: "src/domain/**/*.rs" }, list: { type: "boolean", default: false } },
  });
  await ensureRust();
  const tool = await ensureCargoTool("cargo-mutants", CARGO_MUTANTS_VERSION, { usually: "1 min" });
  const env = {
    ...process.env,
    PATH: `${dirname(tool)}${delimiter}${process.env.PATH}`,
    CARGO_TARGET_DIR: inRoot("target", "mutants", "target"),
  };
  // In place: the package is a copy already. --lib: only the tests are compiled.
  const how = values.list ? ["--list"] : ["--in-place", "--output", root, "--cargo-arg=--lib"];
  const args = ["mutants", "--file", values.file, ...how];
  const { code } = await run("cargo", args, { cwd: makePackage(), env, show: true });
  if (code === 2) say("Each line of mutants.out/missed.txt is a change that no native test notices.");
  return code ?? 1;
}, USAGE);
