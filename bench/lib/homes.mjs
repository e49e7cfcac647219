// `npm run bench -- --homes`: what many databases cost a request whose user's home is remembered, and the Worker at its start.

import { readFileSync, readdirSync } from "node:fs";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { compatibilityDate, contenders } from "./contenders.mjs";
import { median, progress, table } from "./figures.mjs";
import { held, watched } from "./footprint.mjs";
import { encode, open } from "./load.mjs";
import { origin } from "./report.mjs";
import { measureRequests, startAll } from "./requests.mjs";
import { ROUTES } from "./routes.mjs";
import { startWorker } from "./workerd.mjs";

const HOMES = 3;
const BINDINGS = [1, 200, 1_000];

/** What the Worker writes when it first meets the databases. */
const SPREAD = [
  "UPDATE meta SET value = 'home-0' WHERE name = 'identity'",
  "UPDATE meta SET value = '0' WHERE name = 'home'",
  "INSERT INTO meta (name, value) VALUES ('spread', '1')",
];

function directorySchema() {
  const folder = inRoot("migrations-directory");
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return [
    ...files.sort().map((name) => readFileSync(`${folder}/${name}`, "utf8")),
    ...Array.from(
      { length: HOMES },
      (_, home) => `INSERT INTO homes (home, identity, state) VALUES (${home}, 'home-${home}', 'open')`,
    ),
    "INSERT INTO meta (name, value) VALUES ('complete', '1')",
  ];
}

/** Both parts. Resolves with a text for the results. */
export async function measureHomes(effort) {
  return [
    "## Many databases",
    "",
    ...origin("--homes"),
    "",
    ...(await warm(effort.requests)),
    "",
    ...(await starting(effort.start)),
  ].join("\n");
}

async function warm(effort) {
  const { ours } = await contenders();
  const running = await startAll({
    ours: { ...ours, title: "one database" },
    copy: { ...ours, title: "the same, a second time" },
    spread: {
      ...ours,
      title: "three homes",
      schema: [...ours.schema, ...SPREAD],
      directory: { homes: HOMES, schema: directorySchema() },
    },
  });
  const measured = await measureRequests(running, effort);
  await running.stop();
  const inverse = ({ ratio }) => `${(1 / ratio).toFixed(2)} ×`;
  return [
    "CPU µs a request, for a user whose home the isolate remembers, beside one database. The second column is the noise.",
    "",
    table(
      ["share, route", "one database", "the same, a second time", "three homes"],
      measured.map(({ route, size, figures: { ours, copy, spread } }) => [
        `${size / 1024} KiB, ${ROUTES[route].title}`,
        ours.cpu.toFixed(0),
        inverse(copy),
        inverse(spread),
      ]),
    ),
  ];
}

/**
 * Start and heap with so many databases bound; the first request reads the settings, which name every binding. The heap of a
 * peer that reads none of them is what the runtime itself keeps.
 */
async function starting(rounds) {
  const { ours, sealed } = await contenders();
  const first = encode({ method: "OPTIONS", path: "/users/user-1/user-backup-share" });
  const bar = progress("start with many bindings", (rounds + 2) * BINDINGS.length);
  const took = new Map(BINDINGS.map((count) => [count, []]));
  const answered = async (contender, count, inspect, look) => {
    const worker = await startWorker({
      ...contender,
      files: inspect ? watched(contender.files) : contender.files,
      d1: Object.fromEntries(names(count).map((name) => [name, "127.0.0.1:9"])), // nobody is asked
      compatibilityDate,
      inspect,
    });
    const client = await open(worker.port);
    await client.send(first);
    const seen = await look(worker);
    client.close();
    await worker.stop();
    bar.step();
    return seen;
  };
  const sinceStart = ({ started }) => performance.now() - started;
  for (let round = 0; round < rounds; round++)
    for (const count of BINDINGS) took.get(count).push(await answered(ours, count, false, sinceStart));
  const more = async (contender) => {
    const heap = [];
    for (const count of BINDINGS) heap.push(await answered(contender, count, true, held));
    return heap.map((bytes) => ((bytes - heap[0]) / 1024).toFixed(0));
  };
  const [heap, floor] = [await more(ours), await more(sealed)];
  bar.end();
  const base = median(took.get(1));
  return [
    "From starting workerd to the answer of a first request that reads the settings, and what the isolate holds then, by databases bound.",
    "",
    table(
      ["databases", "start, ms", "ratio", "heap more than with one, KiB", "the same of a Worker that reads no binding"],
      BINDINGS.map((count, at) => [
        count.toLocaleString("en"),
        median(took.get(count)).toFixed(1),
        `${(median(took.get(count)) / base).toFixed(2)} ×`,
        heap[at],
        floor[at],
      ]),
    ),
  ];
}

const names = (count) =>
  count === 1 ? ["DB"] : ["DB", "DIRECTORY", ...Array.from({ length: count - 1 }, (_, index) => `DB_${index + 1}`)];
