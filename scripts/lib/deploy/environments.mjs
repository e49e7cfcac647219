// The environments of wrangler.toml beside each other. Each has a Worker, a database and limits of its own: two that share one
// are refused before anything is touched, and a new environment is made from production's section with names of its own.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { Failure, note } from "../log.mjs";

const NEW = /^[a-z][a-z0-9-]{0,30}$/;
const TEMPLATE = "production";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const PLACEHOLDER_ID = "00000000-0000-0000-0000-000000000000";
const isPlaceholder = (id) => /^[0-]*$/.test(id ?? "");

async function read(file, env) {
  const { unstable_readConfig } = await import("wrangler");
  try {
    return unstable_readConfig({ config: file, env }, { hideWarnings: true });
  } catch (error) {
    throw new Failure(`wrangler.toml cannot be read: ${error.message}`, "Mend it, and run the command again.");
  }
}

/** A route's pattern. A custom domain and the pattern for all of a host are the same. */
const routeOf = (route) => (typeof route === "string" ? route : route.pattern).toLowerCase().replace(/\/\*$/, "");

/** What an environment has in the account that no other may have: lines such as `the D1 database portal-backup`. */
function belongings(config) {
  const queues = [
    ...(config.queues?.producers ?? []).map(({ queue }) => queue),
    ...(config.queues?.consumers ?? []).flatMap(({ queue, dead_letter_queue }) => [queue, dead_letter_queue]),
  ];
  const routes = [...(config.route ? [config.route] : []), ...(config.routes ?? [])];
  return new Set(
    [
      ["the Worker's name", [config.name]],
      ["the D1 database", config.d1_databases.map(({ database_name }) => database_name)],
      ["the D1 database", config.d1_databases.map(({ database_id }) => database_id).filter((id) => !isPlaceholder(id))],
      ["the R2 bucket", config.r2_buckets.map(({ bucket_name }) => bucket_name)],
      ["the KV namespace", config.kv_namespaces.map(({ id }) => id)],
      ["the queue", queues],
      ["the rate limit's namespace_id", config.ratelimits.map(({ namespace_id }) => namespace_id)],
      ["the route", routes.map(routeOf)],
    ].flatMap(([kind, values]) => values.filter(Boolean).map((value) => `${kind} ${value}`)),
  );
}

/** Refuses an environment that shares with another one what each must have for itself. */
export async function refuseShared({ file, environment }) {
  const own = await read(file, environment);
  for (const other of (own.definedEnvironments ?? []).filter((name) => name !== environment)) {
    const config = await read(file, other);
    if (own.account_id && config.account_id && own.account_id !== config.account_id) continue;
    const theirs = belongings(config);
    const shared = [...belongings(own)].filter((one) => theirs.has(one));
    if (shared.length === 0) continue;
    throw new Failure(
      `wrangler.toml gives the environments ${environment} and ${other} the same:\n${shared.map((one) => `  ${one}`).join("\n")}`,
      `Deploying ${environment} would change ${other}. Nothing of ${other} was touched. Give ${environment} its own in [env.${environment}], or take\n` +
        `that section out: \`npm run deploy -- --env ${environment}\` then makes it from ${TEMPLATE}'s, with names of its own.`,
    );
  }
}

/**
 * Makes the section of an environment that wrangler.toml does not have, from production's. Resolves with the file to deploy by
 * and whether it is new. A dry run has it in a file of its own, which `end` removes.
 */
