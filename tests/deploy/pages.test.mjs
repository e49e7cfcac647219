// npm run deploy: an operator's own wrangler.toml beside the pages of a newer release.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";

import { pathsIn } from "../../scripts/lib/deploy/pages.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { GIVEN, REACHABLE, begin, commands, deploying, end, file, read, rejects } from "../support/deployment.mjs";

describe("npm run deploy with a wrangler.toml that is older than the build", () => {
  beforeEach(() => {
    begin();
    mkdirSync(file("assets/console"), { recursive: true });
    for (const name of ["docs.html", "_headers", "console/page.js", "console/draw.js"])
      writeFileSync(file(`assets/${name}`), "");
  });
  afterEach(end);
  const withEntries = (...entries) =>
    writeFileSync(
      file("wrangler.toml"),
      `${REACHABLE}\n[assets]\ndirectory = "assets"\nrun_worker_first = ${JSON.stringify(["/*", ...entries])}\n`,
    );

  it("names each entry of run_worker_first that is missing, before anything is touched", async () => {
    withEntries("!/docs");
    const text = read("wrangler.toml");
    await rejects(
      deploying(["--location", "weur"], { env: GIVEN }),
      /older than this build: run_worker_first lacks\n {2}"!\/console\/draw\.js"\n {2}"!\/console\/page\.js"$/,
      /\[assets\] in wrangler\.toml/,
    );
    assert.deepEqual([commands(), read("wrangler.toml")], [["whoami --json"], text]);
    await rejects(deploying(["--dry-run"], { env: GIVEN }), /older than this build/);
    withEntries("!/docs", "!/console/page.js", "!/console/draw.js");
    await deploying(["--location", "weur"], { env: GIVEN });
  });

  it("knows the paths that this build's files have", () => {
    const paths = pathsIn(inRoot("build", "assets"));
    for (const path of ["/docs", "/docs/page.css", "/console", "/console/draw.js", "/openapi.yaml"])
      assert.ok(paths.includes(path), path);
  });
});
