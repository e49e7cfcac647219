// Instructions per request, counted by valgrind: what other work on the machine does not move, unlike a time. In user
// space only; and an instruction is not always as dear, so this is no substitute for the CPU times.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { contenders } from "./contenders.mjs";
import { median, progress, table } from "./figures.mjs";
import { load } from "./load.mjs";
import { origin } from "./report.mjs";
import { SIZES, startAll } from "./requests.mjs";
import { ROUTES } from "./routes.mjs";

const WARM_UP = 2_000;
const REQUESTS = 300;
const REPEATS = 3;

/** Counts for each contender and share route at the least size, prints a table and writes it to `path`. */
export async function countInstructions(path) {
  if (spawnSync("valgrind", ["--version"]).status !== 0) {
    console.error("Counting instructions needs valgrind (apt-get install valgrind).");
    process.exit(1);
  }
  const dir = mkdtempSync(join(tmpdir(), "bench-instructions-"));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  const { copy, ...all } = await contenders();
  for (const [name, contender] of Object.entries(all)) {
    const options = [
      "--tool=callgrind",
      "--smc-check=all-non-file",
      "--instr-atstart=no",
      `--callgrind-out-file=${join(dir, name)}.%p`,
    ];
    contender.under = ["valgrind", "-q", ...options];
  }
  const { server, running, stop } = await startAll(all);
  const [size] = SIZES;
  const names = Object.keys(running);
  const bar = progress("Instructions", names.length * Object.keys(ROUTES).length * (REPEATS + 1));
  const counted = {};
  for (const name of names) {
    const { worker } = running[name];
    const control = (option, ...more) =>
      execFileSync("callgrind_control", [option, ...more, String(worker.pid)], { stdio: "pipe" });
    const send = async (route, total) => {
      await server.replay(name, `${route} ${size}`);
      const bytes = ROUTES[route].request(size, "second");
      await load(worker.port, { next: () => bytes, total, connections: 4, expect: ROUTES[route].expect });
    };
    for (const route of Object.keys(ROUTES)) {
      await send(route, WARM_UP);
      bar.step();
    }
    for (const route of Object.keys(ROUTES)) {
      const samples = [];
      for (let i = 0; i < REPEATS; i++) {
        control("-i", "on");
        await send(route, 5); // what valgrind translates anew is not counted
        control("-z");
        await send(route, REQUESTS);
        control("-d");
        control("-i", "off");
        samples.push(takeTotal(dir) / REQUESTS);
        bar.step();
      }
      (counted[route] ??= {})[name] = median(samples);
    }
  }
  bar.end();
  await stop();
  const text = describe(counted, running, size);
  console.log(text);
  writeFileSync(path, `${text.trimEnd()}\n`);
}

/** The sum in the dump that has just been written, which is removed. */
function takeTotal(dir) {
  const [dump] = readdirSync(dir).filter((file) => /\.\d+\.\d+$/.test(file));
  const [, total] = /^(?:totals|summary): *(\d+)/m.exec(readFileSync(join(dir, dump), "utf8"));
  rmSync(join(dir, dump));
  return Number(total);
}

function describe(counted, running, size) {
  const names = Object.keys(running);
  const others = names.filter((name) => name !== "ours");
  const header = [
    `share of ${size / 1024} KiB`,
    ...names.map((name) => running[name].title),
    ...others.map((name) => `ours, as a part of: ${running[name].title}`),
  ];
  const rows = Object.entries(counted).map(([route, of]) => [
    ROUTES[route].title,
    ...names.map((name) => `${Math.round(of[name] / 1000)}`),
    ...others.map((name) => `${(of.ours / of[name]).toFixed(2)} ×`),
  ]);
  return `# Instructions per request, in thousands

${origin("--instructions").join("\n")}
In user space, all threads, after ${WARM_UP.toLocaleString("en")} requests of each route; the median of ${REPEATS} counts over ${REQUESTS} requests.

${table(header, rows)}
`;
}
