// The lints, each a function that throws a Failure. `npm run lint` has them all, `npm run check` the quick ones.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Failure, note, step } from "./log.mjs";
import { inRoot, nodeModules } from "./paths.mjs";
import { run } from "./run.mjs";
import { cargoDeny } from "./rust.mjs";
import { nodeBin, nodeEnv } from "./toolchain.mjs";

async function check(title, usually, command, args, { remedy, env } = {}) {
  const { code } = await step(title, usually, () => run(command, args, { show: true, env }));
  if (code !== 0) throw new Failure(`${title}: failed, see above.`, remedy);
}

export async function rustFormat() {
  const remedy = "Run: cargo fmt   (if it is missing: rustup component add rustfmt)";
  await check("Format of the Rust: cargo fmt --check", "1 s", "cargo", ["fmt", "--check"], { remedy });
  const tool = ["fmt", "--check", "--manifest-path", inRoot("tools", "bindgen", "Cargo.toml")];
  await check("Format of tools/bindgen", "1 s", "cargo", tool, { remedy });
}

export async function javaScript() {
  const cli = join(nodeModules, "@biomejs", "biome", "bin", "biome");
  const args = [cli, "check", "--error-on-warnings", "."];
  const remedy = "Run: npx biome check --write";
  await check("Format and lints of the JavaScript: biome", "2 s", await nodeBin(), args, { remedy, env: nodeEnv() });
}

/** The operators' page against the contract: its API types are made from openapi.yaml anew. */
export async function consoleTypes() {
  const node = await nodeBin();
  const title = "Types of the console: tsc, with those of openapi.yaml";
  const make = [
    join(nodeModules, "openapi-typescript", "bin", "cli.js"),
    "openapi.yaml",
    "--redocly",
    join("console", "redocly.yaml"),
    "--output",
  ];
  const { code, output } = await run(node, [...make, join("build", "contract", "openapi.d.ts")]);
  if (code !== 0) throw new Failure(`openapi-typescript failed.\n${output.trimEnd()}`);
  await check(title, "5 s", node, [join(nodeModules, "typescript", "bin", "tsc"), "--project", "console"]);
}

/** For this machine: no line of the sources is for wasm alone, and the build compiles them all for it. */
export const nativeClippy = () =>
  check(
    "Types and lints of the Rust: clippy",
    "10 s, 1 min the first time",
    "cargo",
    [...["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"]],
    { remedy: "If clippy is missing: rustup component add clippy" },
  );

export const nativeTests = () =>
  check("Native tests: cargo test", "10 s, 1 min the first time", "cargo", ["test", "--quiet"]);

export const rustDocs = () =>
  check(
    "Documentation of the Rust: cargo doc",
    "10 s, 1 min the first time",
    "cargo",
    ["doc", "--quiet", "--no-deps"],
    {
      env: { ...process.env, RUSTDOCFLAGS: "-D warnings" },
    },
  );

export async function openapi() {
  const args = [join(nodeModules, "@redocly", "cli", "bin", "cli.js"), "lint", "openapi.yaml"];
  const env = nodeEnv({ REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" });
  await check("openapi.yaml: redocly lint", "5 s", await nodeBin(), args, { env });
}

/** `install`: installs cargo-deny if it is not there. */
export async function crates({ install }) {
  const deny = await cargoDeny({ install });
  if (!deny) {
    return note("CARGO DENY SKIPPED: not installed (npm run lint -- --all installs it into this project's cache)");
  }
  const args = ["--log-level", "error", "check", "--hide-inclusion-graph"];
  await check("Licences, bans and sources of the crates: cargo deny", "2 s", deny, [
    ...args,
    "bans",
    "licenses",
    "sources",
  ]);
  await advisories(deny, args);
}

async function advisories(deny, args) {
  refuseOldExceptions();
  const { code, output } = await step("Known faults of the crates: cargo deny check advisories", "5 s", () =>
    run(deny, [...args, "advisories"]),
  );
  if (code === 0) return;
  if (
    /failed to fetch advisory|failed to (load|open) advisory|unable to (fetch|update)|could not resolve host/i.test(
      output,
    )
  ) {
    return note(
      "ADVISORIES OF THE CRATES NOT CHECKED: RustSec's database (github.com/rustsec/advisory-db) is out of reach",
    );
  }
  throw new Failure(
    `A crate has a known fault:\n${output.trimEnd()}`,
    "Update the crate. If the fault does not concern the Worker, say why in deny.toml, [advisories], until a date.",
  );
}

/** The faults of npm packages that are no concern of this project, each until a date: audit-exceptions.json. */
const npmExceptions = () => JSON.parse(readFileSync(inRoot("audit-exceptions.json"), "utf8"));

function refuseOldExceptions() {
  const ignored = /^ignore = \[([\s\S]*?)^\]/m.exec(readFileSync(inRoot("deny.toml"), "utf8"))?.[1] ?? "";
  const lines = ignored.split("\n").filter((line) => /^\s*\{/.test(line));
  const dated = lines.map((line) => [/id = "([^"]+)"/.exec(line)?.[1], /until (\d{4}-\d\d-\d\d)/.exec(line)?.[1]]);
  refuseOld(dated, "deny.toml");
}

/** `exceptions` are pairs of an advisory and the day until which it is let be. */
function refuseOld(exceptions, file, today = new Date().toISOString().slice(0, 10)) {
  const over = exceptions.filter(([, until]) => !(until >= today)).map(([id]) => id);
  if (over.length === 0) return;
  throw new Failure(
    `${file} lets ${over.join(", ")} be, and has no date for it, or one that is past.`,
    "Look at it again: update the package, or give the exception a later date and its reason.",
  );
}

export async function npmAudit() {
  const exceptions = npmExceptions();
  refuseOld(
    exceptions.map(({ id, until }) => [id, until]),
    "audit-exceptions.json",
  );
  const { stdout } = await step("Known faults of the npm packages: npm audit", "5 s", () =>
    run("npm", ["audit", "--json"], { timeout: 60_000 }),
  );
  const found = findings(stdout);
  if (found === null) return note("NPM AUDIT NOT CHECKED: the registry that npm uses here has no audit");
  const known = new Set(exceptions.map(({ id }) => id));
  const left = found.filter(({ id }) => !known.has(id));
  if (left.length === 0) return;
  throw new Failure(
    `npm packages have known faults:\n${left.map(({ id, name, title }) => `${id} ${name}: ${title}`).join("\n")}`,
    "Update them (npm audit fix). If one does not concern this project, say so in audit-exceptions.json, until a date.",
  );
}

/** What `npm audit --json` found; null where it could not ask. */
export function findings(stdout) {
  let report;
  try {
    report = JSON.parse(stdout);
  } catch {
    return null;
  }
  if (!report.vulnerabilities) return null;
  const all = Object.values(report.vulnerabilities)
    .flatMap(({ name, via }) =>
      via.filter((one) => typeof one === "object").map(({ url, title }) => ({ name, url, title })),
    )
    .map(({ name, url, title }) => ({ id: url.split("/").at(-1), name, title }));
  return all.filter(({ id }, at) => all.findIndex((other) => other.id === id) === at);
}
