// The files that docs/apps.md prints, by their names: each code block begins with a comment that is its file's name.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { inRoot } from "../../../scripts/lib/paths.mjs";

/** Writes the files of one language into `dir`; resolves with their paths. */
export function writeSnippets(language, dir) {
  const page = readFileSync(inRoot("docs", "apps.md"), "utf8");
  const blocks = page.matchAll(/^```(\S+)\n\/\/ (\S+)\n([\s\S]*?)^```$/gm);
  return [...blocks].flatMap(([, found, name, text]) => (found === language ? [writeInto(dir, name, text)] : []));
}

export function writeInto(dir, name, text) {
  const path = join(dir, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
