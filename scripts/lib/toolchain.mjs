// The toolchain: which rustc makes wasm, and where worker-build and the tools it calls are.
//
// Ordinary way first: rustup adds the wasm target, worker-build comes from crates.io and downloads wasm-bindgen itself.
// Where that network is not there: Debian's rustc-web makes the target, and wasm-bindgen comes from crates.io as well.
// wasm-opt and esbuild always come from npm, pinned with a checksum in package-lock.json.

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { withLock } from "./lock.mjs";
import { Failure, note, step } from "./log.mjs";
import { cacheDir, exe, inRoot, isWindows, lockedVersion, nodeModules } from "./paths.mjs";
import { ask, mustRun, run } from "./run.mjs";

const TARGET = "wasm32-unknown-unknown";
/** The oldest rustc that `worker` compiles with. */
const MIN_RUST = [1, 91];
const DEBIAN_RUSTC = "/usr/bin/rustc";
const DEBIAN_PACKAGES = ["rustc-web", "rust-web-src", "rust-web-llvm", "lld-22"];
/** Same as worker's: worker-build refuses a crate of another minor version. */
const workerBuildVersion = () => lockedVersion("worker");
const bindgenVersion = () => lockedVersion("wasm-bindgen");

/** The cargo-deny that `npm run lint -- --all` installs. */
const CARGO_DENY_VERSION = "0.20.2";

const toolsDir = join(cacheDir, "tools");
const platform = `${process.platform}-${process.arch}`;
const toolRoot = (name, version) => join(toolsDir, `${name}-${version}-${platform}`);
const toolBin = (name, version, bin = name) => join(toolRoot(name, version), "bin", bin + exe);

// ---------------------------------------------------------------------------------------------------- the wasm target

/** Which rustc makes wasm here: `{ rustc }`, with rustc null for the one that cargo uses anyway; or null for none. */
export async function wasmRustc() {
  if (await hasTarget("rustc")) return { rustc: null };
  if (process.platform === "linux" && existsSync(DEBIAN_RUSTC) && (await hasTarget(DEBIAN_RUSTC))) {
    return { rustc: DEBIAN_RUSTC };
  }
  return null;
}

async function hasTarget(rustc) {
  const libdir = await ask(rustc, ["--print", "target-libdir", "--target", TARGET]);
  return libdir !== null && existsSync(libdir) && readdirSync(libdir).some((name) => /^libstd-.*\.rlib$/.test(name));
}

/** Makes sure that Rust is here, recent enough, and compiles to wasm. */
export async function ensureWasmTarget() {
  const version = await ask("rustc", ["--version"]);
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
  if (await wasmRustc()) return;
  await withLock(join(cacheDir, "rust-target.lock"), async () => {
    if (await wasmRustc()) return;
    const failed = await addWithRustup();
    if (await wasmRustc()) return;
    if (await debianHasRustc()) await buildWithDebian();
    if (await wasmRustc()) return;
    throw new Failure(
      `Rust cannot compile to ${TARGET} here.${failed ? `\n${failed}` : ""}`,
      `Run \`rustup target add ${TARGET}\` and see what it says; without rustup, install Rust from https://rustup.rs.`,
    );
  });
}

async function addWithRustup() {
  if ((await ask("rustup", ["--version"])) === null) return "rustup is not installed.";
  return step(`rustup target add ${TARGET}`, "10 s", async () => {
    const { code, output } = await run("rustup", ["target", "add", TARGET], { timeout: 300_000 });
    if (code === 0) return null;
    note("rustup could not: its server is out of reach");
    return output.trim().split("\n").slice(-5).join("\n");
  });
}

async function debianHasRustc() {
  if (process.platform !== "linux" || (await ask("apt-get", ["--version"])) === null) return false;
  const found = async () => /Candidate: \d/.test((await ask("apt-cache", ["policy", "rustc-web"])) ?? "");
  if (await found()) return true;
  const update = asRoot("apt-get", ["update", "-qq"]);
  await run(...update, { timeout: 120_000 });
  return found();
}

const isRoot = () => process.getuid?.() === 0;
const asRoot = (command, args) => (isRoot() ? [command, args] : ["sudo", ["-n", command, ...args]]);

