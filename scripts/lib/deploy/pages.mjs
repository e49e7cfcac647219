// The build's static files beside wrangler.toml, which may be older: a file that run_worker_first does not leave out is never served.

import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

import { Failure } from "../log.mjs";

/** The paths that the files in a folder of assets have on the Worker. */
export function pathsIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "_headers")
    .map((entry) =>
      join(entry.parentPath ?? entry.path, entry.name)
        .slice(folder.length)
        .replaceAll(sep, "/"),
    )
    .map((path) => path.replace(/\.html$/, ""));
}

/** Refuses a wrangler.toml that lacks a path of the build's. */
export function refuseUnservedPages({ config, file }) {
  const { directory, run_worker_first: first } = config.assets ?? {};
  if (!directory || !Array.isArray(first)) return;
  const folder = resolve(dirname(file), directory);
  if (!existsSync(folder)) return;
  const missing = pathsIn(folder)
    .map((path) => `"!${path}"`)
    .filter((entry) => !first.includes(entry.slice(1, -1)))
    .sort();
  if (missing.length === 0) return;
  throw new Failure(
    `wrangler.toml is older than this build: run_worker_first lacks\n${missing.map((entry) => `  ${entry}`).join("\n")}`,
    "Add them to run_worker_first under [assets] in wrangler.toml, or the page that needs them does not work. If a file is left from an\n" +
      "earlier release, delete build/ and unpack the release again.",
  );
}
