// The built Worker in workerd, with a real D1 in memory, for black-box tests. One Worker for each test file:
//
//   const worker = await startWorker();
//   after(() => worker.stop());
//   beforeEach(() => worker.clear());
//   const answer = await worker.fetch("/healthz");

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { createTestHarness, unstable_readConfig as readConfig } from "wrangler";

import { inRoot, wranglerConfig } from "../../scripts/lib/paths.mjs";
import { homesOf } from "./databases.mjs";
import { SpreadDatabase } from "./spread-database.mjs";

// Also where a test file is run by hand, without npm test: nothing is fetched but what a test asks for.
process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
process.env.WRANGLER_SEND_METRICS ??= "false";

/** The secrets that a Worker under test has unless a test says otherwise: fixed, so that tests may state them. */
export const SECRETS = Object.freeze({
  WEBHOOK_SECRET: "test-webhook-secret-0123456789abcdef",
  SHARE_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString("base64")}`,
  ADMIN_TOKEN: "test-admin-token-0123456789abcdef0123456789",
});

/** What a test would else have to wait for. */
const TEST_VARS = Object.freeze({ PURGE_DELAY_HOURS: "0" });

/** No test meets a rate limit by accident: this is every limiter's limit unless a test sets another one. */
const UNLIMITED = 1_000_000;

/**
 * Starts the Worker of build/ with the settings of wrangler.toml.
 *
 * - `vars`, `secrets`: over the ones of wrangler.toml, `TEST_VARS` and `SECRETS`; null takes a setting away.
 * - `limits`: `{ APP_LIMITER: 3 }`, requests in 60 s; null takes the binding away.
 * - `main`: another entry than src/entry.js, for example one that injects faults.
 * - `outbound`: answers the Worker's own requests: `(request) => Response`. Without it they get a 599: no test reaches
 *   the network.
 * - `assets: true`: with the static files of build/assets/ in front, as when deployed.
 * - `migrate: false`: leaves the database empty.
 * - `env`: an environment of wrangler.toml.
 * - `siblings`: `{ name: secrets }`, the same Worker once more with other secrets over the ones here, on the same database:
 *   `worker.sibling(name)`.
 * - `homes`: over how many databases the users are spread: 1, or as HOMES says. A test that is about one database by its very
 *   name says 1; with HOMES=3 every other one runs with a directory and three homes, in which users are placed at random.
 * - `config`: a function that may change the wrangler configuration at the end.
 */
export async function startWorker({
  vars = {},
  secrets = {},
  limits = {},
  main = inRoot("src", "entry.js"),
  outbound,
  assets = false,
  migrate = true,
  env,
  siblings = {},
  homes = Number(process.env.HOMES ?? 1),
  config: change = (config) => config,
} = {}) {
  const { name, compatibility_date, compatibility_flags, ...read } = readConfig(
    { config: wranglerConfig, env },
    { hideWarnings: true },
  );
  const config = change({
    name,
    main,
    compatibility_date,
    compatibility_flags,
    triggers: read.triggers,
    ...(assets ? { assets: { ...read.assets, directory: inRoot(read.assets.directory) } } : {}),
    d1_databases: databasesOf(read, homes),
    ratelimits: read.ratelimits
      .filter((limiter) => limits[limiter.name] !== null)
      .map((limiter) => ({ ...limiter, simple: { limit: limits[limiter.name] ?? UNLIMITED, period: 60 } })),
    vars: withoutNulls({ ...read.vars, ...TEST_VARS, ...vars }),
  });
  // A root without a .dev.vars: a developer's own secrets are no part of a test.
  const harness = createTestHarness({
    root: inRoot("tests"),
    workers: Object.entries({ [name]: {}, ...siblings }).map(([name, others]) => ({
      config: { ...config, name },
      secrets: withoutNulls({ ...SECRETS, ...secrets, ...others }),
    })),
  });
  const release = answerOutbound(outbound);
  try {
    if (Object.values(limits).some((limit) => limit !== null)) await freshMinute();
    const { url } = await harness.listen();
    const handle = harness.getWorker();
    const env = await handle.getEnv();
    const bindings = Object.keys(env).filter((name) => env[name]?.batch && env[name]?.prepare);
    for (const { binding, migrations_dir } of migrate ? config.d1_databases : [])
      if (bindings.includes(binding)) await migrateEmpty(env[binding], migrations_dir);
    const databases = homesOf(env).map((name) => env[name]);
    const tables = migrate ? await emptyTables(env.DB) : [];
    if (migrate && env.DIRECTORY) await enrol(env.DIRECTORY, databases);
    return new TestWorker({ harness, handle, url, databases, directory: env.DIRECTORY, tables, release });
  } catch (error) {
    release();
    await harness.close().catch(() => {});
    throw error;
  }
}

/** The D1 bindings of wrangler.toml, and those of a directory and of further homes. */
function databasesOf(read, homes) {
  const given = read.d1_databases.map((d1) => ({ ...d1, migrations_dir: inRoot(d1.migrations_dir ?? "migrations") }));
  if (homes === 1) return given;
  const another = (binding, migrations) => ({
    binding,
    database_name: binding.toLowerCase(),
    database_id: `00000000-0000-0000-0000-${Buffer.from(binding).toString("hex").slice(-12).padStart(12, "0")}`,
    migrations_dir: inRoot(migrations),
  });
  const more = Array.from({ length: homes - 1 }, (_, index) => another(`DB_${index + 1}`, "migrations"));
  return [...given, another("DIRECTORY", "migrations-directory"), ...more];
}

/**
 * Applies the migrations of a folder to an empty database in one call, and notes them as wrangler does, which makes a call for each statement: a
 * second of every Worker's start. `TestWorker.migrate` goes wrangler's way.
 */
async function migrateEmpty(db, folder) {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  const notes = `
    CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);
    INSERT INTO d1_migrations (name) VALUES ${names.map((name) => `('${name}')`).join(", ")};`;
  await db.prepare([...names.map((name) => readFileSync(join(folder, name), "utf8")), notes].join("\n")).run();
}

/** What the Worker does by itself when it first meets empty databases. */
async function enrol(directory, databases) {
  for (const [home, db] of databases.entries()) {
    await db.batch([
      db.prepare("UPDATE meta SET value = ? WHERE name = 'home'").bind(String(home)),
      db.prepare("INSERT INTO meta (name, value) VALUES ('spread', '1')"),
    ]);
    const { value } = await db.prepare("SELECT value FROM meta WHERE name = 'identity'").first();
    await directory.prepare("INSERT INTO homes (home, identity, state) VALUES (?, ?, 'open')").bind(home, value).run();
  }
  await directory.prepare("INSERT INTO meta (name, value) VALUES ('complete', '1')").run();
}

/** A limiter forgets what it counted when the clock's minute ends: what a test counts must fit into one. */
async function freshMinute() {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 20_000) await new Promise((resolve) => setTimeout(resolve, left + 100));
}

/** The tables that the migrations leave empty; the others hold what the schema itself needs. */
async function emptyTables(db) {
  const tables =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'";
  const names = (await db.prepare(tables).all()).results.map((row) => row.name);
  const filled = names.map((name) => `EXISTS (SELECT 1 FROM "${name}") AS "${name}"`);
  const isFilled = await db.prepare(`SELECT ${filled.join(", ")}`).first();
  return names.filter((name) => !isFilled[name]);
}

class TestWorker {
  #harness;
  #handle;
  #release;
  #tables;

  constructor({ harness, handle, url, databases, directory, tables, release }) {
    this.#harness = harness;
    this.#handle = handle;
    this.#tables = tables;
    this.#release = release;
    /** Where the Worker listens, for clients of their own (a raw socket, curl). */
    this.url = url;
    /** The D1s that the Worker sees, home 0 first: `worker.homes[1].prepare(sql).bind(…).all()`. */
    this.homes = databases;
    this.directory = directory;
    /** All of them as one: `worker.db.prepare(sql).bind(…).all()`. */
    this.db = directory ? new SpreadDatabase(databases) : databases[0];
  }

  /** A request by path: `fetch("/healthz")`, `fetch("/users", { method: "POST", … })`. Never follows a redirect. */
  fetch(path, init = {}) {
    return this.#harness.fetch(path, { redirect: "manual", ...init });
  }

  /**
   * A request with a body: text, bytes and streams as they are, anything else as JSON. Resolves with
   * `{ status, headers, body, text }`, the body parsed where it is JSON.
   */
  async send(method, path, { body, headers = {}, bearer, ...init } = {}) {
    const given = body !== undefined;
    const asIs = typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
    const answer = await this.fetch(path, {
      method,
      headers: {
        ...(given ? { "content-type": "application/json" } : {}),
        ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
        ...headers,
      },
      ...(given ? { body: asIs ? body : JSON.stringify(body), duplex: "half" } : {}),
      ...init,
    });
    const text = await answer.text();
    const json = method !== "HEAD" && /json/.test(answer.headers.get("content-type") ?? "");
    return { status: answer.status, headers: answer.headers, text, body: json ? JSON.parse(text) : undefined };
  }

  /** Fires the cron trigger; resolves with its outcome. */
  scheduled({ cron = "*/15 * * * *", scheduledTime = new Date() } = {}) {
    return this.#handle.scheduled({ cron, scheduledTime });
  }

  /** The rows of one SQL statement. */
  async sql(statement, ...values) {
    const { results } = await this.db
      .prepare(statement)
      .bind(...values)
      .all();
    // Who comes into a home in no known way is entered into the directory by the schedule.
    if (this.directory && /\bINSERT INTO users\b/.test(statement)) await this.scheduled();
    return results;
  }

  /**
   * Deletes the rows of every table that the migrations left empty, oldest table first, but those named in `keep`, and
   * forgets the logs: a fresh Worker in some 20 ms.
   */
  async clear({ keep = [] } = {}) {
    const tables = this.#tables.filter((name) => !keep.includes(name));
    if (tables.length > 0) {
      for (const db of this.homes) {
        // One call for all: from here each statement would be one more.
        const erase = tables.map((name) => `DELETE FROM "${name}";`);
        await db.prepare(["PRAGMA defer_foreign_keys = ON;", ...erase].join("\n")).run();
      }
    }
    if (this.directory && !keep.includes("users")) {
      await this.directory.batch(
        ["routes", "claims", "webhook_registrations"].map((name) => this.directory.prepare(`DELETE FROM ${name}`)),
      );
    }
    this.clearLogs();
  }

  /** What the Worker wrote to its console, oldest first: `{ timestamp, level, message }`. */
  logs() {
    return this.#harness.getLogs();
  }

  /** The log lines that are JSON, parsed. */
  logLines() {
    return this.logs().flatMap(({ message }) => {
      try {
        const line = JSON.parse(message);
        return line !== null && typeof line === "object" ? [line] : [];
      } catch {
        return [];
      }
    });
  }

  clearLogs() {
    this.#harness.clearLogs();
  }

  /** The default export over RPC, for entries with methods of their own (faults). */
  entry() {
    return this.#handle.getExport();
  }

  /** The Worker with other secrets, on the same database. Logs are common to both. */
  sibling(name) {
    const handle = this.#harness.getWorker(name);
    return Object.assign(
      new TestWorker({
        harness: this.#harness,
        handle,
        url: this.url,
        databases: this.homes,
        directory: this.directory,
        tables: this.#tables,
        release() {},
      }),
      {
        fetch: (path, init = {}) => handle.fetch(path, { redirect: "manual", ...init }),
      },
    );
  }

  /** Applies the migrations that a database has not seen yet; of all, where none is named. */
  async migrate(binding) {
    if (binding) return this.#handle.applyD1Migrations(binding);
    for (const home of this.homes.keys()) await this.#handle.applyD1Migrations(home === 0 ? "DB" : `DB_${home}`);
    if (this.directory) await this.#handle.applyD1Migrations("DIRECTORY");
  }

  /** The Worker's bindings, as the Worker sees them. */
  bindings() {
    return this.#handle.getEnv();
  }

  /** Prints what happened, for a test that failed. */
  debug() {
    this.#harness.debug();
  }

  async stop() {
    this.#release();
    await this.#harness.close();
  }
}

const withoutNulls = (settings) => Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));

// The Worker's own requests end in this process' fetch, with a Request as second argument: there we answer them.
const answerers = new Set();
const realFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  if (typeof init?.url !== "string") return realFetch(input, init);
  for (const answer of answerers) {
    const response = await answer(init);
    if (response) return response;
  }
  return new Response(`No test answers ${init.method} ${init.url}`, { status: 599 });
};

function answerOutbound(outbound) {
  if (!outbound) return () => {};
  answerers.add(outbound);
  return () => answerers.delete(outbound);
}
