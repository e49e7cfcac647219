// npm run doctor -- URL [--json]: plays Portal, an app and the operator against a running Worker, with a throw-away user,
// and says of each thing whether it works and what to change if not.

import { readArguments } from "./lib/arguments.mjs";
import { examine } from "./lib/doctor/examine.mjs";
import { interruptible } from "./lib/doctor/interruptible.mjs";
import { placeOf } from "./lib/doctor/place.mjs";
import { jsonReport, lineReport } from "./lib/doctor/report.mjs";
import { parseTarget, readSecrets, readSettings } from "./lib/doctor/target.mjs";
import { Failure, main } from "./lib/log.mjs";
import { userPath } from "./lib/paths.mjs";
import { setupPackages } from "./lib/setup.mjs";

const USAGE = `npm run doctor -- URL [--vars FILE] [--env NAME] [--json] [--without-secrets] [--user-id ID] [--client-id ID]

  URL                 the Worker's origin: https://backup.example.com, or http://127.0.0.1:8787
  --vars FILE         NAME=value lines with what the environment does not say
  --env NAME          the environment of wrangler.toml that runs there, for what the doctor tells you to run (production)
  --json              one JSON object instead of lines
  --without-secrets   only what can be seen without them: that it is up, ready, and refuses wrong credentials
  --user-id ID        the test user's id, --client-id ID its client id: for CLIENT_AUTH jwt and portal

From the environment, or from --vars (for a Worker on this machine .dev.vars, if no other file is named):
  WEBHOOK_SECRET, ADMIN_TOKEN   as the Worker has them
  CLIENT_AUTH, FETCH_SUPERSEDED as the Worker has them, where they are not the defaults
  DOCTOR_CLIENT_TOKEN           the test user's token, for CLIENT_AUTH jwt and portal

Exit code: 0 all is well, 1 something failed, 2 it could not begin, 130 broken off (what it made is taken away all the same).`;

/** Everything that must be right before the first request. */
async function begin() {
  const { values, positionals } = readArguments({
    usage: USAGE,
    allowPositionals: true,
    options: {
      vars: { type: "string" },
      env: { type: "string" },
      json: { type: "boolean", default: false },
      "without-secrets": { type: "boolean", default: false },
      "user-id": { type: "string" },
      "client-id": { type: "string" },
    },
  });
  if (positionals.length !== 1) throw new Failure("Which Worker? Give one URL.", USAGE);
  const { url, loopback } = parseTarget(positionals[0]);
  await setupPackages();
  const file = userPath(values.vars);
  const secrets = values["without-secrets"] ? {} : readSecrets({ loopback, file });
  const missing = [
    [secrets.webhookSecret, "WEBHOOK_SECRET"],
    [secrets.adminToken, "ADMIN_TOKEN"],
  ].filter(([value]) => !value);
  if (missing.length > 0 && !values["without-secrets"]) {
    throw new Failure(
      `${missing.map(([, name]) => name).join(" and ")} ${missing.length > 1 ? "are" : "is"} not in the environment${file ? " nor in --vars" : loopback ? " nor in .dev.vars" : ""}.`,
      "Put what the Worker has into a file of NAME=value lines and say --vars FILE (or into the environment).\nOr look only from outside: --without-secrets.",
    );
  }
  const settings = readSettings({ loopback, file });
  const place = placeOf({ environment: values.env, loopback });
  return {
    url,
    place,
    secrets,
    settings,
    ids: { userId: values["user-id"], clientId: values["client-id"] },
    json: values.json,
  };
}

await main(async () => {
  let start;
  try {
    start = await begin();
  } catch (error) {
    if (error instanceof Failure) error.exitCode = 2;
    throw error;
  }
  const report = start.json ? jsonReport() : lineReport();
  report.begin(start.url);
  const outcome = await examine({ ...start, signal: interruptible().signal, report: report.check });
  report.end(outcome);
  return outcome.aborted ? 130 : outcome.ok ? 0 : 1;
}, USAGE);
