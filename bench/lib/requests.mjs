// CPU time and requests a second of the four share routes, every contender against every other.
import { setTimeout as sleep } from "node:timers/promises";

import { compatibilityDate } from "./contenders.mjs";
import { startDatabase, startServer } from "./d1.mjs";
import { median, progress, spread } from "./figures.mjs";
import { load, open } from "./load.mjs";
import { ROUTES } from "./routes.mjs";
import { startWorker } from "./workerd.mjs";

export const SIZES = [4, 16, 64].map((kib) => kib * 1024);
const CONNECTIONS = 8;

/**
 * What is sent to record: the second store of a share is the one that is measured, it replaces the first. A backup is a custodian share
 * and then a cipher text: a cipher text that replaces another one by itself is a warning of ours, and costs its log line and its alert.
 */
const WALK = [
  ["backup", "first"],
  ["userPost", "first"],
  ["backup", "second"],
  ["userPost", "second"],
  ["backup", "second", "again"],
  ["userPost", "second", "again"],
  ["fetch", "second"],
  ["userGet", "second"],
];

/** Starts every contender, with a recording of its own database's answers for every route and size. One with a `directory` has that too. */
export async function startAll(contenders) {
  const server = startServer();
  const running = {};
  const counts = {};
  for (const [name, contender] of Object.entries(contenders)) {
    const desk = async (name) => `127.0.0.1:${await server.open(name)}`;
    const d1 = { DB: await desk(name) };
    const directory = contender.directory && (await startDatabase());
    if (directory) {
      await directory.run(contender.directory.schema);
      d1.DIRECTORY = await desk(`${name}, directory`);
      for (let home = 1; home < contender.directory.homes; home++) d1[`DB_${home}`] = await desk(`${name}, ${home}`);
      await server.record(`${name}, directory`, "all", directory.port);
    }
    const worker = await startWorker({ ...contender, d1, compatibilityDate });
    const client = await open(worker.port);
    running[name] = { worker, title: contender.title };
    for (const size of SIZES) {
      const database = await startDatabase();
      await database.run(contender.schema);
      for (const [route, share, again] of WALK) {
        await server.record(name, again ? "discarded" : `${route} ${size}`, database.port);
        const { status, body } = await client.send(ROUTES[route].request(size, share));
        if (status !== ROUTES[route].expect) throw new Error(`${name}, ${ROUTES[route].title}: ${status} ${body}`);
        if (contender.settleMs) await sleep(contender.settleMs); // What it does after its answer counts, too.
        if (size === SIZES[0]) (counts[name] ??= []).push({ route, share, again, ...(await server.counts(name)) });
      }
      await database.stop();
    }
    client.close();
    await directory?.stop();
  }
  const stop = async () => {
    for (const { worker } of Object.values(running)) await worker.stop();
    server.stop();
  };
  return { server, running, counts, stop };
}

/** → [{route, size, figures: {name: {cpu, cpuSpread, perSecond, ratio}}}]; `ratio` is against "ours", round by round. */
export async function measureRequests({ server, running }, { rounds, requests, warmUp }) {
  const scenarios = SIZES.flatMap((size) => Object.keys(ROUTES).map((route) => ({ route, size })));
  const names = Object.keys(running);
  const bar = progress("CPU and requests a second", (rounds + 1) * scenarios.length * names.length);
  const samples = new Map(scenarios.map((scenario) => [scenario, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const scenario of scenarios) {
      const sample = {};
      // Turn and turn about, so that whatever else the machine does falls on each alike.
      for (let i = 0; i < names.length; i++) {
        const name = names[(i + round) % names.length];
        sample[name] = await once(server, name, running[name].worker, scenario, round === 0 ? warmUp : requests);
        bar.step();
      }
      // The first round only warms up: V8 compiles what is used most, and does so for some thousand requests.
      if (round > 0) samples.get(scenario).push(sample);
    }
  }
  bar.end();
  return scenarios.map((scenario) => ({ ...scenario, figures: summary(names, samples.get(scenario)) }));
}

async function once(server, name, worker, { route, size }, total) {
  await server.replay(name, `${route} ${size}`);
  const bytes = ROUTES[route].request(size, "second");
  const before = worker.cpuMicros();
  const { perSecond } = await load(worker.port, {
    next: () => bytes,
    total,
    connections: CONNECTIONS,
    expect: ROUTES[route].expect,
  });
  return { cpu: (worker.cpuMicros() - before) / total, perSecond };
}

function summary(names, samples) {
  return Object.fromEntries(
    names.map((name) => {
      const cpu = samples.map((sample) => sample[name].cpu);
      return [
        name,
        {
          cpu: median(cpu),
          cpuSpread: spread(cpu),
          perSecond: median(samples.map((sample) => sample[name].perSecond)),
          ratio: median(samples.map((sample) => sample.ours.cpu / sample[name].cpu)),
        },
      ];
    }),
  );
}
