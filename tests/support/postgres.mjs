// A real Postgres in a temporary folder, from the system's binaries, on a socket that only this test knows.

import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import pg from "pg";

/** The folder with initdb and postgres: the newest of Debian's, Homebrew's, or the one in PATH. */
export function postgresBinaries() {
  const newestFirst = (dir, pattern) =>
    existsSync(dir)
      ? readdirSync(dir)
          .filter((name) => pattern.test(name))
          .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
          .map((name) => join(dir, name, "bin"))
      : [];
  const places = [
    ...newestFirst("/usr/lib/postgresql", /^\d+$/),
    ...["/opt/homebrew/opt", "/usr/local/opt"].flatMap((dir) => newestFirst(dir, /^postgresql(@\d+)?$/)),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  return places.find((dir) => existsSync(join(dir, "initdb")) && existsSync(join(dir, "postgres")));
}

/** Starts it; resolves with its URL, a connected client, and `stop`. */
export async function startPostgres(binaries) {
  const dir = mkdtempSync("/tmp/pbw-pg-"); // short: a socket's path has at most about 100 characters
  const as = postgresUser();
  if (as) chownSync(dir, as.uid, as.gid);
  const data = join(dir, "data");
  const options = { ...as, cwd: dir, env: { ...process.env, LC_ALL: "C" } };
  execFileSync(
    join(binaries, "initdb"),
    ["--pgdata", data, "--auth=trust", "--username=test", "--no-sync", "--encoding=UTF8"],
    { ...options, stdio: ["ignore", "ignore", "pipe"] },
  );
  const server = spawn(
    join(binaries, "postgres"),
    ["-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off"],
    { ...options, stdio: "ignore" },
  );
  const url = `postgres://test@localhost/postgres?host=${dir}`;
  const stop = async () => {
    await client?.end().catch(() => {});
    if (server.exitCode === null) {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGINT"); // "fast shutdown": ends the sessions, then itself
      await ended;
    }
    rmSync(dir, { recursive: true, force: true });
  };
  let client;
  for (let attempt = 0; ; attempt += 1) {
    client = new pg.Client({ host: dir, user: "test", database: "postgres" });
    client.on("error", () => {});
    try {
      await client.connect();
      return { url, client, stop };
    } catch (error) {
      await client.end().catch(() => {});
      client = undefined;
      if (attempt === 100 || server.exitCode !== null) {
        await stop();
        throw error;
      }
      await sleep(100);
    }
  }
}

// Postgres refuses to run as root: then it runs as the user that its package made, or as nobody.
function postgresUser() {
  if (userInfo().uid !== 0) return undefined;
  const idOf = (flag, name) =>
    Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  for (const name of ["postgres", "nobody"]) {
    try {
      return { uid: idOf("-u", name), gid: idOf("-g", name) };
    } catch {
      // Not on this system.
    }
  }
  return undefined;
}
