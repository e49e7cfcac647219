// npm run import: takes users and shares into the service, from a file or straight from Postgres. See docs/moving.md.

import { readArguments } from "./lib/arguments.mjs";
import { Failure, main, note, say } from "./lib/log.mjs";
import { userPath } from "./lib/paths.mjs";
import { setupPackages } from "./lib/setup.mjs";

const USAGE = `npm run import -- FILE --url https://backup.example.com [options]

  FILE                  newline-delimited JSON (an export of this service, also sealed with age, or a dump of the tables of
                        Portal's guide), or a SQLite file. The URL of a database goes into SOURCE_URL: postgres://… or
                        mysql://… (on the command line others on this machine could read its password)
  --url URL             the service; https, or http on this machine
  --dry-run             asks the service what would become of each record, and stores nothing
  --replace-older       a share stored later than the one that is there takes its place, which then goes into the history
  --user-id COLUMN      which column of User your app uses as user id (default: id)
  --without SHARES      the database has no table of them: custodian-shares or user-shares
  --resume FILE         where to keep how far the import has come (default: beside FILE)
  --identity FILE       age identity that opens FILE
  --passphrase-file F   passphrase that opens FILE (or AGE_PASSPHRASE)
  --vars FILE           NAME=value lines with ADMIN_TOKEN, and SOURCE_URL or AGE_PASSPHRASE (default: the environment; of
                        ADMIN_TOKEN .dev.vars for this machine)

  Ends with 0 if everything is in, with 2 if some records are not (each is listed with its reason), with 1 if it stopped.`;

await main(async () => {
  const { values, positionals } = options();
  await setupPackages();
  const { onNodeWithSqlite } = await import("./lib/toolchain.mjs");
  const code = await onNodeWithSqlite();
  if (code !== undefined) return code;
  const { readIdentities, readPassphrase } = await import("./lib/moving/age.mjs");
  const { doubtAboutTimes, holdings, importAll, report } = await import("./lib/moving/importer.mjs");
  const { Progress } = await import("./lib/moving/progress.mjs");
  const { environmentWith } = await import("./lib/moving/secrets.mjs");
  const { serviceOf } = await import("./lib/moving/service.mjs");
  const { WITHOUT } = await import("./lib/moving/database-source.mjs");
  const { openSource, stateFileOf } = await import("./lib/moving/open-source.mjs");
  const { State } = await import("./lib/moving/state.mjs");

  const env = environmentWith(userPath(values.vars));
  const from = positionals[0] ?? env.SOURCE_URL;
  if (positionals.length > 1 || !from)
    throw new Failure("Say what to import: one FILE, or a database's URL in SOURCE_URL.", USAGE);
  const without = values.without ?? [];
  if (without.some((shares) => !WITHOUT.includes(shares)))
    throw new Failure(`--without is one of ${WITHOUT.join(", ")}.`, USAGE);
  const { api, origin } = serviceOf(values);
  const dryRun = Boolean(values["dry-run"]);
  const replaceOlder = Boolean(values["replace-older"]);
  await api.check();

  process.once("SIGINT", () => {
    say("\nStopped. What went in is safe; the same command goes on from here.");
    process.exit(130);
  });
  const source = await openSource(from, {
    userIdColumn: values["user-id"] ?? "id",
    without,
    identities: values.identity ? readIdentities(userPath(values.identity)) : [],
    passphrase: readPassphrase(userPath(values["passphrase-file"]), env),
  });
  note(`it holds ${holdings(source.counts)}`);
  const doubt = doubtAboutTimes(source);
  if (doubt) note(doubt);
  try {
    const stateFile = values.resume ?? stateFileOf(source);
    const state = new State(
      dryRun ? undefined : userPath(stateFile),
      `${source.about} → ${origin}${replaceOlder ? " replacing older" : ""}`,
    );
    if (state.resumed) note(`going on where the last run stopped (${stateFile})`);
    await importAll({
      source,
      api,
      state,
      dryRun,
      replaceOlder,
      progress: new Progress({ total: source.total, unit: "records" }),
    });
    if (state.skipped > 0)
      note(`${state.skipped.toLocaleString("en")} records were in from an earlier run and were not sent again`);
    process.stdout.write(`${report(state, { dryRun })}\n`);
    state.remove();
    return state.counts.conflict + state.counts.refused > 0 ? 2 : 0;
  } finally {
    await source.close();
  }
}, USAGE);

function options() {
  return readArguments({
    usage: USAGE,
    exitCode: 1, // 2 says something else here
    allowPositionals: true,
    options: {
      url: { type: "string" },
      "dry-run": { type: "boolean" },
      "replace-older": { type: "boolean" },
      "user-id": { type: "string" },
      without: { type: "string", multiple: true },
      resume: { type: "string" },
      identity: { type: "string" },
      "passphrase-file": { type: "string" },
      vars: { type: "string" },
    },
  });
}
