// The static files of the API reference, into build/assets/: what is in public/, the contract itself, and the renderer
// of it from npm. [assets] in wrangler.toml serves them.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { buildDir, inRoot, nodeModules } from "./paths.mjs";

export const assetsDir = join(buildDir, "assets");

/** Copies whatever differs: `wrangler dev` reloads for each file that is written. */
export function buildAssets() {
  const files = new Map([
    ["openapi.yaml", inRoot("openapi.yaml")],
    ["docs/swagger-ui-bundle.js", join(nodeModules, "swagger-ui-dist", "swagger-ui-bundle.js")],
    ["docs/swagger-ui.css", join(nodeModules, "swagger-ui-dist", "swagger-ui.css")],
  ]);
  for (const entry of readdirSync(inRoot("public"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath ?? entry.path, entry.name);
    files.set(source.slice(inRoot("public").length + 1), source);
  }
  for (const [name, source] of files) {
    const target = join(assetsDir, name);
    const content = readFileSync(source);
    if (existsSync(target) && readFileSync(target).equals(content)) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
}
