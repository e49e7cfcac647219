// wrangler.toml: read by wrangler's own parser, changed one line at a time, so that its comments stay.

import { readFileSync, writeFileSync } from "node:fs";

import { Failure } from "../log.mjs";

/** The cron trigger that copies what waits, and serves each database in its turn (src/lib.rs). */
const EVERY_MINUTE = "* * * * *";
const EVERY_QUARTER = "*/15 * * * *";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PLACEHOLDER = /^[0-]*$/;

/** What wrangler.toml says for one environment; without one, its top. */
export async function readConfig({ file, environment }) {
  // Imported late: `npm run deploy` may have to install the packages first.
  const { unstable_readConfig } = await import("wrangler");
  let config;
  try {
    config = unstable_readConfig({ config: file, env: environment }, { hideWarnings: true });
  } catch (error) {
    throw new Failure(`wrangler.toml cannot be read: ${error.message}`, "Mend it, and run the command again.");
  }
  const begun = begunIn(readFileSync(file, "utf8"), environment);
  const databases = config.d1_databases
    .filter(({ binding }) => /^(DB(_\d+)?|DIRECTORY)$/.test(binding))
    .map((one) => ({
      binding: one.binding,
      name: one.database_name,
      id: isDatabaseId(one.database_id) ? one.database_id : undefined,
      /** Where it belongs, while `--add-home` is not through with it: `{ jurisdiction }` or `{ location }`. */
      begun: begun.get(one.binding),
    }));
  const database = databases.find(({ binding }) => binding === "DB");
  if (!database)
    throw new Failure(
      "wrangler.toml binds no D1 database as DB.",
      "Put the section [[d1_databases]] back, as in the repository.",
    );
  const routes = [...(config.route ? [config.route] : []), ...(config.routes ?? [])];
  return {
    name: config.name,
    accountId: config.account_id,
    assets: config.assets,
    database,
    /** All of them, with the directory: `DB` first, then in the order of wrangler.toml. */
    databases: [database, ...databases.filter((one) => one !== database)],
    vars: config.vars ?? {},
    /** The cron triggers, be they the environment's own or the top's. */
    crons: config.triggers?.crons ?? [],
    /** The buckets of the second copy, if there is to be one. */
    buckets: (config.r2_buckets ?? [])
      .filter(({ binding }) => /^COPY(_[A-Z0-9_]+)?$/.test(binding))
      .map(({ binding, bucket_name, jurisdiction }) => ({ binding, name: bucket_name, jurisdiction })),
    /** The queue that brings each home its turn, if there is one: its name. */
    queue: (config.queues?.producers ?? []).find(({ binding }) => binding === "HOMES_QUEUE")?.queue,
    /** Whether there is any way to reach the Worker once it is deployed. */
    reachable: config.workers_dev !== false || routes.length > 0,
    customDomain: routes.find((route) => route.custom_domain)?.pattern,
    customDomains: routes.filter((route) => route.custom_domain).map(({ pattern }) => pattern),
    routes: routes.length,
    workersDev: config.workers_dev === true,
  };
}

/** The remark that is beside a binding from the moment that `--add-home` writes it until the home is open. */
const BEGUN = /^\s*binding\s*=\s*["'](\w+)["']\s*# being added: --(jurisdiction|location)=([a-z]+)\s*$/;

function begunIn(text, environment) {
  const begun = new Map();
  let header;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*\[/.test(line)) header = nameOf(line);
    const [, binding, kind, value] = BEGUN.exec(line) ?? [];
    if (binding && header === `[[env.${environment}.d1_databases]]`) begun.set(binding, { [kind]: value });
  }
  return begun;
}

const isDatabaseId = (id) => UUID.test(id ?? "") && !PLACEHOLDER.test(id);

/** Writes the id of a database into the section of its binding. */
export function writeDatabaseId({ file, environment, binding = "DB", id }) {
  // Whatever remark stood behind the placeholder was about the placeholder.
  change(file, (lines) => set(lines, databaseSection(lines, environment, binding), "database_id", `"${id}"`));
}

const databaseSection = (lines, environment, binding) =>
  sectionOf(
    lines,
    `[[env.${environment}.d1_databases]]`,
    new RegExp(`^\\s*binding\\s*=\\s*["']${binding}["']`),
    ` with the binding ${binding}`,
  );

/** Says beside the binding where the database belongs (`flag`, such as `--jurisdiction=eu`); without a flag it says nothing any more. */
export function writeBegun({ file, environment, binding, flag }) {
  const remark = flag ? ` # being added: ${flag}` : "";
  change(file, (lines) => set(lines, databaseSection(lines, environment, binding), "binding", `"${binding}"${remark}`));
}

