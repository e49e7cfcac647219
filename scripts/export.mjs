// npm run export: a copy of every user and share, inside an age file. See docs/moving.md.

import { readArguments } from "./lib/arguments.mjs";
import { Failure, main, note, say } from "./lib/log.mjs";
import { userPath } from "./lib/paths.mjs";
import { setupPackages } from "./lib/setup.mjs";

const USAGE = `npm run export -- FILE --url https://backup.example.com (--recipient age1… | --passphrase-file F) [options]

  FILE                  the copy, sealed with age; it must not be there yet
  --url URL             the service; https, or http on this machine
  --recipient KEY       age public key that the copy is sealed for; may be given more than once
  --passphrase-file F   passphrase that the copy is sealed under (or AGE_PASSPHRASE)
  --vars FILE           NAME=value lines with ADMIN_TOKEN and SHARE_ENCRYPTION_KEYS (default: the environment, .dev.vars for
                        this machine)

  Ends with 0 if everything is in the copy, with 2 if a share did not open (each is listed), with 1 if there is no copy.`;

const NAMES = {
  users: "users",
  deletedUsers: "deleted users",
  custodianBackupShares: "custodian shares",
  userBackupShares: "user shares",
};

await main(async () => {
  const { values, positionals } = options();
  await setupPackages();
  const { readPassphrase } = await import("./lib/moving/age.mjs");
  const { Api, serviceUrl } = await import("./lib/moving/api.mjs");
  const { differences, exportAll } = await import("./lib/moving/exporter.mjs");
  const { Progress } = await import("./lib/moving/progress.mjs");
  const { openingKeys } = await import("./lib/moving/sealed.mjs");
  const { environmentWith, secretsFor } = await import("./lib/moving/secrets.mjs");

  if (positionals.length !== 1) throw new Failure("Say where the copy goes: one FILE.", USAGE);
  const file = userPath(positionals[0]);
  const { origin, local } = serviceUrl(values.url);
  const recipients = values.recipient ?? [];
  const passphrase =
    recipients.length > 0
      ? undefined
      : readPassphrase(userPath(values["passphrase-file"]), environmentWith(userPath(values.vars)));
  if (recipients.length > 0 && values["passphrase-file"])
    throw new Failure("Say --recipient or --passphrase-file, not both.");
  if (recipients.length === 0 && !passphrase)
    throw new Failure("Say what to seal the copy with: --recipient age1… or --passphrase-file FILE.", USAGE);

  const secret = secretsFor({ local, file: userPath(values.vars) });
  const token = secret("ADMIN_TOKEN", "the operator's token of the service");
  const keys = await openingKeys(
    secret("SHARE_ENCRYPTION_KEYS", "shares leave the service sealed, this command opens them"),
  );

  const api = new Api({ origin, token });
  const status = await api.status();
  const copy = await exportAll({
    api,
    keys,
    file,
    recipients,
    passphrase,
    // Without the history, which nobody counts beforehand.
    progress: new Progress({ unit: "records", total: status.users + status.shares }),
    // At once: with the keys of another environment it is every share there is.
    tell: (problem) => say(`not in the copy: ${problem}`),
  });
  const { counts, databases, unopened } = copy;
  const of = databases.length > 1 ? " of one of the databases, which" : ", the database";
  const told = Object.entries(counts).map(([kind, count]) => `${count.toLocaleString("en")} ${NAMES[kind]}`);
  process.stdout.write(
    `${positionals[0]}: ${told.join(", ")}${unopened > 0 ? `; ${unopened.toLocaleString("en")} did not open` : ""}\n`,
  );
  const different = differences(copy);
  for (const { kind, copy, there } of different)
    say(`The copy has ${copy.toLocaleString("en")} ${NAMES[kind]}${of} had ${there.toLocaleString("en")} at the end.`);
  if (different.length > 0)
    say(
      "  What came, was replaced, moved or erased while the export ran makes such a difference. If nothing was, make the copy again.",
    );
  else if (databases.length > 0 && unopened === 0)
    note(databases.length > 1 ? "each database holds just as many" : "the database holds just as many");
  return unopened > 0 ? 2 : 0;
}, USAGE);

function options() {
  return readArguments({
    usage: USAGE,
    exitCode: 1, // 2 says something else here
    allowPositionals: true,
    options: {
      url: { type: "string" },
      recipient: { type: "string", multiple: true },
      "passphrase-file": { type: "string" },
      vars: { type: "string" },
    },
  });
}
