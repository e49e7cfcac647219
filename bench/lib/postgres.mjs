// The guide's own server, Express and Postgres, where Postgres is installed: a temporary database, and the CPU of both
// processes together, since that is what a company would run and pay for.
import { execFileSync, fork, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { SECRETS } from "./contenders.mjs";
import { median, progress, spread } from "./figures.mjs";
import { load } from "./load.mjs";
import { ROUTES } from "./routes.mjs";
import { SIZES } from "./requests.mjs";
import { cpuMicros } from "./workerd.mjs";

/** A user for each connection: two stores for one user at the same moment fail, both delete the old share and insert. */
const USERS = Array.from({ length: 8 }, (_, i) => ({ id: `user-${i + 1}`, clientId: `client-${i + 1}` }));

/** The folder of Postgres' own programs, or undefined where they are not installed. */
function postgresBin() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian)
    ? readdirSync(debian)
        .sort((a, b) => b - a)
        .map((v) => join(debian, v, "bin"))
    : [];
  return [...versions, ...process.env.PATH.split(delimiter)].find((dir) =>
    ["initdb", "pg_ctl", "psql"].every((name) => existsSync(join(dir, name))),
  );
}

/** → [{route, size, cpu, cpuSpread, perSecond}], or undefined without Postgres. */
export async function measurePostgres({ rounds, requests }) {
  const bin = postgresBin();
  if (!bin) return undefined;
  const postgres = startPostgres(bin);
  const server = fork(inRoot("bench", "peers", "postgres", "server.mjs"), {
    env: { ...process.env, ...postgres.env, ...SECRETS },
  });
  try {
    const port = await new Promise((resolve, reject) =>
      server.once("message", resolve).once("exit", () => reject(new Error("the Express peer ended"))),
    );
    const cpu = () => [server.pid, ...processes(postgres.pid)].reduce((sum, pid) => sum + cpuMicros(pid), 0);
    const scenarios = SIZES.flatMap((size) =>
      Object.keys(ROUTES).map((route) => ({ route, size, cpu: [], perSecond: [] })),
    );
    const bar = progress("Express and Postgres", (rounds + 1) * scenarios.length);
    for (let round = 0; round <= rounds; round++) {
      for (const { route, size, ...samples } of scenarios) {
        const bytes = USERS.map((user) => ROUTES[route].request(size, "second", user));
        const before = cpu();
        const next = (_, connection) => bytes[connection];
        const { perSecond } = await load(port, {
          next,
          total: requests,
          connections: USERS.length,
          expect: ROUTES[route].expect,
        });
        if (round > 0) {
          samples.cpu.push((cpu() - before) / requests);
          samples.perSecond.push(perSecond);
        }
        bar.step();
      }
    }
    bar.end();
    return scenarios.map(({ route, size, cpu: micros, perSecond }) => ({
      route,
      size,
      cpu: median(micros),
      cpuSpread: spread(micros),
      perSecond: median(perSecond),
    }));
  } finally {
    server.kill();
    postgres.stop();
  }
}

/** A database in a folder of its own, reached through a socket there. Postgres refuses to run as root. */
function startPostgres(bin) {
  const dir = mkdtempSync(join(tmpdir(), "bench-pg-"));
  const root = userInfo().uid === 0;
  const id = (flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  const as = root ? { uid: id("-u"), gid: id("-g") } : {};
  if (root) chownSync(dir, as.uid, as.gid);
  const run = (name, args, options) => {
    const { status, stderr } = spawnSync(join(bin, name), args, { ...as, cwd: dir, encoding: "utf8", ...options });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
  };
  const data = join(dir, "data");
  run("initdb", ["-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8"]);
  // Started through a file for its output: a pipe would stay open as long as the database runs.
  run("pg_ctl", ["-D", data, "-w", "-l", join(dir, "log"), "-o", `-k ${dir} -c listen_addresses=''`, "start"], {
    stdio: "ignore",
  });
  const env = { PGHOST: dir, PGUSER: "bench", PGDATABASE: "postgres" };
  run("psql", ["-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], {
    env: { ...process.env, ...env },
    input: readFileSync(inRoot("bench", "peers", "postgres", "schema.sql")),
  });
  return {
    env,
    pid: Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]),
    stop() {
      spawnSync(join(bin, "pg_ctl"), ["-D", data, "-m", "immediate", "stop"], { ...as, cwd: dir, stdio: "ignore" });
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A process and its children: Postgres has one for each connection. */
function processes(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return [pid, ...(children ? children.split(" ").map(Number) : [])];
}
