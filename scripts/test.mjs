// npm test: everything, or a part.

import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";

import { readArguments } from "./lib/arguments.mjs";
import { buildWorker } from "./lib/build.mjs";
import { Failure, main, step } from "./lib/log.mjs";
import { inRoot } from "./lib/paths.mjs";
import { run } from "./lib/run.mjs";
import { setup } from "./lib/setup.mjs";
import { ensurePrometheusClient, ensureSchemathesis } from "./lib/test-tools.mjs";
import { nodeBin, nodeEnv } from "./lib/toolchain.mjs";

const USAGE = `npm test [-- [--only=PART] [NODE_OPTION…]]

  --only=rust           the native tests alone
  --only=worker         the Worker's tests alone
  --only=TEXT           the Worker's test files with TEXT in their path below tests/
  --test-name-pattern=…, --test-skip-pattern=…, --test-only, --test-timeout=MS, --test-concurrency=N,
  --test-reporter=NAME  are handed to node's test runner`;

const NODE_OPTIONS = {
  "test-name-pattern": { type: "string", multiple: true },
  "test-skip-pattern": { type: "string", multiple: true },
  "test-only": { type: "boolean" },
  "test-timeout": { type: "string" },
  "test-concurrency": { type: "string" },
  "test-reporter": { type: "string" },
};

await main(async () => {
  const { values, tokens } = readArguments({
    usage: USAGE,
    options: { only: { type: "string" }, ...NODE_OPTIONS },
    tokens: true,
  });
  const { only } = values;
  const forNode = tokens
    .filter(({ name }) => name in NODE_OPTIONS)
    .map(({ rawName, value }) => (value === undefined ? rawName : `${rawName}=${value}`));
  const files = testFiles(["rust", "worker"].includes(only) ? "" : (only ?? ""));
  if (files.length === 0) {
    throw new Failure(
      `No test file's path holds "${only}".`,
      "Give --only=rust, --only=worker, or a part of a path below tests/.",
      2,
    );
  }
  await setup({ database: false });

  if (!only || only === "rust") {
    const { code } = await step("Native tests: cargo test", "10 s, 1 min the first time", () =>
      run("cargo", ["test", "--quiet"], { show: true }),
    );
    if (code !== 0) throw new Failure("The native tests failed: see above. The Worker's tests were not run.");
    if (only === "rust") return 0;
  }

  if (files.some((file) => file.endsWith("contract.test.mjs"))) await ensureSchemathesis();
  if (files.some((file) => file.endsWith("metrics.test.mjs"))) await ensurePrometheusClient();
  await buildWorker();
  // Each file has a workerd of its own: about one for every core, and never more than four.
  const concurrency = Math.min(Math.max(availableParallelism(), 2), 4);
  const flags = ["--test", "--test-reporter=spec", `--test-concurrency=${concurrency}`, "--test-timeout=300000"];
  const { code } = await run(await nodeBin(), ["--no-warnings", ...flags, ...forNode, ...files], {
    show: true,
    env: nodeEnv(),
  });
  return code ?? 1;
}, USAGE);

/** Every *.test.mjs below tests/, those whose path holds `part`. */
function testFiles(part) {
  return readdirSync(inRoot("tests"), { recursive: true })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".test.mjs") && name.includes(part))
    .sort()
    .map((name) => inRoot("tests", name));
}
