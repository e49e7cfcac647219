// docs/apps: the files are whole. The TypeScript compiles in a plain strict project with the SDKs' real types.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { it } from "node:test";

import { typescript } from "./support/apps/compilers.mjs";
import { writeSnippets } from "./support/apps/snippets.mjs";

/** The pages' files of the languages, by name. */
function files(languages) {
  const dir = mkdtempSync(join(tmpdir(), "apps-types-"));
  try {
    const paths = writeSnippets(languages, dir);
    return Object.fromEntries(paths.map((path) => [basename(path), readFileSync(path, "utf8")]));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

it("the TypeScript of docs/apps compiles under strict with Portal's own types", { timeout: 600_000 }, async (test) => {
  const compiler = await typescript();
  if (compiler.missing) return test.skip(`NOT COMPILED: ${compiler.missing}`);
  const whole = files(["ts", "tsx"]);
  assert.equal(await compiler.compile(whole), "");

  // And it is the SDK's types that it is held to.
  const wrong = { ...whole, "wrong.ts": whole["wallet-backup.native.ts"].replace("'PASSKEY'", "'passkey'") };
  assert.match(await compiler.compile(wrong), /^wrong\.ts.*error TS2345/m);
});

it("every sample app finishes at its start what broke off", () => {
  const samples = files(["ts", "tsx", "kotlin", "swift"]);
  for (const [name, start] of Object.entries({
    "app.web.ts": /portal\.onReady\(finish\)/,
    "BackupButton.tsx": /useEffect\(\(\) => \{[\s\S]*?finishBackUp\(/,
    "BackupViewModel.kt": /init \{[\s\S]*?finishBackUp\(/,
    "BackupModel.swift": /func start\(\) async \{[\s\S]*?finishBackUp\(/,
  })) {
    assert.match(samples[name], start, name);
    assert.match(samples[name], /finishBackUp\(/, name);
  }
});
