// npm run seed: fills the local D1 with users and shares.
//
// --demo makes a dozen users in every state. Else every user has two custodian shares and a user share under GDRIVE, sealed with the key of .dev.vars, so that the
// Worker opens them. User 7 is `user-0000007`, with the client API key `client-api-key-0000007`.

import { readArguments } from "./lib/arguments.mjs";
import { seedDemo } from "./lib/demo.mjs";
import { localDatabases, seed, seededUser } from "./lib/seed.mjs";
import { seedHomes } from "./lib/seed-homes.mjs";
import { readDevVars } from "./lib/dev-vars.mjs";
import { persistDir } from "./lib/d1.mjs";
import { bindingsOf, configOf, databasesFrom, folderOf, localUrl } from "./lib/local-homes.mjs";
import { Failure, main, note, say } from "./lib/log.mjs";
import { Progress } from "./lib/moving/progress.mjs";
import { setup } from "./lib/setup.mjs";
import { onNodeWithSqlite } from "./lib/toolchain.mjs";

const USAGE = `npm run seed [-- --demo] [--users=1000] [--share-bytes=200] [--homes=1] [--persist-to=DIR]

  --demo            a dozen made-up users in every state instead, with 90 days of events, for the console
  --users=N         how many users the local D1 gets
  --share-bytes=N   how long each share is
  --homes=N         spreads them over N databases with a directory: those of DATABASES=N npm run dev
  --persist-to=DIR  where the local D1 is (default: PERSIST_TO, as for npm run dev)`;

await main(async () => {
  const { values } = readArguments({
    usage: USAGE,
    options: {
      demo: { type: "boolean", default: false },
      users: { type: "string", default: "1000" },
      "share-bytes": { type: "string", default: "200" },
      homes: { type: "string" },
      "persist-to": { type: "string" },
    },
  });
  const users = Number(values.users);
  const shareBytes = Number(values["share-bytes"]);
  const homes = databasesFrom(values.homes, "--homes");
  const persistTo = folderOf(homes, values["persist-to"]);
  if (values.demo && homes > 1) throw new Failure("--demo is about one database.", USAGE, 2);
  if (!(Number.isInteger(users) && users > 0 && Number.isInteger(shareBytes) && shareBytes >= 32)) {
    throw new Failure("--users is a whole number from 1, --share-bytes one from 32.", USAGE, 2);
  }
  const databases = { persistTo, config: configOf(homes), bindings: bindingsOf(homes) };
  await setup(databases);
  const code = await onNodeWithSqlite();
  if (code !== undefined) return code;
  const [file] = localDatabases(persistDir(persistTo));
  if (!file) throw new Failure(`There is no local D1 in ${persistDir(persistTo)}.`);
  if (values.demo) {
    const ids = await seedDemo(file, readDevVars().SHARE_ENCRYPTION_KEYS);
    note(`${ids.length} made-up users: ${ids.join(", ")}`);
    return note(`look at them in the console: ${localUrl()}/console, with the ADMIN_TOKEN of .dev.vars`);
  }
  const bar = new Progress({ total: users, unit: "users" });
  let done = 0;
  const onProgress = (n) => bar.show((done += n));
  const what = { users, shareBytes, keys: readDevVars().SHARE_ENCRYPTION_KEYS, onProgress };
  try {
    if (homes > 1) await seedHomes({ homes, persistTo, ...what });
    else await seed(file, what);
  } finally {
    // wrangler's getPlatformProxy may leave a server open after its `dispose` (4.156.0, seen once). The command ends all the same.
    setTimeout(() => process.exit(), 5_000).unref();
  }
  bar.end();
  const { id, apiKey } = seededUser(users - 1);
  const dev = homes > 1 ? `DATABASES=${homes} npm run dev` : "npm run dev";
  note(`the last one is ${id}; ask for its share while ${dev} is running:`);
  say(`curl -H 'Authorization: Bearer ${apiKey}' '${localUrl()}/users/${id}/user-backup-share?backupMethod=GDRIVE'`);
}, USAGE);