/** Binds further databases, `[{ binding, name, migrations, flag }]`, which have yet to be made where the flag says. */
export function writeDatabases({ file, environment, databases }) {
  change(file, (lines) => {
    const first = databaseSection(lines, environment, "DB");
    const end = first.lines.findLastIndex((line) => line.trim() !== "" && !/^\s*#/.test(line)) + 1;
    const sections = databases.flatMap(({ binding, name, migrations, flag }) => [
      "",
      `[[env.${environment}.d1_databases]]`,
      `binding = "${binding}" # being added: ${flag}`,
      `database_name = "${name}"`,
      `database_id = "00000000-0000-0000-0000-000000000000"`,
      `migrations_dir = "${migrations}"`,
    ]);
    return lines.toSpliced(first.start + end, 0, ...sections);
  });
}

/** Says where the home is. */
export function writePlace({ file, environment, home, place, places }) {
  const entry = `${home}=${place}`;
  change(file, (lines) =>
    set(
      lines,
      sectionOf(lines, `[env.${environment}.vars]`),
      "HOME_PLACES",
      `"${places ? `${places},${entry}` : entry}"`,
    ),
  );
}

/** Lets the cron trigger of every minute, which serves many databases in turn, do so alone: that of every quarter of an hour would serve all at once. */
export function writeEveryMinute({ file, environment, crons }) {
  change(file, (lines) =>
    everyMinute(
      lines,
      environment,
      crons.filter((cron) => cron !== EVERY_QUARTER),
    ),
  );
}

/** `crons`: what stays beside it. */
function everyMinute(before, environment, crons) {
  const header = `[env.${environment}.triggers]`;
  const lines = before.some((line) => nameOf(line) === header) ? before : [...before, header, ""];
  const all = [EVERY_MINUTE, ...crons.filter((cron) => cron !== EVERY_MINUTE)];
  return set(lines, sectionOf(lines, header), "crons", `[${all.map((cron) => `"${cron}"`).join(", ")}]`);
}

/** Binds buckets of the second copy, `[{ binding, name, jurisdiction }]`, and lets the cron trigger of every minute serve them. */
export function writeBuckets({ file, environment, buckets, crons }) {
  change(file, (lines) => {
    const served = everyMinute(lines, environment, crons);
    const { start } = databaseSection(served, environment, "DB");
    const sections = buckets.flatMap(({ binding, name, jurisdiction }) => [
      `[[env.${environment}.r2_buckets]]`,
      `binding = "${binding}"`,
      `bucket_name = "${name}"`,
      ...(jurisdiction ? [`jurisdiction = "${jurisdiction}"`] : []),
      "",
    ]);
    return served.toSpliced(start, 0, ...sections);
  });
}

/** Binds a queue, yet to be made, that brings each home its turn in the background: each message in an invocation of its own. */
export function writeQueue({ file, environment, name }) {
  change(file, (lines) => {
    const { start } = databaseSection(lines, environment, "DB");
    return lines.toSpliced(
      start,
      0,
      `[[env.${environment}.queues.producers]]`,
      `binding = "HOMES_QUEUE"`,
      `queue = "${name}"`,
      "",
      `[[env.${environment}.queues.consumers]]`,
      `queue = "${name}"`,
      "max_batch_size = 1 # a home an invocation",
      "max_batch_timeout = 0",
      "max_concurrency = 20",
      "max_retries = 0 # the next minute asks again",
      "",
    );
  });
}

/** Serves the Worker on these custom domains from now on. */
export function writeCustomDomains({ file, environment, domains }) {
  const routes = domains.map((domain) => `{ pattern = "${domain}", custom_domain = true }`).join(", ");
  change(file, (lines) => set(lines, sectionOf(lines, `[env.${environment}]`), "routes", `[${routes}]`));
}

/** Sets variables that are there, of whatever value. */
export function writeVars({ file, environment, vars }) {
  change(file, (before) =>
    vars.reduce((lines, { name, value }) => {
      const section = sectionOf(lines, `[env.${environment}.vars]`);
      return set(lines, section, name, `"${value}"`);
    }, before),
  );
}

/** Serves the Worker on workers.dev from now on. */
export function writeWorkersDev({ file, environment }) {
  change(file, (lines) => set(lines, sectionOf(lines, `[env.${environment}]`), "workers_dev", "true"));
}

/** The lines with `key = value` in this section: in place of what it was, or at its beginning. */
function set(lines, section, key, value) {
  const at = section.lines.findIndex((line) => new RegExp(`^\\s*${key}\\s*=`).test(line));
  const line = `${key} = ${value}`;
  if (at >= 0 && /=\s*\[[^\]]*$/.test(section.lines[at]))
    throw new Failure(`wrangler.toml has its ${key} over several lines.`, `Write by hand: ${line}`);
  return at < 0 ? lines.toSpliced(section.start + 1, 0, line) : lines.with(section.start + at, line);
}

function change(file, edit) {
  const text = readFileSync(file, "utf8");
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  writeFileSync(file, edit(text.split(/\r?\n/)).join(end));
}

/** A section's header without the remark behind it. */
const nameOf = (line) => line.replace(/\s*#.*$/, "").trim();

/** The lines from a section's header to the next one's; with `holding`, of the first that has such a line, which `what` names. */
function sectionOf(lines, header, holding, what = "") {
  for (let start = 0; start < lines.length; start += 1) {
    if (nameOf(lines[start]) !== header) continue;
    const next = lines.findIndex((line, at) => at > start && /^\s*\[/.test(line));
    const own = lines.slice(start, next < 0 ? lines.length : next);
    if (!holding || own.some((line) => holding.test(line))) return { start, lines: own };
  }
  throw new Failure(
    `wrangler.toml has no section ${header}${what}.`,
    "Write it as in the repository, and run the command again.",
  );
}
