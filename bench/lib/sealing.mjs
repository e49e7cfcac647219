// What sealing alone costs: the Worker's own glue, called many times inside one request.
import { join } from "node:path";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { compatibilityDate } from "./contenders.mjs";
import { median, progress } from "./figures.mjs";
import { encode, open } from "./load.mjs";
import { startWorker } from "./workerd.mjs";

const TIMES = 400;

/** → [{bytes, seal, open}]: CPU µs of sealing (with the digest) and of opening a share of that many bytes. */
export async function measureSealing(sizes, rounds) {
  const worker = await startWorker({
    files: [
      ["seal.mjs", inRoot("bench", "lib", "seal-worker.mjs"), "esModule"],
      ["glue.js", join(inRoot("src", "platform"), "glue.js"), "esModule"],
    ],
    compatibilityDate,
  });
  const client = await open(worker.port);
  const bar = progress("sealing alone", sizes.length * (rounds + 1) * 2);
  const cpu = async (what, bytes, times) => {
    const before = worker.cpuMicros();
    const { status, body } = await client.send(
      encode({ method: "GET", path: `/?what=${what}&bytes=${bytes}&times=${times}` }),
    );
    if (status !== 200) throw new Error(`sealing: ${status} ${body}`);
    return worker.cpuMicros() - before;
  };
  const figures = [];
  for (const bytes of sizes) {
    const samples = { seal: [], open: [] };
    for (let round = 0; round <= rounds; round++) {
      for (const what of ["seal", "open"]) {
        const base = await cpu(what, bytes, 0);
        const micros = (await cpu(what, bytes, TIMES)) - base;
        if (round > 0) samples[what].push(micros / TIMES);
        bar.step();
      }
    }
    figures.push({ bytes, seal: median(samples.seal), open: median(samples.open) });
  }
  bar.end();
  client.close();
  await worker.stop();
  return figures;
}
