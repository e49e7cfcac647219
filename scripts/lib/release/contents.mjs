// What a release package holds: all that deploys, serves and operates the Worker, and nothing that builds it.

import { readFileSync, readdirSync, statSync } from "node:fs";

import { inRoot } from "../paths.mjs";
import { mustRun } from "../run.mjs";

/** What is built: files, and a folder with all that is in it. */
const BUILT = ["build/assets", "build/index.js", "build/index_bg.wasm", "build/release.js"];

/** Files, and folders with all of them that git tracks: what else lies there is the packer's own, such as Terraform's state with its secrets. */
const SOURCES = [
  ".dev.vars.example",
  ".gitattributes",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "LICENSE-APACHE",
  "LICENSE-MIT",
  "README.md",
  "SECURITY.md",
  "bench/results.md",
  "deploy",
  "docs",
  "migrations",
  "migrations-directory",
  "openapi.yaml",
  "public",
  "scripts",
  "src/entry.js",
  "wrangler.toml",
];

/** Commands that need the sources, Rust, or tools of the build: scripts/NAME.mjs. */
const OF_SOURCES = ["bench", "check", "fuzz", "lint", "mutants", "release", "test"];

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Every file of the package that is a copy of one here, by its path with forward slashes, sorted. */
export async function copiedFiles() {
  const { stdout } = await mustRun("git", ["ls-files", "-z", "--error-unmatch", "--", ...SOURCES], {
    failure: "git ls-files",
    remedy: "A release is made from a clone: it holds the files that git tracks.",
  });
  const built = BUILT.flatMap((name) =>
    statSync(inRoot(name)).isFile()
      ? [name]
      : readdirSync(inRoot(name), { recursive: true })
          .map((path) => `${name}/${path.replaceAll("\\", "/")}`)
          .filter((path) => statSync(inRoot(path)).isFile()),
  );
  const left = new Set(OF_SOURCES.map((name) => `scripts/${name}.mjs`));
  const tracked = stdout.split("\0").filter((path) => path !== "" && !left.has(path));
  return [...built, ...tracked].sort(compare);
}

const json = (value) => `${JSON.stringify(value, null, 2)}\n`;
const readJson = (name) => JSON.parse(readFileSync(inRoot(name), "utf8"));

/** package.json and package-lock.json without what only the sources need. */
export function npmFiles() {
  const { devDependencies: _, scripts, ...manifest } = readJson("package.json");
  const kept = Object.fromEntries(Object.entries(scripts).filter(([name]) => !OF_SOURCES.includes(name)));
  const lock = readJson("package-lock.json");
  const packages = Object.fromEntries(
    Object.entries(lock.packages)
      .filter(([, { dev }]) => !dev)
      .map(([path, entry]) => {
        if (path !== "") return [path, entry];
        const { devDependencies: _left, ...root } = entry;
        return [path, root];
      }),
  );
  return {
    "package.json": json({ ...manifest, scripts: kept }),
    "package-lock.json": json({ ...lock, packages }),
  };
}

/** As here, but the built Worker is part of the package: who keeps it in git keeps that too. */
export function gitignore() {
  return readFileSync(inRoot(".gitignore"), "utf8")
    .replace(/^\/(build|target)\/\n/gm, "")
    .concat("/target/\n");
}
