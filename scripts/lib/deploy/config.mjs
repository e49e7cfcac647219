// wrangler.toml: read by wrangler's own parser, changed one line at a time, so that its comments stay.

import { readFileSync, writeFileSync } from "node:fs";

import { Failure } from "../log.mjs";

/** The cron trigger that copies what waits (src/lib.rs). */
const EVERY_MINUTE = "* * * * *";
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
  const database = config.d1_databases.find(({ binding }) => binding === "DB");
  if (!database)
    throw new Failure(
      "wrangler.toml binds no D1 database as DB.",
      "Put the section [[d1_databases]] back, as in the repository.",
    );
  const routes = [...(config.route ? [config.route] : []), ...(config.routes ?? [])];
  return {
    name: config.name,
    database: {
      name: database.database_name,
      id: isDatabaseId(database.database_id) ? database.database_id : undefined,
    },
    vars: config.vars ?? {},
    /** The bucket of the second copy, if there is to be one. */
    bucket: config.r2_buckets?.find(({ binding }) => binding === "COPY")?.bucket_name,
    /** Whether there is any way to reach the Worker once it is deployed. */
    reachable: config.workers_dev !== false || routes.length > 0,
    customDomain: routes.find((route) => route.custom_domain)?.pattern,
    workersDev: config.workers_dev === true,
  };
}

const isDatabaseId = (id) => UUID.test(id ?? "") && !PLACEHOLDER.test(id);

/** Writes the id of the database that is bound as DB into its section. */
export function writeDatabaseId({ file, environment, id }) {
  const header = `[[env.${environment}.d1_databases]]`;
  // Whatever remark stood behind the placeholder was about the placeholder.
  change(file, (lines) =>
    set(lines, sectionOf(lines, header, /^\s*binding\s*=\s*["']DB["']/), "database_id", `"${id}"`),
  );
}

/** Binds a bucket as COPY, and lets the cron trigger of every minute serve it. */
export function writeCopy({ file, environment, bucket }) {
  change(file, (before) => {
    let lines = before;
    const header = `[env.${environment}.triggers]`;
    if (!lines.some((line) => line.trim() === header)) lines = [...lines, header, ""];
    const triggers = sectionOf(lines, header);
    const crons = triggers.lines.find((line) => /^\s*crons\s*=/.test(line)) ?? "";
    const others = [...crons.matchAll(/"([^"]+)"/g)].map(([, cron]) => cron).filter((cron) => cron !== EVERY_MINUTE);
    const served = set(lines, triggers, "crons", JSON.stringify([EVERY_MINUTE, ...others]).replaceAll(",", ", "));
    const { start } = sectionOf(served, `[[env.${environment}.d1_databases]]`, /^\s*binding\s*=\s*["']DB["']/);
    const section = [`[[env.${environment}.r2_buckets]]`, 'binding = "COPY"', `bucket_name = "${bucket}"`, ""];
    return served.toSpliced(start, 0, ...section);
  });
}

/** Serves the Worker on a custom domain from now on. */
export function writeCustomDomain({ file, environment, domain }) {
  change(file, (lines) =>
    set(lines, sectionOf(lines, `[env.${environment}]`), "routes", `[{ pattern = "${domain}", custom_domain = true }]`),
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
  return at < 0 ? lines.toSpliced(section.start + 1, 0, line) : lines.with(section.start + at, line);
}

function change(file, edit) {
  const text = readFileSync(file, "utf8");
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  writeFileSync(file, edit(text.split(/\r?\n/)).join(end));
}

/** The lines from a section's header to the next one's; with `holding`, of the first that has such a line. */
function sectionOf(lines, header, holding) {
  for (let start = 0; start < lines.length; start += 1) {
    if (lines[start].replace(/\s*#.*$/, "").trim() !== header) continue;
    const next = lines.findIndex((line, at) => at > start && /^\s*\[/.test(line));
    const own = lines.slice(start, next < 0 ? lines.length : next);
    if (!holding || own.some((line) => holding.test(line))) return { start, lines: own };
  }
  throw new Failure(
    `wrangler.toml has no section ${header}${holding ? " with the binding DB" : ""}.`,
    "Write it as in the repository, and run the command again.",
  );
}
