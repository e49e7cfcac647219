// What a fresh isolate's first requests cost: a backup server is quiet, so most of its requests meet one.
import { compatibilityDate, floor } from "./contenders.mjs";
import { startDatabase, startServer } from "./d1.mjs";
import { median, progress, spread, table } from "./figures.mjs";
import { load, open } from "./load.mjs";
import { origin } from "./report.mjs";
import { ROUTES } from "./routes.mjs";
import { startWorker } from "./workerd.mjs";

const BYTES = 4 * 1024;
const CONNECTIONS = 4;
/** Requests of each route in each step, behind the first request of all. */
const STEPS = [4, 20, 76, 300];
/**
 * What three isolates are sent to record. The first request of an isolate of ours has one statement more, which looks at where the
 * binding leads, and its first store another one: its key's canary.
 */
const WALKS = [
  [
    ["backup", "first", "discarded"],
    ["userPost", "first", "discarded"],
    ...Object.keys(ROUTES).map((route) => [route, "second", route]),
  ],
  [
    ["userGet", "second", "discarded"],
    ["backup", "third", "backup"],
  ],
  [["fetch", "third", "fetch"]],
];

/** The section of bench/results.md: medians of `processes` fresh processes of each, turn and turn about. */
export async function measureCold(contenders, processes) {
  const all = { ...contenders, floor };
  const names = Object.keys(all);
  const bar = progress("a fresh isolate's first requests", names.length * processes);
  const server = startServer();
  const address = {};
  for (const name of names) address[name] = await record(server, name, all[name]);
  const samples = [];
  for (let round = 0; round < processes; round++) {
    const sample = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      sample[name] = await coldRun(server, name, { ...all[name], d1: address[name] });
      bar.step();
    }
    samples.push(sample);
  }
  server.stop();
  bar.end();
  return section(all, samples);
}

async function record(server, name, contender) {
  const d1 = `127.0.0.1:${await server.open(name)}`;
  const database = await startDatabase();
  await database.run(contender.schema);
  for (const walk of WALKS) {
    const worker = await startWorker({ ...contender, d1, compatibilityDate });
    const client = await open(worker.port);
    for (const [route, share, scenario] of walk) {
      await server.record(name, scenario, database.port);
      const { status, body } = await client.send(ROUTES[route].request(BYTES, share));
      if (status !== ROUTES[route].expect) throw new Error(`${name}, ${ROUTES[route].title}: ${status} ${body}`);
    }
    client.close();
    await worker.stop();
  }
  await database.stop();
  return d1;
}

/** Microseconds of CPU: of the first request of all, then of one request in each step. */
async function coldRun(server, name, contender) {
  const worker = await startWorker({ ...contender, compatibilityDate });
  const spent = async (work) => {
    const before = worker.cpuMicros();
    await work();
    return worker.cpuMicros() - before;
  };
  await server.replay(name, "fetch");
  const client = await open(worker.port);
  let first;
  const figures = [await spent(async () => (first = await client.send(ROUTES.fetch.request(BYTES, "second"))))];
  if (first.status !== 200) throw new Error(`${name}, the first request: ${first.status} ${first.body}`);
  client.close();
  for (const total of STEPS) {
    let cpu = 0;
    for (const [route, { request, expect }] of Object.entries(ROUTES)) {
      await server.replay(name, route);
      const bytes = request(BYTES, "second");
      cpu += await spent(() => load(worker.port, { next: () => bytes, total, connections: CONNECTIONS, expect }));
    }
    figures.push(cpu / total / Object.keys(ROUTES).length);
  }
  await worker.stop();
  return figures;
}

function section(all, samples) {
  const names = Object.keys(all);
  const cell = (name, step) => {
    const of = (who) => samples.map((sample) => sample[who][step]);
    const ratio = median(samples.map((sample) => sample.ours[step] / sample[name][step]));
    const micros = `${median(of(name)).toFixed(0)} ± ${(spread(of(name)) * 100).toFixed(0)} %`;
    return name === "ours" ? micros : `${micros}, ${ratio.toFixed(2)} ×`;
  };
  let from = 1;
  const steps = STEPS.map((total) => `requests ${from} to ${(from += total) - 1} of each route`);
  return [
    "## A fresh isolate's first requests",
    "",
    ...origin("--cold"),
    "",
    `CPU of the Worker's process for one request, in µs: the median of ${samples.length} fresh processes each, half of the distance between the`,
    "quartiles, and ours as a part of it (the median of the rounds' own ratios). 4 KiB, the mean of the four share routes. The second column is",
    "the noise. The database's CPU is none of it: another process answers. The last column is what HTTP and one call of D1's client cost alone.",
    "",
    table(
      ["", ...names.map((name) => all[name].title)],
      ["the first request of all (fetch)", ...steps].map((title, step) => [
        title,
        ...names.map((name) => cell(name, step)),
      ]),
    ),
  ].join("\n");
}
