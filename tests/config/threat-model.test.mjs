// docs/threat-model.md names the test that shows each control. Here: that there is such a test.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";

const text = readFileSync(inRoot("docs", "threat-model.md"), "utf8");

/** As a test's title, or in a row of a table of tests: not in a comment. */
const hasTitle = (file, title) =>
  readFileSync(inRoot(file), "utf8")
    .split("\n")
    .some((line) => line.includes(title) && /^\s*(?:it|test|describe)\(|^\s*(?:for .*)?\[/.test(line));

describe("docs/threat-model.md", () => {
  it("names tests that exist", () => {
    const missing = [];
    let file;
    let named = 0;
    // `file` › "test", and further › "tests" of the same file behind it.
    for (const [, path, title] of text.matchAll(/(?:`(tests\/[^`]+)`\s*)?›\s*"([^"]+)"/g)) {
      file = path ?? file;
      named += 1;
      if (!existsSync(inRoot(file)) || !hasTitle(file, title)) missing.push(`${file} › ${title}`);
    }
    assert.deepEqual(missing, []);
    assert.ok(named > 30, `${named} tests are named`);
  });

  it("names every fuzz target", () => {
    const targets = readdirSync(inRoot("fuzz", "fuzz_targets")).map((name) => name.replace(/\.rs$/, ""));
    for (const target of targets) assert.ok(text.includes(`\`${target}\``), target);
  });
});
