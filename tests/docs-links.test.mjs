// The pages in Markdown: what they link to is there.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";

const pagesIn = (folder) =>
  readdirSync(inRoot(folder), { recursive: true })
    .filter((name) => name.endsWith(".md"))
    .map((name) => inRoot(folder, name));
const pages = [
  ...readdirSync(inRoot("."))
    .filter((name) => name.endsWith(".md"))
    .map((name) => inRoot(name)),
  ...pagesIn("docs"),
  ...pagesIn("findings"),
  ...pagesIn("deploy"),
];

/** A page's anchors, as the forge makes them of its headings. */
const anchors = (text) =>
  [...text.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );

test("every link between the pages leads to a file, and to a heading that is in it", () => {
  const broken = [];
  for (const page of pages) {
    const text = readFileSync(page, "utf8").replace(/^```[\s\S]*?^```$/gm, "");
    for (const [, link] of text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
      const [path, anchor] = link.split("#");
      const target = path === "" ? page : resolve(dirname(page), path);
      if (!existsSync(target)) broken.push(`${page}: ${link}`);
      else if (anchor && !anchors(readFileSync(target, "utf8")).includes(anchor)) broken.push(`${page}: #${anchor}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("every script of findings/ is in its list, and the scripts that docs/portal.md names are there", () => {
  const scripts = readdirSync(inRoot("findings")).filter((name) => name.endsWith(".sh"));
  const list = readFileSync(inRoot("findings", "README.md"), "utf8");
  assert.deepEqual(
    scripts.filter((name) => !list.includes(`[${name}](${name})`)),
    [],
  );
  for (const page of pagesIn("docs")) {
    for (const [, name] of readFileSync(page, "utf8").matchAll(/`findings\/([\w-]+\.sh)`/g)) {
      assert.ok(existsSync(join(inRoot("findings"), name)), `${page}: ${name}`);
    }
  }
});
