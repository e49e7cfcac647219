// Rust: the compiler of rust-toolchain.toml, its wasm target, and programs that are compiled from crates.io.

import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { withLock } from "./lock.mjs";
import { Failure, note, step } from "./log.mjs";
import { cacheDir, exe, inRoot } from "./paths.mjs";
import { ask, mustRun, run } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";
/** The oldest rustc that compiles the Worker (`rust-version` in Cargo.toml). */
const MIN_RUST = [1, 91];
const CARGO_DENY_VERSION = "0.20.2";
const CARGO_REMEDY =
  "It needs crates.io and a C linker (Debian: apt install build-essential; macOS: xcode-select --install).";

/** The version that rust-toolchain.toml names. */
const pinnedRust = () => readFileSync(inRoot("rust-toolchain.toml"), "utf8").match(/^channel = "(.+)"$/m)[1];

/** The rustc that makes wasm. WASM_RUSTC names one where rustup's has no wasm target; then only wasm is made with it. */
export const wasmRustc = () => process.env.WASM_RUSTC || "rustc";

async function hasWasmTarget() {
  const libdir = await ask(wasmRustc(), ["--print", "target-libdir", "--target", TARGET]);
  return libdir !== null && existsSync(libdir) && readdirSync(libdir).some((name) => /^libstd-.*\.rlib$/.test(name));
}

/** Makes sure that Rust is here and recent enough. */
export async function ensureRust() {
  const version = (await ask("rustc", ["--version"])) ?? (await takeStable());
  if (version === null || (await ask("cargo", ["--version"])) === null) {
    throw new Failure(
      "Rust was not found: `rustc` and `cargo` are not in PATH.",
      "Install it from https://rustup.rs, open a new terminal, and run the command again.",
    );
  }
  const [major, minor] = version
    .match(/(\d+)\.(\d+)/)
    .slice(1)
    .map(Number);
  if (major < MIN_RUST[0] || (major === MIN_RUST[0] && minor < MIN_RUST[1])) {
    throw new Failure(`${version} is too old: this project needs ${MIN_RUST.join(".")}.`, "Run: rustup update stable");
  }
}

/** The version of rustup's stable, which then is used: rustup could not install the version of rust-toolchain.toml. */
async function takeStable() {
  const env = { ...process.env, RUSTUP_TOOLCHAIN: "stable" };
  const version = await ask("rustc", ["--version"], { env });
  if (version === null) return null;
  process.env.RUSTUP_TOOLCHAIN = "stable";
  note(`rustup cannot get Rust ${pinnedRust()} here; ${version} builds a Worker that works, of other bytes`);
  return version;
}

/** Makes sure that Rust compiles to wasm. */
export async function ensureWasmTarget() {
  await ensureRust();
  if (await hasWasmTarget()) return;
  await withLock(join(cacheDir, "rust-target.lock"), async () => {
    if (await hasWasmTarget()) return;
    const failed = process.env.WASM_RUSTC
      ? `WASM_RUSTC names ${process.env.WASM_RUSTC}, which has no standard library for ${TARGET}.`
      : await addWithRustup();
    if (await hasWasmTarget()) return;
    throw new Failure(
      `Rust cannot compile to ${TARGET} here.${failed ? `\n${failed}` : ""}`,
      [
        `Run \`rustup target add ${TARGET}\`; without rustup, install Rust from https://rustup.rs.`,
        "rustup downloads from static.rust-lang.org: behind a proxy, set HTTPS_PROXY; with a mirror, RUSTUP_DIST_SERVER.",
        "A rustc that has the target can be named instead: WASM_RUSTC=/path/to/rustc.",
        "To deploy only, take the release package: it needs no Rust (docs/deploy.md).",
      ].join("\n"),
    );
  });
}

async function addWithRustup() {
  if ((await ask("rustup", ["--version"])) === null) return "rustup is not installed.";
  return step(`rustup target add ${TARGET}`, "10 s", async () => {
    const { code, output } = await run("rustup", ["target", "add", TARGET], { timeout: 300_000 });
    return code === 0 ? null : output.trim().split("\n").slice(0, 5).join("\n");
  });
}

