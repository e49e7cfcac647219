// npm run deploy's arguments.

import { readArguments } from "../arguments.mjs";
import { Failure } from "../log.mjs";
import { serviceUrl } from "../moving/api.mjs";
import { userPath } from "../paths.mjs";

const LOCATIONS = ["weur", "eeur", "apac", "oc", "wnam", "enam"];
/** As src/config/homes.rs takes it. */
const PLACE = /^[a-z0-9-]{1,32}$/;
export const JURISDICTIONS = ["eu", "us", "fedramp"];

export const USAGE = `npm run deploy [-- --env production] [--dry-run] …

  --env NAME            the environment of wrangler.toml; production if none is named. A new one, such as staging, is
                        made from production's, with a Worker, a database and limits of its own
  --dry-run             show each step, build, and let wrangler check the bundle; needs no login, changes nothing
  --location HINT       where a new database should be: ${LOCATIONS.join(", ")}; or auto: near to this machine
  --jurisdiction NAME   keep a new database within ${JURISDICTIONS.join(", ")} (instead of a location)
  --existing-database   take the database of the configured name that is in the account already
  --copy                keep a second copy of every share in a bucket of R2 (written into wrangler.toml; docs/second-copy.md)
  --add-home            add one more database for users to live in (docs/scale.md), where --location or --jurisdiction says; the
                        first time also the directory that says who is where (written into wrangler.toml)
  --place NAME          how POST /users names where the new home is; the jurisdiction's name if it is left out
  --rebind NAME         let the live binding NAME (DB, DB_1, DIRECTORY, COPY, …) go, or get another database or bucket; may be given more than once
  --recipient KEY       keep the sealing keys in escrow for this age recipient; may be given more than once
  --domain HOST         serve on this custom domain of a zone in your account (written into wrangler.toml)
  --take-over-domain    serve on the host name although it answers in DNS already: take it from the record or Worker that has it
  --operators-domain HOST  a second custom domain, for operators behind Cloudflare Access (SECURITY.md)
  --var NAME=VALUE      set a variable of wrangler.toml (written there); may be given more than once
  --workers-dev         serve on workers.dev: for a first try, or without a domain (written into wrangler.toml)
  --secrets-out FILE    write the secrets that are made into this new file, instead of showing them on the terminal; a run
                        that comes after a failed one takes them from there
  --vars FILE           NAME=value lines with secrets; they win over the environment
  --url URL             where the doctor finds the Worker, if wrangler does not say it; https, or http on this machine
  --no-doctor           do not examine the Worker afterwards

Missing secrets are taken from the environment or from --vars where they are there by name (WEBHOOK_SECRET, …), else asked for
or made.`;

export function parseOptions(args, env = process.env) {
  const { values } = readArguments({
    usage: USAGE,
    args,
    options: {
      env: { type: "string" },
      "dry-run": { type: "boolean", default: false },
      location: { type: "string" },
      jurisdiction: { type: "string" },
      "existing-database": { type: "boolean", default: false },
      copy: { type: "boolean", default: false },
      "add-home": { type: "boolean", default: false },
      place: { type: "string" },
      rebind: { type: "string", multiple: true },
      recipient: { type: "string", multiple: true },
      domain: { type: "string" },
      "operators-domain": { type: "string" },
      "take-over-domain": { type: "boolean", default: false },
      var: { type: "string", multiple: true },
      "workers-dev": { type: "boolean", default: false },
      "secrets-out": { type: "string" },
      vars: { type: "string" },
      url: { type: "string" },
      "no-doctor": { type: "boolean", default: false },
    },
  });
  oneOf("location", values.location, [...LOCATIONS, "auto"]);
  oneOf("jurisdiction", values.jurisdiction, JURISDICTIONS);
  if (values.location && values.jurisdiction) {
    throw new Failure(
      "--location and --jurisdiction exclude each other.",
      "A jurisdiction decides by itself where the database is.",
    );
  }
  if (values.place !== undefined && !values["add-home"])
    throw new Failure("--place is about the database that --add-home adds.", "Give both.");
  if (values.place !== undefined && !PLACE.test(values.place)) {
    throw new Failure(`--place ${values.place} is no name of a place.`, "It has small letters, digits and hyphens.");
  }
  if (values["add-home"] && env.CI) {
    throw new Failure(
      "A build server is not the place to add a home: what is written into wrangler.toml would be lost with this checkout.",
      "Run it on your own machine, and commit wrangler.toml.",
    );
  }
  if (values.domain !== undefined && values["workers-dev"]) {
    throw new Failure("--domain and --workers-dev exclude each other.", "Give one of them.");
  }
  for (const name of ["domain", "operators-domain"]) {
    const host = values[name];
    if (host === undefined || /^([a-z0-9-]+\.)+[a-z]{2,}$/i.test(host)) continue;
    throw new Failure(
      `--${name} ${host} is not a host name.`,
      "Give it without https:// and without a path, such as backup.example.com",
    );
  }
  const vars = (values.var ?? []).map((text) => {
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=([^"\\\r\n]*)$/.exec(text) ?? [];
    if (!name)
      throw new Failure(
        "--var is not like NAME=VALUE.",
        "The value is a text without quotes, backslashes and line breaks.",
      );
    return { name, value };
  });
  return {
    environment: values.env || "production",
    dryRun: values["dry-run"],
    location: values.location,
    jurisdiction: values.jurisdiction,
    existingDatabase: values["existing-database"],
    copy: values.copy,
    addHome: values["add-home"],
    place: values.place ?? (values["add-home"] ? values.jurisdiction : undefined),
    rebind: values.rebind ?? [],
    recipients: values.recipient ?? [],
    domain: values.domain?.toLowerCase(),
    operatorsDomain: values["operators-domain"]?.toLowerCase(),
    takeOverDomain: values["take-over-domain"],
    vars,
    workersDev: values["workers-dev"] || (env.WORKERS_CI === "1" && !values.domain),
    secretsOut: userPath(values["secrets-out"]),
    varsFile: userPath(values.vars),
    /** ADMIN_TOKEN goes there: checked here, once, for every step. */
    url: values.url === undefined ? undefined : serviceUrl(values.url).origin,
    doctor: !values["no-doctor"],
    /** A checkout that nobody keeps: what is written there is lost. */
    ephemeral: Boolean(env.CI),
    /** Cloudflare's own builds, also those of the deploy button: the dashboard has asked for the secrets. */
    workersBuilds: env.WORKERS_CI === "1",
  };
}

function oneOf(name, value, allowed) {
  if (value === undefined || allowed.includes(value)) return;
  throw new Failure(`--${name} ${value} is unknown.`, `It is one of ${allowed.join(", ")}.`);
}

export const locations = Object.freeze({
  weur: "Western Europe",
  eeur: "Eastern Europe",
  enam: "Eastern North America",
  wnam: "Western North America",
  apac: "Asia-Pacific",
  oc: "Oceania",
});
