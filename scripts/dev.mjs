// npm run dev: everything a fresh clone lacks, then the Worker on http://127.0.0.1:8787. PORT and PERSIST_TO change where.

import { existsSync } from "node:fs";

import { buildWorker, servedProfile } from "./lib/build.mjs";
import { persistDir } from "./lib/d1.mjs";
import { bindingsOf, configOf, databasesFrom, folderOf } from "./lib/local-homes.mjs";
import { Failure, main, say } from "./lib/log.mjs";
import { claimFolder } from "./lib/one-server.mjs";
import { inRoot, wranglerConfig } from "./lib/paths.mjs";
import { portIsFree, serveThroughEdits } from "./lib/serve.mjs";
import { setup } from "./lib/setup.mjs";

const USAGE = `npm run dev [-- WRANGLER_OPTION…]

  Serves the Worker on http://127.0.0.1:8787 until Ctrl-C. Options are handed to \`wrangler dev\`, and it refuses what it
  does not know.

From the environment:
  PORT         another port than 8787
  PERSIST_TO   another folder for the local D1
  DATABASES    users spread over so many databases, with a directory (docs/scale.md)`;

await main(async () => {
  const args = process.argv.slice(2);
  if (args.length > 0 && !args[0].startsWith("-")) throw new Failure(`Unexpected argument '${args[0]}'.`, USAGE, 2);
  const port = portFrom(process.env.PORT || "8787");
  const databases = databasesFrom(process.env.DATABASES);
  const persistTo = folderOf(databases);
  if (!(await portIsFree(port))) {
    throw new Failure(
      `Port ${port} of 127.0.0.1 is taken: another program listens there, perhaps another \`npm run dev\`.`,
      `End it, or take another port: PORT=${port + 1} npm run dev`,
    );
  }
  claimFolder(persistDir(persistTo), `http://127.0.0.1:${port}`);
  const config = configOf(databases);
  await setup({ persistTo, config, bindings: bindingsOf(databases) });
  await buildWorker({ profile: servedProfile });
  return serveThroughEdits({
    file: wranglerConfig,
    options: () => ({ port, persistTo, config: configOf(databases), args }),
    onReady: (url) => greet(url, persistTo),
  });
}, USAGE);

function portFrom(text) {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_534) {
    throw new Failure(`PORT=${text} is not a port.`, "Give a number from 1 to 65534, for example PORT=8801.");
  }
  return port;
}

async function greet(url, persistTo) {
  const trouble = await troubleOf(url);
  const next = existsSync(inRoot("README.md")) ? 'the walk in README.md, "Try it"' : `curl ${url}/healthz`;
  say(`
  portal-backup-worker is up: ${url}
  console    ${url}/console (sign in with ADMIN_TOKEN; \`npm run seed -- --demo\` fills it with made-up users)
  secrets    .dev.vars (WEBHOOK_SECRET, ADMIN_TOKEN; made at random, for this machine only)
  database   ${persistDir(persistTo)}
  next       ${next}
  A change in src/ is built and served at once, one in .dev.vars when this is started again. Ctrl-C ends everything.
${trouble ? `  It is NOT READY: ${trouble}\n` : ""}`);
}

/** Why it is not ready, if it is not: a Worker whose settings are wrong is up as well. */
async function troubleOf(url) {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(10_000) });
    return answer.ok ? undefined : (await answer.json()).detail;
  } catch {
    return undefined; // wrangler may be loading it once more.
  }
}
