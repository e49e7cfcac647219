// The databases that users are spread over, by the operator API.

import { Failure } from "./log.mjs";
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

/**
 * Moves users out of a database until what is left of them takes `until` bytes. A database's file does not shrink when rows go, so
 * this counts users; the same command goes on with a run that broke off.
 */
export async function moveMany(api, { from, until, to, stateFile, progress }) {
  const run = resumed(stateFile, { service: api.origin, from, until, to });
  const home = (await list(api)).find((one) => one.home === from);
  if (!home) throw new Failure(`There is no database ${from}.`, "npm run homes lists them.");
  const total = run.progress?.total ?? Math.ceil((home.users ?? 0) * Math.max(0, 1 - until / (home.bytes ?? until)));
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
      await api.send("POST", `/users/${encodeURIComponent(id)}/move`, { home: target });
      moved += 1;
      run.keep({ total, moved });
      bar.show(moved);
    }
    cursor = page.cursor;
    if (!cursor) break;
  }
  bar.end();
  run.end();
  return `${moved} users moved out of the database ${from}.`;
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