export async function ensureEnvironment({ file, environment, dryRun }) {
  const { definedEnvironments = [] } = await read(file);
  const end = () => {};
  if (definedEnvironments.includes(environment) || !definedEnvironments.includes(TEMPLATE)) return { file, end };
  if (!NEW.test(environment)) {
    throw new Failure(
      `wrangler.toml has no environment ${environment}, and a new one cannot be named so.`,
      `The environments: ${definedEnvironments.join(", ")}. A new name has small letters, digits and hyphens.`,
    );
  }
  const text = readFileSync(file, "utf8");
  const made = text.trimEnd() + sectionsFor(text, environment);
  if (dryRun) {
    // Beside the real one: wrangler takes the paths in it from there.
    const copy = join(dirname(file), `wrangler.dry-run-${process.pid}.toml`);
    writeFileSync(copy, made);
    note(`would make [env.${environment}] in wrangler.toml from [env.${TEMPLATE}], with names of its own`);
    const remove = () => rmSync(copy, { force: true });
    const onSignal = (_signal, number) => process.exit(128 + number);
    process.once("exit", remove);
    for (const signal of SIGNALS) process.once(signal, onSignal);
    const done = () => {
      process.off("exit", remove);
      for (const signal of SIGNALS) process.off(signal, onSignal);
      remove();
    };
    return { file: copy, end: done };
  }
  writeFileSync(file, made);
  try {
    await refuseShared({ file, environment });
  } catch (error) {
    writeFileSync(file, text);
    throw error;
  }
  note(
    `made [env.${environment}] in wrangler.toml from [env.${TEMPLATE}], with names of its own: look at its vars, and commit that`,
  );
  return { file, end };
}

/** production's sections once more, for another environment. */
function sectionsFor(text, environment) {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = productionLines(text.split(/\r?\n/));
  const freeNumber = numbersAfter(text);
  const renamed = [];
  let open = 0; // brackets of `routes` that are not closed yet
  for (const line of lines) {
    // Routes stay production's: they may be written over several lines.
    if (open > 0 || /^\s*routes?\s*=/.test(line)) {
      open += line.split("[").length - line.split("]").length;
      continue;
    }
    renamed.push(
      line
        .replace(/^(\s*\[\[?\s*env\.)[^.\]\s]+/, `$1${environment}`)
        .replace(
          /^(\s*(?:database_name|bucket_name|queue|dead_letter_queue)\s*=\s*["'])([^"']+)/,
          `$1$2-${environment}`,
        )
        .replace(/^(\s*(?:database_id|preview_database_id)\s*=\s*)["'][^"']*["'].*/, `$1"${PLACEHOLDER_ID}"`)
        .replace(/^(\s*namespace_id\s*=\s*)["'][^"']*["']/, (_, key) => `${key}"${freeNumber()}"`)
        .replace(/^(\s*workers_dev\s*=\s*)\w+/, "$1false"),
    );
  }
  return [
    ``,
    ``,
    `# ${"-".repeat(117 - environment.length)} ${environment}`,
    ``,
    ...nameOwn(renamed, environment),
    ``,
  ].join(end);
}

/** The Worker's own name stands in the environment's first section; a limit's `name` elsewhere is a binding. */
function nameOwn(lines, environment) {
  const next = lines.findIndex((line, at) => at > 0 && /^\s*\[/.test(line));
  return lines.map((line, at) =>
    at < (next < 0 ? lines.length : next) ? line.replace(/^(\s*name\s*=\s*["'])([^"']+)/, `$1$2-${environment}`) : line,
  );
}

/** From each header of production's to the next header, without the blank lines and remarks that stand before that. */
function productionLines(lines) {
  const kept = [];
  let inside = false;
  for (const line of lines) {
    const header = /^\s*\[\[?\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) inside = header === `env.${TEMPLATE}` || header.startsWith(`env.${TEMPLATE}.`);
    if (inside) kept.push(line);
  }
  while (kept.length > 0 && /^\s*(#.*)?$/.test(kept.at(-1))) kept.pop();
  return kept;
}

/** Numbers that no rate limit in the file has. */
function numbersAfter(text) {
  const used = [...text.matchAll(/^\s*namespace_id\s*=\s*["'](\d+)["']/gm)].map(([, number]) => Number(number));
  let last = Math.max(7100, ...used);
  return () => (last += 1);
}
