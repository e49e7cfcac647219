// What others could put into the Worker, or run where it is built.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";

const read = (...path) => readFileSync(inRoot(...path), "utf8");

describe("the supply chain", () => {
  it("runs no GitHub action that is not pinned by its hash, and gives none more than reading", () => {
    for (const name of readdirSync(inRoot(".github", "workflows"))) {
      const workflow = read(".github", "workflows", name);
      for (const [, action] of workflow.matchAll(/uses:\s*(\S+)/g))
        assert.match(action, /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/, `${name}: ${action}`);
      assert.match(workflow, /^permissions:\n {2}contents: read$/m, name);
      // Only a release, which a tag of a maintainer starts, writes anything.
      if (name !== "release.yml") assert.doesNotMatch(workflow, /: write\b/, name);
      else assert.match(workflow, /^on:\n {2}push:\n {4}tags: \["v\*"\]\n\n/m);
      assert.doesNotMatch(workflow, /pull_request_target/, name);
    }
  });

  it("takes npm packages by checksum", () => {
    const { packages } = JSON.parse(read("package-lock.json"));
    const without = Object.entries(packages)
      .filter(([path, { integrity, link }]) => path !== "" && !link && !integrity)
      .map(([path]) => path);
    assert.deepEqual(without, []);
  });

  it("takes crates from crates.io alone, under listed licences", () => {
    const deny = read("deny.toml");
    assert.match(deny, /unknown-registry = "deny"/);
    assert.match(deny, /unknown-git = "deny"/);
    assert.match(deny, /\[licenses\]\nallow = \[/);
    for (const [, source] of read("Cargo.lock").matchAll(/^source = "([^"]+)"$/gm)) {
      assert.equal(source, "registry+https://github.com/rust-lang/crates.io-index");
    }
  });

  it("forbids unsafe code, and every call that can panic", () => {
    const manifest = read("Cargo.toml");
    assert.match(manifest, /unsafe_code = "forbid"/);
    for (const lint of ["unwrap_used", "expect_used", "indexing_slicing", "panic", "todo", "unimplemented"]) {
      assert.match(manifest, new RegExp(`^${lint} = "deny"$`, "m"));
    }
  });
});
