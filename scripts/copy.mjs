// npm run copy -- verify: compares the second copy with the database, both ways. See docs/second-copy.md.

import { readArguments, wholeNumber } from "./lib/arguments.mjs";
import { Failure, main, note, say } from "./lib/log.mjs";
import { setupPackages } from "./lib/setup.mjs";

const USAGE = `npm run copy -- verify --url URL [--home N] [--vars FILE]

  verify        reads every object of the copy, opens every share in it, and compares it with the database, row for row; and looks
                for each user of the database in the copy
  --home N      of several databases this one alone; all of them if it is left out
  --url URL     the service; https, or http on this machine
  --parallel N  pages at once, 1 to 16; 4 if it is left out
  --vars FILE   NAME=value lines with ADMIN_TOKEN (default: the environment, .dev.vars for this machine)

  Ends with 0 if they are alike, with 2 if not (each difference is listed), with 1 if it stopped. It waits some seconds for changes that are
  not copied yet. If they stay, their users are left out, and it ends with 2.`;

await main(async () => {
  const { values, positionals } = readArguments({
    usage: USAGE,
    exitCode: 1,
    allowPositionals: true,
    options: {
      home: { type: "string" },
      url: { type: "string" },
      parallel: { type: "string", default: "4" },
      vars: { type: "string" },
    },
  });
  if (positionals.length !== 1 || positionals[0] !== "verify") throw new Failure("Say what to do: verify.", USAGE);
  const only = wholeNumber({ option: "--home", text: values.home ?? "0", least: 0, most: 1_000_000, usage: USAGE });
  const parallel = wholeNumber({ option: "--parallel", text: values.parallel, least: 1, most: 16, usage: USAGE });
  await setupPackages();
  const { serviceOf } = await import("./lib/moving/service.mjs");
  const { Progress } = await import("./lib/moving/progress.mjs");
  const { uncopied, waiting, walk } = await import("./lib/copy/walk.mjs");
  const { findings, summary, tell } = await import("./lib/copy/report.mjs");
  const { api } = serviceOf(values);
  /** The lines that name what is wrong with the copy of a home. */
  const wrongWith = async (home) => {
    const work = { home, mode: "check" };
    const progress = new Progress({ partOf: "the copy" });
    const before = await waiting({ api, home });
    const found = await walk({ api, work, parallel, progress });
    note(summary(found));
    // What stays for seconds will stay.
    const after = before > 0 ? 0 : await waiting({ api, home });
    return findings({
      ...found,
      waiting: Math.max(before, after),
      users: await uncopied({ api, work: { home } }),
    });
  };
  const { homes } = await api.status();
  const all = values.home === undefined ? (homes?.map(({ home }) => home) ?? [only]) : [only];
  let wrong = 0;
  for (const home of all) {
    if (homes) say(`Comparing the copy with home ${home}`);
    const lines = await wrongWith(home);
    tell(lines);
    wrong += lines.length;
  }
  process.stdout.write(wrong === 0 ? "The copy and the database are alike.\n" : `Not well: ${wrong} findings.\n`);
  return wrong === 0 ? 0 : 2;
}, USAGE);
