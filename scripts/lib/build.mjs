// The build: worker-build puts the Worker into build/, its static files go into build/assets/, and nothing happens where
// nothing has changed.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { buildAssets } from "./assets.mjs";
import { withLock } from "./lock.mjs";
import { Failure, note, step } from "./log.mjs";
import { buildDir, inRoot } from "./paths.mjs";
import { run } from "./run.mjs";
import { buildEnv, toolchainKey, workerBuild } from "./toolchain.mjs";

/** What the build is made of: files, and folders with all that is in them. */
const SOURCES = ["Cargo.toml", "Cargo.lock", ".cargo", "build.rs", "src", "migrations", "scripts/lib/build.mjs"];
const KEY_FILE = join(buildDir, ".built-from");
const OUTPUTS = ["index.js", "index_bg.wasm"];

/** Builds the Worker into build/; resolves with whether there was anything to build. */
export async function buildWorker({ release = true } = {}) {
  return withLock(inRoot("target", ".build.lock"), async () => {
    buildAssets();
    const key = await buildKey(release);
    if (isBuilt(key)) return false;
    const env = { ...(await buildEnv()), RUST_BACKTRACE: "0" };
    const first = !existsSync(inRoot("target", "wasm32-unknown-unknown", "release"));
    await step(
      `Building the Worker into build/${release ? "" : " (unoptimised)"}`,
      first ? "1 to 2 min the first time" : "15 s",
      async () => {
        // cargo's own messages are worth seeing where there is something to see: warnings and errors.
        const { code, output } = await run(workerBuild(), [release ? "--release" : "--dev"], { env });
        if (code !== 0) throw new Failure(`The build failed.\n${output.trimEnd()}`, remedy(output));
        if (release) await shrink(env);
        const warnings = output.match(/^warning:[\s\S]*?(?=\n\n|$)/gm);
        if (warnings) process.stderr.write(`${warnings.join("\n\n")}\n`);
        mkdirSync(buildDir, { recursive: true });
        writeFileSync(KEY_FILE, key);
        note(`${(statSync(join(buildDir, "index_bg.wasm")).size / 1024).toFixed(0)} KiB of wasm`);
      },
    );
    return true;
  });
}

/** What rustc's wasm target and wasm-bindgen use of WebAssembly; wasm-opt must emit nothing newer than workerd knows. */
const WASM_FEATURES = [
  "mutable-globals",
  "sign-ext",
  "nontrapping-float-to-int",
  "bulk-memory",
  "multivalue",
  "reference-types",
  "exception-handling",
];

/**
 * worker-build's own way of running wasm-opt keeps the function names: a fifth of the Worker. And its default inlines large
 * functions into their only caller, which makes one of so many locals that it compresses badly: 4 % of the Worker.
 */
async function shrink(env) {
  const wasm = join(buildDir, "index_bg.wasm");
  const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
  const { code, output } = await run(
    env.WASM_OPT_BIN,
    [
      wasm,
      "-O3",
      "--one-caller-inline-max-function-size=20",
      "--strip-debug",
      "--strip-producers",
      ...features,
      "-o",
      wasm,
    ],
    { env },
  );
  if (code !== 0) throw new Failure(`wasm-opt failed.\n${output.trimEnd()}`);
}

function remedy(output) {
  if (/Failed to download|Failed to fetch URL/.test(output)) {
    return "worker-build could not download one of its tools. Set WASM_BINDGEN_BIN to a wasm-bindgen of the version in Cargo.lock (cargo install wasm-bindgen-cli).";
  }
  return undefined;
}

/** Whether build/ holds a Worker, be it an older one. */
export const hasBuild = () => OUTPUTS.every((name) => existsSync(join(buildDir, name)));

const isBuilt = (key) => hasBuild() && existsSync(KEY_FILE) && readFileSync(KEY_FILE, "utf8") === key;

async function buildKey(release) {
  const hash = createHash("sha256").update(`${release} ${await toolchainKey()}\0`);
  for (const source of SOURCES) addToHash(hash, source);
  return hash.digest("hex");
}

function addToHash(hash, path) {
  const full = inRoot(path);
  if (!existsSync(full)) return;
  if (statSync(full).isDirectory()) {
    for (const name of readdirSync(full).sort()) addToHash(hash, `${path}/${name}`);
  } else {
    hash.update(`${path}\0`).update(readFileSync(full)).update("\0");
  }
}
