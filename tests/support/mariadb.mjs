// A real MariaDB or MySQL in a temporary folder, from the system's binaries, on a socket that only this test knows.

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import mysql from "mysql2/promise";

/** `{ server, install }`: the programs of MariaDB, if it is installed. */
export function mariadbBinaries() {
  const dirs = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
  const find = (name) => dirs.map((dir) => join(dir, name)).find((file) => existsSync(file));
  const [server, install] = [find("mariadbd"), find("mariadb-install-db")];
  return server && install ? { server, install } : undefined;
}

/** Starts it; resolves with the URL of its database `app`, a connection to it, and `stop`. */
export async function startMariadb({ server: program, install }) {
  const dir = mkdtempSync("/tmp/pbw-my-"); // short: a socket's path has at most about 100 characters
  const data = join(dir, "data");
  const socket = join(dir, "s");
  const user = userInfo().username;
  execFileSync(
    install,
    [
      "--no-defaults",
      `--datadir=${data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      `--user=${user}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const server = spawn(
    program,
    [
      "--no-defaults",
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--pid-file=${join(dir, "pid")}`,
      "--skip-networking",
      "--innodb-flush-log-at-trx-commit=0",
      "--innodb-buffer-pool-size=32M",
      // Not UTC: what depends on the server's own zone shows.
      "--default-time-zone=+05:30",
      `--user=${user}`,
    ],
    { stdio: "ignore" },
  );
  let client;
  const stop = async () => {
    client?.destroy();
    if (server.exitCode === null) {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await ended;
    }
    rmSync(dir, { recursive: true, force: true });
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      client = await mysql.createConnection({
        socketPath: socket,
        user: "root",
        multipleStatements: true,
        charset: "utf8mb4",
      });
      await client.query("CREATE DATABASE app CHARACTER SET utf8mb4; USE app; SET time_zone = '+00:00'");
      return { url: `mysql://root@localhost/app?socket=${socket}`, client, stop };
    } catch (error) {
      client = undefined;
      if (attempt === 200 || server.exitCode !== null) {
        await stop();
        throw error;
      }
      await sleep(100);
    }
  }
}
