// The release package: a folder that deploys without Rust and without a build, as one archive. The same sources give the
// same bytes, in whichever folder and at whatever time.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { inRoot } from "../paths.mjs";
import { releaseDigest } from "../release-digest.mjs";
import { ask } from "../run.mjs";
import { wasmRustc } from "../rust.mjs";
import { copiedFiles, gitignore, npmFiles } from "./contents.mjs";
import { billOfMaterials } from "./sbom.mjs";

export const sha256 = (content) => createHash("sha256").update(content).digest("hex");
const json = (value) => `${JSON.stringify(value, null, 2)}\n`;

/** Packs build/ and what goes with it into `out`; resolves with `{ version, digest, files }`, the paths of what it wrote. */
export async function packRelease({ out }) {
  const { name, version } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
  const digest = releaseDigest();
  const title = `${name}-${version}`;
  const npm = npmFiles();
  const packages = JSON.parse(npm["package-lock.json"]).packages;
  const bom = json(await billOfMaterials({ name, version, digest, packages }));
  const made = {
    ...npm,
    ".gitignore": gitignore(),
    "release.json": json({ name, version, digest, rustc: await ask(wasmRustc(), ["--version"]) }),
    "sbom.cdx.json": bom,
  };
  const work = mkdtempSync(join(tmpdir(), "release-"));
  try {
    const folder = join(work, title);
    for (const path of await copiedFiles()) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      cpSync(inRoot(path), join(folder, path));
    }
    for (const [path, content] of Object.entries(made)) writeFileSync(join(folder, path), content);
    writeFileSync(join(folder, "SHA256SUMS"), sums(folder));
    mkdirSync(out, { recursive: true });
    const files = [join(out, `${title}.tgz`), join(out, `${title}.cdx.json`), join(out, "SHA256SUMS")];
    await archive(work, title, files[0]);
    writeFileSync(files[1], bom);
    const line = (file) => `${sha256(readFileSync(file))}  ${file.slice(out.length + 1)}\n`;
    writeFileSync(files[2], files.slice(0, 2).map(line).join(""));
    return { version, digest, files };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The files of a folder, by their paths below it, sorted. */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

/** As `sha256sum` writes it: `sha256sum -c SHA256SUMS` checks it. */
const sums = (folder) =>
  filesIn(folder)
    .map((path) => `${sha256(readFileSync(join(folder, path)))}  ${path}\n`)
    .join("");

/** The files of SHA256SUMS in `folder` that are missing or are not as they were packed. */
export function changedFiles(folder) {
  return readFileSync(join(folder, "SHA256SUMS"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("  "))
    .filter(([sum, path]) => {
      try {
        return sha256(readFileSync(join(folder, path))) !== sum;
      } catch {
        return true;
      }
    })
    .map(([, path]) => path);
}

async function archive(cwd, title, file) {
  // Imported late: a package holds this file too, and not this module.
  const { create } = await import("tar");
  const files = filesIn(join(cwd, title)).map((path) => `${title}/${path}`);
  // `portable` leaves out who packed it, on what; every file is of the same moment.
  await create(
    { cwd, file, gzip: { level: 9 }, portable: true, mtime: new Date("2026-01-01T00:00:00Z"), noDirRecurse: true },
    files,
  );
}
