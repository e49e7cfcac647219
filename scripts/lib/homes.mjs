// The databases that users are spread over, by the operator API.

import { Failure, say } from "./log.mjs";
import { resumed } from "./resume.mjs";

const GB = 1_000_000_000;

/** The number of a database, as somebody typed it. */
export function number(text, what) {
  if (!/^\d+$/.test(text ?? "")) throw new Failure(`${what} needs the number of a database.`);
  return Number(text);
}

/** A size: 6GB, 500MB. */
export function bytes(text) {
  const found = /^(\d+(?:\.\d+)?)\s*(GB|MB)$/i.exec(text ?? "");
  if (!found) throw new Failure("--until needs a size, such as 6GB.");
  return Number(found[1]) * (found[2].toUpperCase() === "GB" ? GB : GB / 1000);
}

/** The databases, by GET /admin/status. */
export async function list(api) {
  const { homes } = await api.send("GET", "/admin/status");
  if (!homes)
    throw new Failure("There is one database only.", "npm run deploy -- --add-home makes another (docs/scale.md).");
  return homes;
}

/** As lines for people. */
export function table(homes) {
  const rows = homes.map(({ home, binding, place, state, bytes, users, schema, seenAt }) => [
    String(home),
    binding,
    place ?? "–",
    state,
    bytes === null ? "?" : (bytes / GB).toFixed(3),
    users === null ? "?" : String(users),
    schema === null ? "no answer" : String(schema),
    seenAt ?? "never",
  ]);
  const all = [["home", "binding", "place", "state", "GB", "users", "schema", "seen"], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ")).join("\n");
}

/** What the service answers of one user: it moves later, or an operator must settle something first. The others move all the same. */
const OF_ONE_USER = [404, 409];

/**
 * Moves users out of a database until what is left of them takes `until` bytes. A database's file does not shrink when rows go, so
 * this counts users; the same command goes on with a run that broke off. Resolves with how many were `moved`, and how many `stay`: each is
 * told.
 */
export async function moveMany(api, { from, until, to, stateFile, progress }) {
  if (to === from) throw new Failure(`They are in the database ${from} already.`, "--to N names another one.");
  const run = resumed(stateFile, { service: api.origin, from, until, to });
  const home = (await list(api)).find((one) => one.home === from);
  if (!home) throw new Failure(`There is no database ${from}.`, "npm run homes lists them.");
  if (home.users === null || home.bytes === null)
    throw new Failure(`The database ${from} does not answer, so its size is not known.`, "Try again in a minute.");
  const total = run.progress?.total ?? Math.ceil(home.users * Math.max(0, 1 - until / home.bytes));
  let stay = 0;
  let moved = run.progress?.moved ?? 0;
  const bar = progress(total, "users");
  let cursor;
  while (moved < total) {
    const query = new URLSearchParams({ home: String(from), limit: "100", ...(cursor ? { cursor } : {}) });
    const page = await api.send("GET", `/users?${query}`);
    const targets = (await list(api)).filter(
      (one) => one.home !== from && one.state === "open" && one.place === home.place,
    );
    const target = to ?? targets.sort((a, b) => (a.bytes ?? 0) - (b.bytes ?? 0))[0]?.home;
    if (target === undefined)
      throw new Failure(`No open database of the same place is there.`, "Add one, or say which: --to N.");
    for (const { id } of page.users.slice(0, total - moved)) {
      try {
        await api.send("POST", `/users/${encodeURIComponent(id)}/move`, { home: target });
      } catch (error) {
        if (!OF_ONE_USER.includes(error.status)) throw error;
        say(`${id} was not moved: ${error.message}`);
        stay += 1;
        continue;
      }
      moved += 1;
      run.keep({ total, moved });
      bar.show(moved);
    }
    cursor = page.cursor;
    if (!cursor) break;
  }
  bar.end();
  run.end();
  return { moved, stay };
}

/** Fills the directory anew, page by page; resolves with the number of users. */
export async function rebuildDirectory(api, { progress }) {
  const bar = progress(undefined, "users");
  let users = 0;
  let cursor;
  do {
    const page = await api.send("POST", "/admin/directory/rebuild", { cursor });
    users += page.users;
    cursor = page.cursor;
    bar.show(users);
  } while (cursor !== null);
  bar.end();
  return users;
}
