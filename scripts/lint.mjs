// npm run lint: formats, biome for the JavaScript, clippy for the host and for wasm, licences.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

import { readArguments } from "./lib/arguments.mjs";
import { Failure, main, note, step } from "./lib/log.mjs";
import { exe } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";
import { setup } from "./lib/setup.mjs";
import { cargoDeny } from "./lib/rust.mjs";

const USAGE = `npm run lint [-- --all]

  --all   install what is missing for the check of licences (CI)`;

await main(async () => {
  const { values } = readArguments({ usage: USAGE, options: { all: { type: "boolean", default: false } } });
  await setup({ database: false });
  await check("Formatting: cargo fmt --check", "1 s", "cargo", ["fmt", "--check"], {
    remedy: "Run: cargo fmt   (if it is missing: rustup component add rustfmt)",
  });
  await check(
    "clippy, native",
    "10 s, 1 min the first time",
    "cargo",
    ["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"],
    {
      remedy: "If clippy is missing: rustup component add clippy",
    },
  );
  await wasmClippy();
  await licences(values.all);
}, USAGE);

async function check(title, usually, command, args, { remedy, env } = {}) {
  const { code } = await step(title, usually, () => run(command, args, { show: true, env }));
  if (code !== 0) throw new Failure(`${title}: failed, see above.`, remedy);
}

async function wasmClippy() {
  const args = ["clippy", "--quiet", "--target", "wasm32-unknown-unknown", "--", "-D", "warnings"];
  // clippy is part of its compiler: another rustc for wasm brings another clippy, beside it.
  const rustc = process.env.WASM_RUSTC;
  const clippy = rustc ? join(dirname(rustc), `cargo-clippy${exe}`) : "cargo";
  if (rustc && !existsSync(clippy)) return note(`CLIPPY FOR WASM SKIPPED: there is no ${clippy}`);
  const env = rustc ? { ...process.env, RUSTC: rustc } : process.env;
  await check("clippy, wasm", "10 s, 1 min the first time", clippy, args, { env });
}

async function licences(install) {
  const deny = await cargoDeny({ install });
  if (!deny)
    return note("cargo deny skipped: not installed (npm run lint -- --all installs it into this project's cache)");
  const args = ["--log-level", "error", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
  await check("Licences, bans and sources of the crates: cargo deny", "2 s", deny, args);
}
