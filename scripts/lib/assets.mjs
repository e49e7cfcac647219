// The static files into build/assets/: what is in public/, the API's contract and the renderer of it from npm, and the
// operators' page from console/, bundled. [assets] in wrangler.toml serves them.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { buildDir, inRoot, nodeModules } from "./paths.mjs";

const assetsDir = join(buildDir, "assets");

/** Writes whatever differs: `wrangler dev` reloads for each file that is written. */
export async function buildAssets() {
  const files = new Map([
    ["openapi.yaml", inRoot("openapi.yaml")],
    ["docs/swagger-ui-bundle.js", join(nodeModules, "swagger-ui-dist", "swagger-ui-bundle.js")],
    ["docs/swagger-ui.css", join(nodeModules, "swagger-ui-dist", "swagger-ui.css")],
    ["console.html", inRoot("console", "index.html")],
  ]);
  for (const entry of readdirSync(inRoot("public"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath ?? entry.path, entry.name);
    files.set(source.slice(inRoot("public").length + 1), source);
  }
  for (const [name, source] of files) write(name, readFileSync(source));
  for (const { path, contents } of await bundleConsole()) write(`console/${basename(path)}`, Buffer.from(contents));
}

function write(name, content) {
  const target = join(assetsDir, name);
  if (existsSync(target) && readFileSync(target).equals(content)) return;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
}

/** page.js and page.css of the operators' page, and draw.js, which it loads for its charts. */
async function bundleConsole() {
  const { build } = await import("esbuild"); // npm has it installed by now
  const { outputFiles } = await build({
    entryPoints: { page: inRoot("console", "src", "main.tsx") },
    outdir: join(assetsDir, "console"),
    tsconfig: inRoot("console", "tsconfig.json"),
    bundle: true,
    splitting: true,
    chunkNames: "[name]",
    minify: true,
    format: "esm",
    target: ["es2023", "chrome123", "firefox121", "safari17.5"],
    charset: "utf8",
    legalComments: "eof",
    logLevel: "error",
    write: false,
  });
  return outputFiles;
}
