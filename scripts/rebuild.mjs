// npm run rebuild: a database out of its second copy (docs/second-copy.md), or the directory out of the databases (docs/scale.md).

import { readArguments, wholeNumber } from "./lib/arguments.mjs";
import { Failure, main, note, say } from "./lib/log.mjs";
import { userPath } from "./lib/paths.mjs";
import { setupPackages } from "./lib/setup.mjs";

const USAGE = `npm run rebuild -- --url URL [--home N] (--into BINDING | --merge | --check [--into BINDING]) [options]
       npm run rebuild -- --url URL --directory

  --home N          the home whose copy is read: 0, unless there are several databases
  --into BINDING    rebuilds it into the D1 that the Worker has under this name (wrangler.toml): a new one, with the
                    migrations applied
  --merge           gives the home's own database what the copy has and it has not: after Time Travel
  --check           compares the copy with the home's database, row for row; with --into, rebuilds into that scratch database first,
                    and compares it too
  --directory       fills the directory anew from the databases: whoever lives in one of them is entered
  --url URL         the service; https, or http on this machine
  --parallel N      pages at once, 1 to 16; 4 if it is left out
  --resume FILE     where --into and --merge keep how far they are (rebuild-state.json); the same
                    command goes on with a run that stopped less than 24 hours ago
  --vars FILE       NAME=value lines with ADMIN_TOKEN (default: the environment, .dev.vars for this machine)

  Ends with 0 if all is well, with 2 if something is missing, differs, is damaged or does not open (each is listed), or if
  changes wait to be copied, whose users are left out; with 1 if it stopped:
  the same command goes on.`;

await main(async () => {
  const { values } = readArguments({
    usage: USAGE,
    exitCode: 1,
    options: {
      home: { type: "string", default: "0" },
      into: { type: "string" },
      merge: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      directory: { type: "boolean", default: false },
      url: { type: "string" },
      parallel: { type: "string", default: "4" },
      resume: { type: "string", default: "rebuild-state.json" },
      vars: { type: "string" },
    },
  });
  const home = wholeNumber({ option: "--home", text: values.home, least: 0, most: 1_000_000, usage: USAGE });
  const parallel = wholeNumber({ option: "--parallel", text: values.parallel, least: 1, most: 16, usage: USAGE });
  const { into, merge, check, directory } = values;
  if (directory && (into || merge || check)) throw new Failure("--directory goes by itself.", USAGE);
  if (!directory && (merge ? check || into : !check && !into))
    throw new Failure("Say one of --into BINDING, --merge, --check and --directory.", USAGE);
  await setupPackages();
  const { serviceOf } = await import("./lib/moving/service.mjs");
  const { Progress } = await import("./lib/moving/progress.mjs");
  const { uncopied, waiting, walk } = await import("./lib/copy/walk.mjs");
  const { findings, summary, tell } = await import("./lib/copy/report.mjs");
  const { api } = serviceOf(values);
  if (directory) {
    const { rebuildDirectory } = await import("./lib/homes.mjs");
    say("Rebuilding the directory from the databases");
    const users = await rebuildDirectory(api, { progress: (total, unit) => new Progress({ total, unit }) });
    process.stdout.write(`${users.toLocaleString("en")} users entered: the directory is whole.\n`);
    return 0;
  }

  const doing = async (title, work) => {
    say(title);
    const progress = new Progress({ partOf: "the copy" });
    const done = await walk({ api, work, parallel, progress, stateFile: userPath(values.resume) });
    note(summary(done));
    return done;
  };
  /** `work` between two looks whether changes of the home wait: what waits at either end was left out. */
  const settled = async (work) => {
    const before = await waiting({ api, home });
    const found = await work();
    // What stays for seconds will stay.
    const after = before > 0 ? 0 : await waiting({ api, home });
    return { ...found, waiting: Math.max(found.waiting, before, after) };
  };
  const compared = async (title, work, around = (compare) => compare()) => {
    const found = await around(() => doing(title, work));
    const totals = await api.post("/admin/rebuild", { ...work, mode: "totals" });
    // Notes that wait make the counts inexact.
    if (totals.pending > 0 || totals.users + totals.deleted > found.users + found.deleted)
      found.users = await uncopied({ api, work });
    else found.users = [];
    return findings(found);
  };

  const wrong = [];
  if (into) {
    const work = { home, mode: "into", into };
    wrong.push(...findings({ ...(await doing(`Rebuilding home ${home} into ${into}`, work)), users: [] }));
    // A scratch database of a drill takes nobody's place.
    if (!check && (await api.post("/admin/rebuild", { ...work, mode: "done" })).takesOver)
      note(`${into} has taken the place of the lost home ${home}.`);
    wrong.push(...(await compared(`Comparing the copy with ${into}`, { home, mode: "check", into })));
  }
  if (merge) {
    const found = await settled(() => doing(`Merging the copy into home ${home}`, { home, mode: "merge" }));
    wrong.push(...findings({ ...found, users: [] }));
  }
  if (check) wrong.push(...(await compared(`Comparing the copy with home ${home}`, { home, mode: "check" }, settled)));
  const lines = [...new Set(wrong)];
  tell(lines);
  process.stdout.write(lines.length === 0 ? "All is well.\n" : `Not well: ${lines.length} findings.\n`);
  return lines.length === 0 ? 0 : 2;
}, USAGE);
