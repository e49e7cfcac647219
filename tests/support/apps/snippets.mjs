// The files that docs/apps.md and docs/apps/ print, by their names: each code block begins with a comment that is its file's name.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { inRoot } from "../../../scripts/lib/paths.mjs";

const APPS_PAGES = [
  inRoot("docs", "apps.md"),
  ...readdirSync(inRoot("docs", "apps")).map((name) => inRoot("docs", "apps", name)),
];

/** Writes the files of the languages into `dir`; returns their paths. */
export function writeSnippets(languages, dir) {
  const blocks = APPS_PAGES.flatMap((page) => [
    ...readFileSync(page, "utf8").matchAll(/^```(\S+)\n\/\/ (\S+)\n([\s\S]*?)^```$/gm),
  ]);
  return blocks.flatMap(([, found, name, text]) => (languages.includes(found) ? [writeInto(dir, name, text)] : []));
}

export function writeInto(dir, name, text) {
  const path = join(dir, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