/** Debian's rustc comes without the wasm standard library, but with its source: build it and put it where it belongs. */
async function buildWithDebian() {
  const packages = DEBIAN_PACKAGES.join(" ");
  await step(`Installing Debian's packages ${packages}, beside your own Rust`, "30 s", () =>
    mustRun(...asRoot("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...DEBIAN_PACKAGES]), {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      failure: "apt-get install",
      remedy: `Run it yourself, as root: apt-get update && apt-get install ${packages}`,
    }),
  );
  if (await hasTarget(DEBIAN_RUSTC)) return;
  await step(`Building the ${TARGET} standard library for ${DEBIAN_RUSTC}`, "30 s", async () => {
    const work = mkdtempSync(join(tmpdir(), "wasm-std-"));
    try {
      mkdirSync(join(work, "src"));
      writeFileSync(join(work, "src", "lib.rs"), "");
      writeFileSync(join(work, "Cargo.toml"), '[package]\nname = "wasm-std"\nversion = "0.0.0"\nedition = "2021"\n');
      const env = { ...process.env, RUSTC: DEBIAN_RUSTC, RUSTC_BOOTSTRAP: "1", RUSTFLAGS: "-Cembed-bitcode=yes" };
      delete env.CARGO_TARGET_DIR;
      const args = ["build", "--release", "-Zbuild-std=std,panic_abort", "--target", TARGET];
      await mustRun("cargo", args, { cwd: work, env, failure: "Building the standard library" });
      const sysroot = await ask(DEBIAN_RUSTC, ["--print", "sysroot"]);
      const target = join(sysroot, "lib", "rustlib", TARGET);
      const deps = join(work, "target", TARGET, "release", "deps");
      const fresh = `${target}.new-${process.pid}`;
      const staged = join(work, "lib");
      mkdirSync(staged);
      for (const name of readdirSync(deps)) {
        if (name.endsWith(".rlib") && !name.startsWith("libwasm_std-")) cpSync(join(deps, name), join(staged, name));
      }
      note(`into ${target}/lib`);
      await mustRun(...asRoot("mkdir", ["-p", fresh]));
      await mustRun(...asRoot("cp", ["-r", staged, fresh]));
      await mustRun(...asRoot("rm", ["-rf", target]));
      await mustRun(...asRoot("mv", ["-T", fresh, target]));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}

// ------------------------------------------------------------------------------------------- worker-build and its tools

/** Makes sure that worker-build is in the cache, and wasm-bindgen either there or within worker-build's reach. */
export async function ensureWorkerBuild() {
  await ensureCargoTool("worker-build", workerBuildVersion(), { usually: "2 min" });
  if (!wasmBindgenBin() && !(await workerBuildHasBindgen())) {
    await ensureCargoTool("wasm-bindgen-cli", bindgenVersion(), { bin: "wasm-bindgen", usually: "1 min" });
  }
}

/** The wasm-bindgen that we name to worker-build, or null to let it take its own. */
function wasmBindgenBin() {
  if (process.env.WASM_BINDGEN_BIN) return process.env.WASM_BINDGEN_BIN;
  const own = toolBin("wasm-bindgen-cli", bindgenVersion(), "wasm-bindgen");
  return existsSync(own) ? own : null;
}

/** Whether worker-build has downloaded wasm-bindgen already, or can: then there is no need to compile it. */
async function workerBuildHasBindgen() {
  const version = bindgenVersion();
  const caches = [
    process.env.XDG_CACHE_HOME,
    process.env.LOCALAPPDATA,
    join(homedir(), ".cache"),
    join(homedir(), "Library", "Caches"),
  ];
  for (const dir of caches.filter(Boolean).map((cache) => join(cache, "worker-build"))) {
    const ours = (name) => name.startsWith("wasm-bindgen-") && name.endsWith(`-${version}`);
    if (existsSync(dir) && readdirSync(dir).some(ours)) return true;
  }
  const target = {
    "linux-x64": "x86_64-unknown-linux-musl",
    "linux-arm64": "aarch64-unknown-linux-musl",
    "darwin-x64": "x86_64-apple-darwin",
    "darwin-arm64": "aarch64-apple-darwin",
    "win32-x64": "x86_64-pc-windows-msvc",
    "win32-arm64": "x86_64-pc-windows-msvc",
  }[platform];
  const url = `https://github.com/wasm-bindgen/wasm-bindgen/releases/download/${version}/wasm-bindgen-${version}-${target}.tar.gz`;
  try {
    // The whole way, past the redirect: a network that lets only the first host through is no use to worker-build.
    const answer = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(8_000) });
    return answer.ok;
  } catch {
    return false;
  }
}

/**
 * Installs one program from crates.io into the shared cache. Cheap profile flags: the tools run for a second, so what
 * counts is how long they take to compile. Staged beside its place and renamed into it: nobody sees half a tool.
 */
export async function ensureCargoTool(name, version, { bin = name, usually } = {}) {
  const path = toolBin(name, version, bin);
  if (existsSync(path)) return path;
  await withLock(`${toolRoot(name, version)}.lock`, async () => {
    if (existsSync(path)) return;
    await step(`Installing ${name} ${version} from crates.io into ${toolRoot(name, version)}`, usually, async () => {
      const staging = `${toolRoot(name, version)}.new-${process.pid}`;
      const env = {
        ...process.env,
        CARGO_TARGET_DIR: join(staging, "target"),
        CARGO_PROFILE_RELEASE_OPT_LEVEL: "0",
        CARGO_PROFILE_RELEASE_DEBUG: "0",
        CARGO_PROFILE_RELEASE_LTO: "off",
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
      };
      try {
        const args = ["install", name, "--version", `=${version}`, "--bin", bin, "--root", staging];
        // With the tool's own lock file where that resolves; a registry mirror can lack one of its crates.
        const locked = await run("cargo", [...args, "--locked"], { env });
        if (locked.code !== 0) {
          await mustRun("cargo", args, {
            env,
            failure: `cargo install ${name}`,
            remedy:
              "It needs crates.io and a C linker (Debian: apt install build-essential; macOS: xcode-select --install).",
          });
        }
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

/** cargo-deny from PATH or the cache; with `install`, installed if it is in neither; else null. */
export async function cargoDeny({ install = false } = {}) {
  if (await ask("cargo-deny", ["--version"])) return "cargo-deny";
  const own = toolBin("cargo-deny", CARGO_DENY_VERSION);
  if (!install) return existsSync(own) ? own : null;
  return ensureCargoTool("cargo-deny", CARGO_DENY_VERSION, { usually: "2 min" });
}

// ------------------------------------------------------------------------------------------------------ environments

const binDir = join(nodeModules, ".bin");
const withPath = (env, ...dirs) => {
  const name = Object.keys(env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  return { ...env, [name]: [...dirs, env[name]].filter(Boolean).join(delimiter) };
};

/** For children that run Node tools: ours first in PATH, and wrangler quiet and on this machine only. */
export function nodeEnv(extra = {}) {
  return {
    ...withPath(process.env, binDir),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    ...extra,
  };
}

/** For children that build the Worker: the rustc that makes wasm, and the tools that worker-build calls. */
export async function buildEnv() {
  const wasm = await wasmRustc();
  if (!wasm) throw new Failure(`Rust cannot compile to ${TARGET} here.`, "Run: npm run setup");
  let env = nodeEnv({
    ESBUILD_BIN: npmProgram("esbuild"),
    WASM_OPT_BIN: npmProgram("wasm-opt", join("binaryen", "bin", "wasm-opt")),
  });
  const bindgen = wasmBindgenBin();
  if (bindgen) env.WASM_BINDGEN_BIN = bindgen;
  if (wasm.rustc) env = { ...withPath(env, rustcLinkDir(wasm.rustc)), RUSTC: wasm.rustc };
  return env;
}

/** The path of a program that npm installed. */
function npmProgram(name, file = join(name, "bin", name)) {
  return isWindows ? join(binDir, `${name}.cmd`) : join(nodeModules, file);
}

/** worker-build calls plain `rustc`: a folder with just a link of that name, to put first in PATH. */
function rustcLinkDir(rustc) {
  const dir = join(cacheDir, "wasm-rustc");
  const link = join(dir, "rustc");
  if (!existsSync(link)) {
    mkdirSync(dir, { recursive: true });
    try {
      symlinkSync(rustc, link);
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
  }
  return dir;
}

export const workerBuild = () => toolBin("worker-build", workerBuildVersion());

let node;
/** A Node that wrangler runs on (22 or newer): npm's own copy, else the one that runs us. */
export async function nodeBin() {
  if (node) return node;
  const own = isWindows ? join(nodeModules, "node", "bin", "node.exe") : join(nodeModules, "node", "bin", "node");
  if (existsSync(own) && (await ask(own, ["--version"])) !== null) return (node = own);
  if (Number(process.versions.node.split(".")[0]) >= 22) return (node = process.execPath);
  throw new Failure(
    `wrangler needs Node 22, this is ${process.version}, and the copy that npm should have brought is not there.`,
    "Your npm did not run the install script of the package `node`: run `npm rebuild node`, or install Node 22 or newer.",
  );
}

/** A string that changes with anything but the sources that decides what the build makes. */
export async function toolchainKey() {
  const wasm = await wasmRustc();
  const version = await ask(wasm?.rustc ?? "rustc", ["--version"]);
  const lock = readFileSync(inRoot("package-lock.json"), "utf8");
  const npmVersion = (name) => JSON.parse(lock).packages[`node_modules/${name}`]?.version;
  return [version, workerBuildVersion(), bindgenVersion(), npmVersion("binaryen"), npmVersion("esbuild")].join(" ");
}
