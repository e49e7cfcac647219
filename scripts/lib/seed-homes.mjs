// Fills several local D1s, and the directory that says who is where, as `DATABASES=3 npm run dev` has them.

import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";

import { persistDir } from "./d1.mjs";
import { bindingsOf, configOf } from "./local-homes.mjs";
import { Failure } from "./log.mjs";
import { localDatabases, seed, seededUser } from "./seed.mjs";

/** Of ten thousand users in a row each home gets about as many, in no order that a bug could hide behind. */
const homeOf = (n, homes) => createHash("sha256").update(`home of ${n}`).digest().readUInt32BE() % homes;

/** Adds `users` users, spread over `homes` databases in the folder, to those that are there. */
export async function seedHomes({ homes, persistTo, users, shareBytes, keys, onProgress }) {
  await enter(homes, persistTo);
  const { directory, files } = await found(persistTo);
  if (!directory || files.some((file) => !file) || files.length !== homes)
    throw new Failure(
      `The databases in ${persistDir(persistTo)} are not a directory and ${homes} homes.`,
      "Remove the folder, or name another one: --persist-to=DIR.",
    );
  for (const [home, file] of files.entries()) {
    const livesHere = (n) => homeOf(n, homes) === home;
    await seed(file, { users, shareBytes, keys, livesHere, onProgress });
  }
  await enterRoutes(directory, { users, homes });
}

/** Makes the databases homes of one directory, as the Worker does when it first meets them. */
async function enter(homes, persistTo) {
  const { getPlatformProxy } = await import("wrangler");
  const { env, dispose } = await getPlatformProxy({
    configPath: configOf(homes),
    persist: { path: join(persistDir(persistTo), "v3") },
    remoteBindings: false,
  });
  try {
    for (const [home, binding] of bindingsOf(homes)
      .filter((name) => name !== "DIRECTORY")
      .entries()) {
      const { value: number } =
        (await env[binding].prepare("SELECT value FROM meta WHERE name = 'home'").first()) ?? {};
      const spread = await env[binding].prepare("SELECT 1 FROM meta WHERE name = 'spread'").first();
      if (spread && number !== String(home))
        throw new Failure(
          `The database ${binding} is home ${number} already.`,
          "Name another folder: --persist-to=DIR.",
        );
      await env[binding]
        .prepare(
          "INSERT INTO meta (name, value) VALUES ('home', ?), ('spread', '1') ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(String(home))
        .run();
      const { value: identity } = await env[binding].prepare("SELECT value FROM meta WHERE name = 'identity'").first();
      await env.DIRECTORY.prepare(
        "INSERT INTO homes (home, identity, state) VALUES (?, ?, 'open') ON CONFLICT DO UPDATE SET state = 'open' WHERE identity = excluded.identity",
      )
        .bind(home, identity)
        .run();
    }
    await env.DIRECTORY.prepare("INSERT INTO meta (name, value) VALUES ('complete', '1') ON CONFLICT DO NOTHING").run();
  } finally {
    await dispose();
  }
}

/** Which file is which database: the folder names them by a hash, so they are asked. */
async function found(persistTo) {
  const { DatabaseSync } = await import("node:sqlite");
  const files = [];
  let directory;
  for (const file of localDatabases(persistDir(persistTo))) {
    const db = new DatabaseSync(file, { readOnly: true });
    const has = (table) => db.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table) !== undefined;
    const isHome = has("users") && db.prepare("SELECT 1 FROM meta WHERE name = 'spread'").get();
    if (has("routes")) directory = file;
    else if (isHome) files[Number(db.prepare("SELECT value FROM meta WHERE name = 'home'").get().value)] = file;
    db.close();
  }
  return { directory, files: [...files] };
}

/** The routes of src/domain/homes.rs: a byte for the kind, and half of the SHA-256 of what the user is known by. */
async function enterRoutes(file, { users, homes }) {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(file);
  const sha = (text) => createHash("sha256").update(text);
  const insert = db.prepare("INSERT OR IGNORE INTO routes (key, home, stamp) VALUES (?, ?, ?)");
  const enterKey = (kind, text, home) =>
    insert.run(Buffer.concat([Buffer.of(kind), sha(text).digest().subarray(0, 16)]), home, randomBytes(8));
  db.exec("BEGIN");
  for (let n = 0; n < users; n++) {
    const { id, clientId, apiKey } = seededUser(n);
    const home = homeOf(n, homes);
    enterKey(1, clientId, home);
    enterKey(2, id, home);
    enterKey(3, sha(apiKey).digest("hex"), home);
  }
  db.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}
