// The build: cargo makes the wasm, tools/bindgen its JavaScript, esbuild one module of that, wasm-opt the rest. Each profile
// has its result in target/worker/, and build/ holds the one that was asked for last. Nothing happens where nothing changed.

import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { buildAssets } from "./assets.mjs";
import { withLock } from "./lock.mjs";
import { Failure, note, step } from "./log.mjs";
import { buildDir, inRoot, isPackage } from "./paths.mjs";
import { releaseDigest, writeReleaseModule } from "./release-digest.mjs";
import { ask, run } from "./run.mjs";
import { bindgenVersion, ensureBindgen, wasmBuild, wasmFile, wasmRustc } from "./rust.mjs";
import { npmProgram } from "./toolchain.mjs";

/** What the build is made of: files, and folders with all that is in them. */
const SOURCES = [
  "Cargo.toml",
  "Cargo.lock",
  ".cargo",
  "src",
  "migrations",
  "tools/bindgen",
  "scripts/lib/build.mjs",
  "scripts/lib/rust.mjs",
];
/** What is served locally: quick to compile. Tests keep the one build that they began with. */
export const servedProfile = process.env.PORTAL_BACKUP_PROFILE ?? "serve";

const OUTPUTS = ["index.js", "index_bg.wasm"];
export const resultDir = (profile) => inRoot("target", "worker", profile);
const keyFile = (profile) => join(resultDir(profile), ".built-from");

/**
 * Makes sure that build/ holds the Worker; resolves with whether there was anything to build. `serve`: compiled in less time,
 * for `npm run dev`, instead of for speed and size. A release package has its Worker already. Without `publish` build/, which
 * `npm run dev` may be serving, is left alone: the Worker is in `resultDir`.
 */
export async function buildWorker({ profile = "release", publish = true } = {}) {
  if (isPackage) {
    refuseChangedPackage();
    return false;
  }
  return withLock(inRoot("target", ".build.lock"), async () => {
    if (publish) await buildAssets();
    const key = await buildKey(profile);
    const there = isBuilt(profile, key);
    if (!there) await make(profile, key);
    if (publish) putInPlace(profile);
    return !there;
  });
}

/** What is deployed from a package is what was released. */
function refuseChangedPackage() {
  if (JSON.parse(readFileSync(inRoot("release.json"), "utf8")).digest === releaseDigest()) return;
  throw new Failure(
    "The Worker in this release package is not the one that was released.",
    "Unpack the release again, after checking it: sha256sum -c SHA256SUMS. To change the Worker, work in a clone.",
  );
}

async function make(profile, key) {
  const first = !existsSync(dirname(wasmFile(profile)));
  const what = profile === "release" ? "" : ", quick to compile";
  await step(`Building the Worker${what}`, first ? "1 min the first time" : "15 s", async () => {
    rmSync(keyFile(profile), { force: true });
    // Two compilers at the same time: each alone leaves a core idle for much of its time.
    const [, bindgen] = await Promise.all([compile(profile), ensureBindgen()]);
    const staging = join(resultDir(profile), "staging");
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    await must("bindgen", bindgen, [wasmFile(profile), staging]);
    await bundle(staging);
    if (profile === "release") await shrink(join(staging, "index_bg.wasm"));
    for (const name of OUTPUTS) copyFileSync(join(staging, name), join(resultDir(profile), name));
    rmSync(staging, { recursive: true });
    writeFileSync(keyFile(profile), key);
    note(`${(statSync(join(resultDir(profile), "index_bg.wasm")).size / 1024).toFixed(0)} KiB of wasm`);
  });
}

async function compile(profile) {
  const { args, env } = await wasmBuild();
  const all = ["build", "--lib", "--locked", "--profile", profile, ...args];
  const { code, output } = await run("cargo", all, { env });
  if (code !== 0) throw new Failure(`The build failed.\n${output.trimEnd()}`, remedy(output));
  // cargo's own messages are worth seeing where there is something to see.
  const warnings = output.match(/^warning:[\s\S]*?(?=\n\n|$)/gm);
  if (warnings) process.stderr.write(`${warnings.join("\n\n")}\n`);
}

async function must(name, command, args, options) {
  const { code, output } = await run(command, args, options);
  if (code !== 0) throw new Failure(`${name} failed.\n${output.trimEnd()}`);
}

/** wasm-bindgen's module, its snippets and the Worker's class, as one minified module. */
async function bundle(staging) {
  copyFileSync(inRoot("src", "platform", "worker.js"), join(staging, "worker.js"));
  const bundled = join(staging, "bundled.js");
  await must(
    "esbuild",
    npmProgram("esbuild"),
    [
      "./worker.js",
      "--bundle",
      "--minify",
      "--format=esm",
      "--log-level=warning",
      "--external:./index_bg.wasm",
      "--external:cloudflare:*",
      `--outfile=${bundled}`,
    ],
    { cwd: staging },
  );
  const text = readFileSync(bundled, "utf8")
    // esbuild keeps wasm-bindgen's source phase import; wrangler knows the plain one.
    .replace("import source ", "import ")
    // wasm-bindgen lists a snippet once for each block that imports it, and wrangler warns of that at every start.
    .replace(/("\.\/snippets\/[^"]+":[\w$]+)(?:,\1)+/g, "$1");
  writeFileSync(join(staging, "index.js"), text);
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
 * Without function names, which are a fifth of the Worker. And its default inlines large functions into their only caller,
 * which makes one of so many locals that it compresses badly: 4 % of the Worker.
 */
async function shrink(wasm) {
  const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
  const args = ["-O3", "--one-caller-inline-max-function-size=20", "--strip-debug", "--strip-producers", ...features];
  await must("wasm-opt", npmProgram("wasm-opt", join("binaryen", "bin", "wasm-opt")), [wasm, ...args, "-o", wasm]);
}

/** Copies whatever differs into build/: `wrangler dev` reloads for each file that is written. */
function putInPlace(profile) {
  mkdirSync(buildDir, { recursive: true });
  for (const name of OUTPUTS) {
    const [from, to] = [join(resultDir(profile), name), join(buildDir, name)];
    if (!existsSync(to) || !readFileSync(to).equals(readFileSync(from))) copyFileSync(from, to);
  }
  writeReleaseModule();
}

function remedy(output) {
  if (/failed to (download|fetch|get)|could not resolve host|network failure|spurious network/i.test(output)) {
    return "cargo downloads the crates of Cargo.lock from crates.io: static.crates.io and index.crates.io must be within reach. Behind a proxy, set HTTPS_PROXY.";
  }
  return undefined;
}

/** Whether build/ holds a Worker, perhaps an older one. */
export const hasBuild = () => [...OUTPUTS, "release.js"].every((name) => existsSync(join(buildDir, name)));

const isBuilt = (profile, key) =>
  OUTPUTS.every((name) => existsSync(join(resultDir(profile), name))) &&
  existsSync(keyFile(profile)) &&
  readFileSync(keyFile(profile), "utf8") === key;

async function buildKey(profile) {
  const lock = JSON.parse(readFileSync(inRoot("package-lock.json"), "utf8"));
  const npmVersion = (name) => lock.packages[`node_modules/${name}`]?.version;
  const tools = [
    await ask(wasmRustc(), ["--version"]),
    bindgenVersion(),
    npmVersion("binaryen"),
    npmVersion("esbuild"),
  ];
  const hash = createHash("sha256").update(`${profile} ${tools.join(" ")}\0`);
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
