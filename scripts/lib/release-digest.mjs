// The digest of what is deployed: the files that wrangler bundles into the Worker. `npm run verify` compares it.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { buildDir, inRoot } from "./paths.mjs";

/** The files that make the Worker, in the order in which they are hashed. */
const DEPLOYED = ["src/entry.js", "build/index.js", "build/index_bg.wasm"];
const RELEASE_MODULE = join(buildDir, "release.js");

/** SHA-256 of the deployed files' names and contents, in hexadecimal. Those of the build are in `folder`. */
export function releaseDigest(folder = buildDir) {
  const hash = createHash("sha256");
  for (const name of DEPLOYED) {
    const content = readFileSync(name.startsWith("build/") ? join(folder, basename(name)) : inRoot(name));
    hash.update(`${name} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

/** Writes build/release.js, through which the Worker learns its digest. Leaves it alone where it is right already. */
export function writeReleaseModule() {
  const text = `export default "${releaseDigest()}";\n`;
  if (existsSync(RELEASE_MODULE) && readFileSync(RELEASE_MODULE, "utf8") === text) return;
  writeFileSync(RELEASE_MODULE, text);
}
