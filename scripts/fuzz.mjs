// npm run fuzz: every target of fuzz/, one after another.
//
// The committed corpus in fuzz/corpus are seeds and what was found; what a run finds interesting goes to
// fuzz/target/corpus. A found case is kept twice: as a seed, and as a test beside the code.

import { mkdirSync, readdirSync } from "node:fs";
import { delimiter, dirname } from "node:path";

import { readArguments } from "./lib/arguments.mjs";
import { Failure, main, note, step } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { ask, run } from "./lib/run.mjs";
import { ensureCargoTool } from "./lib/rust.mjs";

const CARGO_FUZZ_VERSION = "0.13.2";

const USAGE = `npm run fuzz [-- TARGET…] [--seconds=20] [--if-possible]

  TARGET          one of fuzz/fuzz_targets; all, if none is named
  --seconds=N     for each
  --if-possible   pass over it, loudly, where there is no nightly Rust (CI)`;

await main(async () => {
  const { values, positionals: wanted } = readArguments({
    usage: USAGE,
    allowPositionals: true,
    options: { seconds: { type: "string", default: "20" }, "if-possible": { type: "boolean" } },
  });
  const seconds = Number(values.seconds);
  const all = readdirSync(inRoot("fuzz", "fuzz_targets"))
    .map((name) => name.replace(/\.rs$/, ""))
    .sort();
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown || !(seconds > 0))
    throw new Failure(`There is no target ${unknown ?? "for that time"}.`, `The targets: ${all.join(", ")}.`, 2);

  if ((await ask("cargo", ["+nightly", "--version"])) === null) {
    if (values["if-possible"]) return note("FUZZING SKIPPED: no nightly Rust here (rustup toolchain install nightly)");
    throw new Failure("Fuzzing needs a nightly Rust.", "Run: rustup toolchain install nightly");
  }
  const tool = await ensureCargoTool("cargo-fuzz", CARGO_FUZZ_VERSION, { usually: "1 min" });
  const env = { ...process.env, PATH: `${dirname(tool)}${delimiter}${process.env.PATH}` };
  const fuzz = (...rest) => run("cargo", ["+nightly", "fuzz", ...rest], { env });

  const built = await step("Building the fuzz targets", "10 s, 2 min the first time", () => fuzz("build"));
  if (built.code !== 0) throw new Failure(`The fuzz targets do not build.\n${built.output.trimEnd()}`);
  for (const target of wanted.length > 0 ? wanted : all) {
    const found = inRoot("fuzz", "target", "corpus", target);
    const seeds = inRoot("fuzz", "corpus", target);
    for (const folder of [found, seeds]) mkdirSync(folder, { recursive: true });
    await step(`Fuzzing ${target}`, `${seconds} s`, async () => {
      const { code, output } = await fuzz(
        "run",
        target,
        found,
        seeds,
        "--",
        `-max_total_time=${seconds}`,
        "-max_len=16384",
        "-timeout=60",
      );
      if (code !== 0)
        throw new Failure(`${target} found something:\n${output.trimEnd().split("\n").slice(-40).join("\n")}`);
      note(output.match(/Done \d+ runs/)?.[0] ?? "done");
    });
  }
}, USAGE);
