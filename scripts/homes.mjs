// npm run homes: the databases that users are spread over. See docs/scale.md.

import { readArguments } from "./lib/arguments.mjs";
import { localUrl } from "./lib/local-homes.mjs";
import { Failure, main, say } from "./lib/log.mjs";
import { userPath } from "./lib/paths.mjs";
import { setupPackages } from "./lib/setup.mjs";

const USAGE = `npm run homes -- [list | open N | close N | move … | rebuild] --url https://backup.example.com

  list                            number, binding, place, state, size, users, when the background served it
  open N, close N                 whether the database N takes new users
  move USER --to N                moves one user into the database N
  move --from N --until SIZE      moves users out of the database N, to open ones, until it has SIZE (6GB); --to N: to that one
  rebuild                         fills the directory anew from the databases
  --url URL                       the service; https, or http on this machine (default: that of npm run dev)
  --resume FILE                   where a move keeps how far it is (homes.move-state.json); the same command goes on with one that
                                  stopped less than 24 hours ago
  --vars FILE                     NAME=value lines with ADMIN_TOKEN (default: the environment, .dev.vars for this machine)

  Ends with 0 if all is done, with 2 if some users were not moved (each is listed with its reason), with 1 if it stopped.`;

await main(async () => {
  const { values, positionals } = readArguments({
    usage: USAGE,
    exitCode: 1, // 2 says something else here
    allowPositionals: true,
    options: {
      url: { type: "string", default: localUrl() },
      to: { type: "string" },
      from: { type: "string" },
      until: { type: "string" },
      resume: { type: "string", default: "homes.move-state.json" },
      vars: { type: "string" },
    },
  });
  refuseStrays(positionals, values);
  const [command = "list", about] = positionals;
  await setupPackages();
  const { serviceOf } = await import("./lib/moving/service.mjs");
  const { Progress } = await import("./lib/moving/progress.mjs");
  const homes = await import("./lib/homes.mjs");
  const { api } = serviceOf(values);
  const progress = (total, unit) => new Progress({ total, unit });

  switch (command) {
    case "list":
      process.stdout.write(`${homes.table(await homes.list(api))}\n`);
      return 0;
    case "open":
    case "close": {
      const state = command === "open" ? "open" : "closed";
      const { home } = await api.send("PUT", `/admin/homes/${homes.number(about, command)}`, { state });
      return say(`The database ${home} is ${state}.`);
    }
    case "move": {
      if (about !== undefined) {
        const to = homes.number(values.to, "--to");
        const { from, rows } = await api.send("POST", `/users/${encodeURIComponent(about)}/move`, { home: to });
        return say(rows === 0 ? `${about} is in the database ${to} already.` : `${about}: from ${from} to ${to}.`);
      }
      const from = homes.number(values.from, "--from");
      const { moved, stay } = await homes.moveMany(api, {
        from,
        until: homes.bytes(values.until),
        to: values.to === undefined ? undefined : homes.number(values.to, "--to"),
        stateFile: userPath(values.resume),
        progress,
      });
      say(`${moved} users moved out of the database ${from}${stay > 0 ? `, ${stay} not: see above` : ""}.`);
      return stay > 0 ? 2 : 0;
    }
    case "rebuild":
      return say(`${await homes.rebuildDirectory(api, { progress })} users entered: the directory is whole.`);
    default:
      throw new Failure(`Unknown: ${command}.`, USAGE);
  }
}, USAGE);

/** What a command has no use for: of two users or two databases only the first would be done, in silence. */
function refuseStrays(positionals, values) {
  const [command = "list", about] = positionals;
  const stray = positionals[["list", "rebuild"].includes(command) ? 1 : 2];
  if (stray !== undefined) throw new Failure(`Unexpected argument '${stray}'.`, USAGE);
  const taken = command !== "move" ? [] : about === undefined ? ["from", "until", "to"] : ["to"];
  const option = ["from", "until", "to"].find((name) => values[name] !== undefined && !taken.includes(name));
  if (option) throw new Failure(`--${option} is not for this.`, USAGE);
}