/** `cargo build` for wasm: its arguments and its environment. The bytes depend on neither this folder nor CARGO_HOME. */
export async function wasmBuild() {
  const rustc = wasmRustc();
  const sysroot = await ask(rustc, ["--print", "sysroot"]);
  const commit = (await ask(rustc, ["-vV"]))?.match(/^commit-hash: (\w+)$/m)?.[1];
  const remap = [
    [inRoot(), "/portal-backup-worker"],
    [process.env.CARGO_HOME || join(homedir(), ".cargo"), "/cargo"],
    // Of std, where rustup's component rust-src is installed: as it is named without that.
    [join(sysroot, "lib", "rustlib", "src", "rust"), `/rustc/${commit}`],
  ];
  const flags = remap.map(([from, to]) => JSON.stringify(`--remap-path-prefix=${from}=${to}`));
  const env = { ...process.env, RUST_BACKTRACE: "0" };
  // They would take the place of the flags in .cargo/config.toml.
  delete env.RUSTFLAGS;
  delete env.CARGO_ENCODED_RUSTFLAGS;
  if (process.env.WASM_RUSTC) env.RUSTC = rustc;
  const args = [
    `--target=${TARGET}`,
    // Whatever CARGO_TARGET_DIR or the developer's own cargo settings say: an older file here would be taken for what cargo has made there.
    `--target-dir=${TARGET_DIR}`,
    `--config=target.${TARGET}.rustflags=[${flags.join(",")}]`,
  ];
  return { args, env };
}

const TARGET_DIR = inRoot("target");

/** Where cargo puts the Worker's wasm. */
export const wasmFile = (profile) => join(TARGET_DIR, TARGET, profile, "portal_backup_worker.wasm");

// ------------------------------------------------------------------------------------------------------------ programs

const platform = `${process.platform}-${process.arch}`;
const toolRoot = (name, version) => join(cacheDir, "tools", `${name}-${version}-${platform}`);
const toolBin = (name, version) => join(toolRoot(name, version), "bin", name + exe);

/**
 * A program in the cache that all clones share; made there by `cargo install` with `args` if it is not. Staged beside its
 * place and renamed into it: nobody sees half a program.
 */
async function ensureProgram({ name, version, title, usually, install }) {
  const path = toolBin(name, version);
  if (existsSync(path)) return path;
  await withLock(`${toolRoot(name, version)}.lock`, async () => {
    if (existsSync(path)) return;
    await step(title, usually, async () => {
      const staging = `${toolRoot(name, version)}.new-${process.pid}`;
      try {
        await install(staging);
        rmSync(join(staging, "target"), { recursive: true, force: true });
        rmSync(toolRoot(name, version), { recursive: true, force: true });
        renameSync(staging, toolRoot(name, version));
      } finally {
        rmSync(staging, { recursive: true, force: true });
      }
    });
  });
  return path;
}

/** The version of wasm-bindgen that the Worker is compiled with: tools/bindgen is of exactly that one. */
export function bindgenVersion() {
  const lock = readFileSync(inRoot("Cargo.lock"), "utf8");
  return lock.match(/name = "wasm-bindgen"\r?\nversion = "([^"]+)"/)[1];
}

/** tools/bindgen, compiled. */
export const ensureBindgen = () =>
  ensureProgram({
    name: "bindgen",
    version: bindgenVersion(),
    title: `Compiling tools/bindgen (wasm-bindgen ${bindgenVersion()}), once for this machine`,
    usually: "1 min",
    install: (staging) =>
      mustRun("cargo", ["install", "--quiet", "--locked", "--path", inRoot("tools", "bindgen"), "--root", staging], {
        env: { ...process.env, CARGO_TARGET_DIR: join(staging, "target") },
        failure: "Compiling tools/bindgen",
        remedy: CARGO_REMEDY,
      }),
  });

/** A program of crates.io. Its own optimisation is left out: what counts is how long it takes to compile. */
export const ensureCargoTool = (name, version, { usually } = {}) =>
  ensureProgram({
    name,
    version,
    title: `Installing ${name} ${version} from crates.io into ${toolRoot(name, version)}`,
    usually,
    install: async (staging) => {
      const env = {
        ...process.env,
        CARGO_TARGET_DIR: join(staging, "target"),
        CARGO_PROFILE_RELEASE_OPT_LEVEL: "0",
        CARGO_PROFILE_RELEASE_DEBUG: "0",
        CARGO_PROFILE_RELEASE_LTO: "off",
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
      };
      const args = ["install", name, "--version", `=${version}`, "--bin", name, "--root", staging];
      // With the program's own lock file where that resolves; a registry mirror can lack one of its crates.
      if ((await run("cargo", [...args, "--locked"], { env })).code === 0) return;
      await mustRun("cargo", args, { env, failure: `cargo install ${name}`, remedy: CARGO_REMEDY });
    },
  });

/** cargo-deny from PATH or the cache; with `install`, installed if it is in neither; else null. */
export async function cargoDeny({ install = false } = {}) {
  if (await ask("cargo-deny", ["--version"])) return "cargo-deny";
  const own = toolBin("cargo-deny", CARGO_DENY_VERSION);
  if (!install) return existsSync(own) ? own : null;
  return ensureCargoTool("cargo-deny", CARGO_DENY_VERSION, { usually: "2 min" });
}
