// npm test: everything, or a part.

import { readFileSync, readdirSync } from "node:fs";
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
  --only=TEXT           the Worker's test files with TEXT in their path below tests/; may be given more than once
  --homes=3             the Worker's tests over a directory and three databases, with the users at random in them; what is
                        about one database is so in its test
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
    options: { only: { type: "string", multiple: true }, homes: { type: "string" }, ...NODE_OPTIONS },
    tokens: true,
  });
  const { homes, only = [] } = values;
  if (homes !== undefined && !/^[2-9]$/.test(homes))
    throw new Failure("--homes takes a number from 2 to 9.", "For example --homes=3.", 2);
  const [rust, worker] = ["rust", "worker"].map((part) => only.includes(part));
  const parts = only.filter((part) => part !== "rust" && part !== "worker");
  const forNode = tokens
    .filter(({ name }) => name in NODE_OPTIONS)
    .map(({ rawName, value }) => (value === undefined ? rawName : `${rawName}=${value}`));
  const files = testFiles(parts, homes !== undefined);
  if (files.length === 0) {
    throw new Failure(
      `No test file's path holds "${parts.join('" or "')}".`,
      "Give --only=rust, --only=worker, or a part of a path below tests/.",
      2,
    );
  }
  await setup({ database: false });

  if (rust || (only.length === 0 && homes === undefined)) {
    const { code } = await step("Native tests: cargo test", "10 s, 1 min the first time", () =>
      run("cargo", ["test", "--quiet"], { show: true }),
    );
    if (code !== 0) throw new Failure("The native tests failed: see above. The Worker's tests were not run.");
    if (rust && !worker && parts.length === 0) return 0;
  }

  if (files.some((file) => file.endsWith("contract.test.mjs"))) await ensureSchemathesis();
  if (files.some((file) => file.endsWith("metrics.test.mjs"))) await ensurePrometheusClient();
  await buildWorker();
  // Each file has a workerd of its own, and waits now and then: one more than there are cores, and never more than four.
  const concurrency = Math.min(availableParallelism() + 1, 4);
  const flags = ["--test", "--test-reporter=spec", `--test-concurrency=${concurrency}`, "--test-timeout=300000"];
  const { code } = await run(await nodeBin(), ["--no-warnings", ...flags, ...forNode, ...files], {
    show: true,
    // `npm run dev` in a test serves what the others test: two builds would take each other's place in build/.
    env: { ...nodeEnv({ PORTAL_BACKUP_PROFILE: "release" }), ...(homes === undefined ? {} : { HOMES: homes }) },
  });
  return code ?? 1;
}, USAGE);

/** Every *.test.mjs below tests/, those whose path holds one of `parts`; `spread`: those that start a Worker by the harness. */
function testFiles(parts, spread) {
  return readdirSync(inRoot("tests"), { recursive: true })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".test.mjs") && (parts.length === 0 || parts.some((part) => name.includes(part))))
    .sort()
    .map((name) => inRoot("tests", name))
    .filter((file) => !spread || /support\/harness\.mjs/.test(readFileSync(file, "utf8")));
}
