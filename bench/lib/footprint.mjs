// What a Worker takes besides CPU: time to its first answer, and memory while many large shares are in flight.
import { inRoot } from "../../scripts/lib/paths.mjs";
import { compatibilityDate } from "./contenders.mjs";
import { startDatabase, startServer } from "./d1.mjs";
import { median, progress } from "./figures.mjs";
import { inspect } from "./inspector.mjs";
import { encode, load, open } from "./load.mjs";
import { ROUTES } from "./routes.mjs";
import { startWorker } from "./workerd.mjs";

/** Milliseconds from starting workerd to the Worker's first answer, by name. */
export async function measureStart(contenders, rounds) {
  const bar = progress("start to first answer", (rounds + 1) * Object.keys(contenders).length);
  const took = {};
  const ping = encode({ method: "GET", path: "/healthz" });
  for (let round = 0; round <= rounds; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
      const worker = await startWorker({ ...contender, compatibilityDate });
      const client = await open(worker.port);
      await client.send(ping);
      if (round > 0) (took[name] ??= []).push(performance.now() - worker.started);
      client.close();
      await worker.stop();
      bar.step();
    }
  }
  bar.end();
  return Object.fromEntries(Object.entries(took).map(([name, values]) => [name, median(values)]));
}

export const STORES = { atOnce: 50, bytes: 511 * 1024 }; // with the fields around it, just under the 512 KiB limit

/**
 * Memory, idle and while 50 stores of 512 KiB wait for the database all together: `held` is what the isolate holds
 * once its garbage is collected (JavaScript's heap, buffers, wasm memory), `process` is the resident memory of workerd
 * at its highest, garbage and network buffers included.
 */
export async function measureMemory(contenders) {
  const bar = progress("memory under load", Object.keys(contenders).length);
  const server = startServer();
  const used = {};
  for (const [name, contender] of Object.entries(contenders)) {
    const database = await startDatabase();
    await database.run(contender.schema);
    const d1 = `127.0.0.1:${await server.open(name)}`;
    const worker = await startWorker({
      ...contender,
      files: watched(contender.files),
      d1,
      compatibilityDate,
      inspect: true,
    });
    const client = await open(worker.port);
    await server.record(name, "small", database.port);
    for (const share of ["first", "second"]) await client.send(ROUTES.backup.request(4096, share));
    client.close();
    const idle = await held(worker);
    await server.replay(name, "small", 2_000);
    const bytes = ROUTES.backup.request(STORES.bytes, "large");
    const stores = load(worker.port, {
      next: () => bytes,
      total: STORES.atOnce,
      connections: STORES.atOnce,
      expect: 204,
    });
    while ((await server.counts(name)).roundTrips < STORES.atOnce)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const under = await held(worker);
    await stores;
    used[name] = { idle, held: under, process: worker.memory().peak };
    await worker.stop();
    await database.stop();
    bar.step();
  }
  server.stop();
  bar.end();
  return used;
}

/** A Worker with wasm in it, behind an entry that lets the inspector see its memory. */
export function watched(files) {
  if (!files.some(([, , kind]) => kind === "wasm")) return files;
  return [
    ...["wasm-memory-entry.mjs", "wasm-memory.mjs"].map((name) => [name, inRoot("bench", "lib", name), "esModule"]),
    ...files,
  ];
}

/** Bytes that the isolate holds after a collection. */
export async function held(worker) {
  const inspector = await inspect(worker.inspectorPort);
  const client = await open(worker.port);
  const collected = inspector.call("HeapProfiler.collectGarbage");
  // An idle isolate collects only with its next request, and that may come in before the inspector's message.
  const nudge = setInterval(() => void client.send(encode({ method: "GET", path: "/healthz" })).catch(() => {}), 50);
  await collected;
  clearInterval(nudge);
  const { usedSize, embedderHeapUsedSize, backingStorageSize } = await inspector.call("Runtime.getHeapUsage");
  const wasm = await inspector.evaluate("globalThis.wasmMemory?.() ?? 0");
  inspector.close();
  client.close();
  return usedSize + embedderHeapUsedSize + backingStorageSize + wasm;
}
