// `npm run bench -- --copy`: what the second copy costs a store, and how long a rebuild takes beside an import of the same users.

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { unstable_readConfig as readConfig } from "wrangler";

import { migrateLocal } from "../../scripts/lib/d1.mjs";
import { devVarsFile, inRoot, wranglerConfig } from "../../scripts/lib/paths.mjs";
import { ask } from "../../scripts/lib/run.mjs";
import { serveDev } from "../../scripts/lib/serve.mjs";
import { contenders } from "./contenders.mjs";
import { table } from "./figures.mjs";
import { makeRows, timed } from "./moving.mjs";
import { origin } from "./report.mjs";
import { measureRequests, startAll } from "./requests.mjs";
import { ROUTES } from "./routes.mjs";
import { memory } from "./workerd.mjs";

const STUB = ["stub-bucket-entry.mjs", "stub-bucket.mjs"].map((name) => [
  `bench/lib/${name}`,
  inRoot("bench", "lib", name),
  "esModule",
]);
/** What the schedule writes when copying begins. */
const COPYING = `INSERT INTO meta (name, value) VALUES ('copying', 'done'), ('copy_epoch', '1'), ('identity', 'bench')
  ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
const STORES = ["backup", "userPost"];
const PORT = 18_790;

/** Both parts. Resolves with a text for the results. */
export async function measureCopy({ users = 5_000, effort, say = console.error }) {
  return [
    "## The second copy",
    "",
    ...origin("--copy"),
    "",
    ...(await stores(effort)),
    "",
    ...(await rebuilding(users, say)),
  ].join("\n");
}

/** Stores with the copy beside stores without, by the same build, turn and turn about. */
async function stores(effort) {
  const { ours } = await contenders();
  const files = [...STUB, ...ours.files];
  const running = await startAll({
    ours: { ...ours, title: "without COPY", files },
    copied: {
      ...ours,
      title: "with COPY",
      files,
      bindings: { ...ours.bindings, SECOND_COPY: "yes" },
      schema: [...ours.schema, COPYING],
      settleMs: 1_500, // Notes are taken away a second after their objects are there.
    },
  });
  const measured = await measureRequests(running, effort);
  await running.stop();
  const rows = measured
    .filter(({ route }) => STORES.includes(route))
    .map(({ route, size, figures: { ours, copied } }) => [
      `${size / 1024} KiB, ${ROUTES[route].title}`,
      ours.cpu.toFixed(0),
      copied.cpu.toFixed(0),
      `${(1 / copied.ratio).toFixed(2)} × ± ${(copied.cpuSpread * 100).toFixed(0)} %`,
    ]);
  const counted = running.counts.ours
    .map((without, at) => [without, running.counts.copied[at]])
    .filter(([{ route }]) => STORES.includes(route));
  if (counted.some(([without, copied]) => !without.again && copied.roundTrips === without.roundTrips))
    throw new Error("Nothing was copied: the Worker did not see its bucket.");
  const counts = counted.map(([without, copied]) => [
    `${ROUTES[without.route].title}, ${without.again ? "the same again" : `${without.share} share`}`,
    ...[without, copied].map(({ roundTrips, rowsRead, rowsWritten }) => `${roundTrips} / ${rowsRead} / ${rowsWritten}`),
    copied.rowsWritten - without.rowsWritten,
  ]);
  return [
    "CPU µs a store, by the same build behind the same entry, with a bucket that takes everything at once; what takes the notes away after the",
    "answers, once a second, is in it. The ratio is the median of the rounds' own.",
    "",
    table(["", "without COPY", "with COPY", "ratio"], rows),
    "",
    "Round trips / rows read / rows written of a store by itself: the trip that takes notes away comes after the answer, and is one a second however many",
    "stores there are.",
    "",
    table(["", "without COPY", "with COPY", "rows written more"], counts),
  ];
}

/** An import into a Worker without a copy, the same into one with, and a rebuild out of that copy. */
async function rebuilding(users, say) {
  const dir = mkdtempSync(join(tmpdir(), "pbw-copy-"));
  const steps = {};
  const step = async (what, work) => {
    steps[what] = await work();
    say(`${what}: ${JSON.stringify(steps[what])}`);
  };
  try {
    const { dump } = await makeRows(dir, users);
    const run = (name, args, url) => timed([inRoot("scripts", `${name}.mjs`), ...args, "--url", url], inRoot());
    for (const what of ["import", "import with COPY"]) {
      const folder = join(dir, what.replaceAll(" ", "-"));
      const config = configured(folder, { copy: what !== "import" });
      await migrateLocal({ persistTo: folder, config, bindings: what === "import" ? ["DB"] : ["DB", "REBUILD"] });
      const server = await serveDev({ port: PORT, persistTo: folder, output: "ignore", config });
      try {
        if (!(await server.ready)) throw new Error("the Worker did not start");
        await step(what, async () => {
          const args = [dump, "--resume", join(folder, "import.json")];
          return { ...(await run("import", args, server.url)), ...(await workerdOf(server)) };
        });
        if (what === "import") continue;
        await drain(server.url);
        await step("rebuild", async () => {
          const args = ["--into", "REBUILD", "--resume", join(folder, "rebuild.json")];
          return { ...(await run("rebuild", args, server.url)), ...(await workerdOf(server)) };
        });
      } finally {
        await server.stop();
      }
      await alone(folder, step);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  const rows = Object.entries(steps).map(([what, { seconds, mib, workerdMib }]) => [
    what,
    seconds.toFixed(1),
    Math.round(users / seconds).toLocaleString("en"),
    `${(steps.import.seconds / seconds).toFixed(2)} ×`,
    mib?.toFixed(0) ?? "–",
    workerdMib.toFixed(0),
  ]);
  return [
    `${users.toLocaleString("en")} users with a custodian share and a cipher text of 2 KiB each, ${(users * 3).toLocaleString("en")} objects; all on this machine, whose R2 is a SQLite file. The rebuild`,
    "reads every object, opens every share, writes the rows, and then compares all with all once more (`--into` does both): it reads every object twice.",
    "The speed is against the import without a copy. R2 alone: a Worker that does nothing else, on the same bucket, so what the emulation costs.",
    "Memory at most is of the command's own process, and of workerd with D1 and R2 in it.",
    "",
    table(["", "seconds", "users a second", "speed", "command, MiB", "workerd, MiB"], rows),
  ];
}

/** What R2 takes for the same objects, by a Worker that does nothing else. */
async function alone(folder, step) {
  const config = JSON.parse(readFileSync(join(folder, "wrangler.json"), "utf8"));
  const file = join(folder, "bucket.json");
  writeFileSync(file, JSON.stringify({ ...config, main: inRoot("bench", "peers", "bucket.mjs"), d1_databases: [] }));
  const server = await serveDev({ port: PORT, persistTo: folder, output: "ignore", config: file });
  try {
    if (!(await server.ready)) throw new Error("the Worker that asks R2 alone did not start");
    for (const [what, path, times] of [
      ["R2 alone: every object read twice", "/read", 2],
      ["R2 alone: every object written", "/write", 1],
    ])
      await step(what, async () => {
        const began = performance.now();
        for (let time = 0; time < times; time++) await fetch(`${server.url}${path}`);
        return { seconds: (performance.now() - began) / 1000, ...(await workerdOf(server)) };
      });
  } finally {
    await server.stop();
  }
}

/** wrangler.toml beside its own secrets, with a bucket and a second database. */
function configured(folder, { copy }) {
  const { name, compatibility_date, vars, ratelimits, d1_databases } = readConfig(
    { config: wranglerConfig },
    { hideWarnings: true },
  );
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "wrangler.json");
  copyFileSync(devVarsFile, join(folder, ".dev.vars"));
  const database = (binding, database_name, database_id) => ({
    binding,
    database_name,
    database_id,
    migrations_dir: inRoot("migrations"),
  });
  const [{ database_name, database_id }] = d1_databases;
  const second = database("REBUILD", "portal-backup-rebuilt", "00000000-0000-0000-0000-000000000001");
  writeFileSync(
    file,
    JSON.stringify({
      name,
      main: inRoot("src", "entry.js"),
      compatibility_date,
      vars,
      ratelimits,
      d1_databases: [database("DB", database_name, database_id), ...(copy ? [second] : [])],
      ...(copy ? { r2_buckets: [{ binding: "COPY", bucket_name: "portal-backup-copy" }] } : {}),
    }),
  );
  return file;
}

const secret = (name) => new RegExp(`^${name}=["']?([^"'\\n]*)`, "m").exec(readFileSync(devVarsFile, "utf8"))[1];

/** Runs the schedule until nothing waits to be copied. */
async function drain(url) {
  for (;;) {
    await fetch(`${url}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent("* * * * *")}`);
    const answer = await fetch(`${url}/admin/status`, {
      headers: { authorization: `Bearer ${secret("ADMIN_TOKEN")}` },
    });
    const { copy } = await answer.json();
    if (copy.pending === 0) return;
  }
}

/** The most memory that workerd of this server had. */
async function workerdOf({ child }) {
  const processes = ((await ask("ps", ["-A", "-o", "pid=,pgid=,comm="])) ?? "").split("\n");
  const own = processes
    .map((line) => line.trim().split(/\s+/))
    .filter(([, group, command]) => Number(group) === child.pid && /workerd/.test(command));
  const peaks = own.map(([pid]) => memory(Number(pid)).peak);
  return { workerdMib: Math.max(...peaks) / 1024 / 1024 };
}
