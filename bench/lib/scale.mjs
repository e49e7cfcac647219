// Whether a request takes longer when there are more users: our Worker against local D1 files of different sizes, the
// real engine with the real schema.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { seed, seededUser } from "../../scripts/lib/seed.mjs";
import { compatibilityDate, migrations } from "./contenders.mjs";
import { startDatabase, startServer } from "./d1.mjs";
import { median, progress } from "./figures.mjs";
import { open } from "./load.mjs";
import { ROUTES } from "./routes.mjs";
import { startWorker } from "./workerd.mjs";

const SHARE_BYTES = 200; // a million users with real shares are 40 GB; what grows with the users is the indexes

/** A database in `dir` with our schema and that many users in it. */
async function seededDatabase(dir, users, keys, onProgress) {
  mkdirSync(dir, { recursive: true });
  const empty = await startDatabase(dir);
  await empty.run(migrations());
  await empty.stop();
  const folder = join(dir, "bench");
  const file = readdirSync(folder).find((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  await seed(join(folder, file), { users, shareBytes: SHARE_BYTES, keys, onProgress });
  return startDatabase(dir);
}

/** → [{users, routes: {name: {micros, cpu, rowsRead, rowsWritten, roundTrips}}}] */
export async function measureScale(ours, sizes, { rounds, requests }) {
  const root = mkdtempSync(join(tmpdir(), "bench-scale-"));
  const server = startServer();
  const sides = [];
  try {
    for (const users of sizes) {
      const bar = progress(`making ${users.toLocaleString("en")} users`, users);
      const database = await seededDatabase(
        join(root, String(users)),
        users,
        ours.bindings.SHARE_ENCRYPTION_KEYS,
        (n) => bar.step(n),
      );
      bar.end();
      const name = `scale ${users}`;
      const worker = await startWorker({ ...ours, d1: `127.0.0.1:${await server.open(name)}`, compatibilityDate });
      await server.record(name, name, database.port); // passes every call on
      sides.push({ users, name, database, worker, samples: {}, routes: {} });
    }
    // Only now: a connection that waits for the next database to be made is closed meanwhile.
    for (const side of sides) side.client = await open(side.worker.port);
    const bar = progress("a request among more and more users", rounds * sides.length * Object.keys(ROUTES).length);
    for (let round = 0; round < rounds; round++) {
      for (const route of Object.keys(ROUTES)) {
        for (const side of sides) {
          await requestsOf(server, side, route, round, requests);
          bar.step();
        }
      }
    }
    bar.end();
    for (const side of sides) {
      for (const route of Object.keys(ROUTES)) {
        Object.assign(side.routes[route], {
          micros: median(side.samples[route].micros),
          cpu: median(side.samples[route].cpu),
        });
      }
    }
    return sides.map(({ users, routes }) => ({ users, routes }));
  } finally {
    for (const side of sides) {
      side.client?.close();
      await side.worker.stop();
      await side.database.stop();
    }
    server.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

const SPREAD = 200; // users, evenly over the table, the same ones of each size in the same order

/** One after another: the time of a request, not of a queue. */
async function requestsOf(server, side, route, round, requests) {
  await server.record(side.name, side.name, side.database.port);
  const samples = (side.samples[route] ??= { micros: [], cpu: [] });
  const cpu = () => side.worker.cpuMicros() + side.database.worker.cpuMicros();
  const before = cpu();
  for (let i = 0; i < requests; i++) {
    const user = seededUser(Math.floor((((i * 37) % SPREAD) / SPREAD) * side.users));
    const bytes = ROUTES[route].request(SHARE_BYTES, `${round}-${i}`, user);
    const at = performance.now();
    const { status, body } = await side.client.send(bytes);
    if (round > 0) samples.micros.push((performance.now() - at) * 1000); // the first round warms up
    if (status !== ROUTES[route].expect)
      throw new Error(`${ROUTES[route].title} among ${side.users} users: ${status} ${body}`);
  }
  if (round > 0) samples.cpu.push((cpu() - before) / requests);
  const { roundTrips, rowsRead, rowsWritten } = await server.counts(side.name);
  side.routes[route] = {
    roundTrips: roundTrips / requests,
    rowsRead: rowsRead / requests,
    rowsWritten: rowsWritten / requests,
  };
}
