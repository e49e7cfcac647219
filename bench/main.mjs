// The benchmark: `npm run bench`, or `npm run bench -- --quick` for one of about two minutes; `npm run bench --
// --instructions` counts instead of timing.
import { readFileSync, writeFileSync } from "node:fs";

import { inRoot } from "../scripts/lib/paths.mjs";
import { measureCold } from "./lib/cold.mjs";
import { contenders, empty, gzipSize } from "./lib/contenders.mjs";
import { measureMemory, measureStart } from "./lib/footprint.mjs";
import { measurePostgres } from "./lib/postgres.mjs";
import { measurePage } from "./lib/page.mjs";
import { report, sectionOf, withSection } from "./lib/report.mjs";
import { SIZES, measureRequests, startAll } from "./lib/requests.mjs";
import { measureScale } from "./lib/scale.mjs";
import { measureSealing } from "./lib/sealing.mjs";

const quick = process.argv.includes("--quick");
const effort = quick
  ? {
      requests: { rounds: 7, requests: 150, warmUp: 300 },
      postgres: { rounds: 3, requests: 150 },
      start: 7,
      page: 5,
      cold: 7,
      sealing: 3,
      users: [1_000, 50_000],
      scale: { rounds: 4, requests: 60 },
    }
  : {
      requests: { rounds: 13, requests: 400, warmUp: 1_000 },
      postgres: { rounds: 5, requests: 200 },
      start: 15,
      page: 15,
      cold: 31,
      sealing: 9,
      users: [1_000, 100_000, 1_000_000],
      scale: { rounds: 12, requests: 100 },
    };

if (process.platform !== "linux") {
  console.error("The benchmark reads CPU times from /proc: it runs on Linux, in a container for example.");
  process.exit(1);
}

if (process.argv.includes("--instructions")) {
  const { countInstructions } = await import("./lib/instructions.mjs");
  await countInstructions(inRoot("bench", "instructions.md"));
  process.exit(0);
}

const results = inRoot("bench", "results.md");
const option = (name) => process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
if (process.argv.includes("--copy")) {
  const { measureCopy } = await import("./lib/copy.mjs");
  keep(await measureCopy({ users: Number(option("users") ?? 5_000), effort: effort.requests }));
  process.exit(0);
}
if (process.argv.includes("--homes")) {
  const { measureHomes } = await import("./lib/homes.mjs");
  keep(await measureHomes(effort));
  process.exit(0);
}
if (process.argv.includes("--moving")) {
  const { measureMoving } = await import("./lib/moving.mjs");
  keep(await measureMoving({ users: Number(option("users") ?? 20_000), before: option("before") }));
  process.exit(0);
}
if (process.argv.includes("--cold")) {
  keep(await measureCold(await contenders(), effort.cold));
  process.exit(0);
}
if (process.argv.includes("--page")) {
  const section = await measurePage(effort.page);
  if (section === undefined) {
    console.error("The page is measured in Chromium, and there is none. Install it, or name it in CHROMIUM_BIN.");
    process.exit(1);
  }
  keep(section);
  process.exit(0);
}

const all = await contenders();
const { copy, ...once } = all;
const running = await startAll(all);
const requests = await measureRequests(running, effort.requests);
await running.stop();
const text = report({
  quick,
  requests,
  counts: running.counts,
  titles: Object.fromEntries(Object.entries(all).map(([name, { title }]) => [name, title])),
  postgres: await measurePostgres(effort.postgres),
  start: await measureStart({ empty, ...once }, effort.start),
  memory: await measureMemory(once),
  sizes: Object.fromEntries(Object.entries({ empty, ...once }).map(([name, contender]) => [name, gzipSize(contender)])),
  sealing: await measureSealing(SIZES, effort.sealing),
  scale: await measureScale(all.ours, effort.users, effort.scale),
});
console.log(text);
// A quick look does not take the place of a whole run.
const before = existing(results);
const isKept = !quick || !before || before.includes("--quick");
if (isKept) {
  // The figures of `--moving`, `--copy` and `--homes` are of runs of their own.
  const own = ["## Moving ", "## The second copy", "## Many databases"].map(
    (title) => before && sectionOf(before, title),
  );
  writeFileSync(results, own.filter(Boolean).reduce(withSection, text));
}
// Each is kept as soon as it is there: a run takes half an hour.
for (const measure of [() => measureCold(all, effort.cold), () => measurePage(effort.page)]) {
  const section = await measure();
  if (section && isKept) keep(section);
  else if (section) console.log(section);
}

/** Prints a section, and puts it into bench/results.md in the place of the one before. */
function keep(section) {
  console.log(section);
  writeFileSync(results, withSection(existing(results) ?? "", section));
}

function existing(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
