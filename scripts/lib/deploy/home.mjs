// npm run deploy -- --add-home: one more database for users to live in, and the directory that says who is where. docs/scale.md.

import { setTimeout as sleep } from "node:timers/promises";

import { Failure, note, say } from "../log.mjs";
import { writeDatabases, writeEveryMinute, writePlace, writeQueue } from "./config.mjs";
import { bucketBinding } from "./copy.mjs";
import { change } from "./settings.mjs";

/** More homes than one run a minute serves every quarter of an hour: 16 at a time (docs/scale.md). */
const HOMES_WITHOUT_QUEUE = 250;

/** A deployment reaches every place within seconds. */
const OPEN_WITHIN_MS = 120_000;
const LOOK_MS = 3_000;

/** What is to be bound: the next home, and the directory if there is none. */
function wanted({ config, options }) {
  const { databases, database } = config;
  const number = Math.max(...databases.map(({ binding }) => Number(binding.match(/^DB_(\d+)$/)?.[1] ?? 0))) + 1;
  const home = { binding: `DB_${number}`, name: `${database.name}-${number}`, migrations: "migrations" };
  const directory = { binding: "DIRECTORY", name: `${database.name}-directory`, migrations: "migrations-directory" };
  const hasDirectory = databases.some(({ binding }) => binding === "DIRECTORY");
  return {
    number,
    place: options.place,
    sections: hasDirectory ? [home] : [directory, home],
    queue: number >= HOMES_WITHOUT_QUEUE && !config.queue ? `${database.name}-homes` : undefined,
  };
}

/** Writes what is to be made into wrangler.toml; the step after this makes it. */
export const home = {
  title: "One more home",
  applies: ({ options }) => options.addHome,
  plan(context) {
    const { number, place, sections, queue } = wanted(context);
    return [
      ...sections.map(
        ({ binding, name }) => `bind a D1 ${name}, to be made, as ${binding}: written into wrangler.toml`,
      ),
      ...(place ? [`say that home ${number} is in ${place}: HOME_PLACES in wrangler.toml`] : []),
      "let the cron trigger run every minute: written into wrangler.toml",
      ...(queue ? [`bind a queue ${queue}, to be made, as HOMES_QUEUE: written into wrangler.toml`] : []),
    ];
  },
  async run(context) {
    if (!context.config.database.id)
      throw new Failure("There is no first database yet.", "Deploy once without --add-home.");
    const { number, place, sections, queue } = wanted(context);
    const places = context.config.vars.HOME_PLACES;
    if (place && places?.split(",").some((pair) => pair.trim().split("=")[0] === String(number)))
      throw new Failure(
        `HOME_PLACES in wrangler.toml says already where home ${number} is.`,
        "Take that entry out, or leave --place and --jurisdiction out.",
      );
    refuseOtherJurisdiction(context, place);
    await change(context, (where) => {
      if (place) writePlace({ ...where, home: number, place, places });
      writeEveryMinute(where);
      writeDatabases({ ...where, databases: sections });
      if (queue) writeQueue({ ...where, name: queue });
    });
    const missing = sections.find(({ binding }) => !context.config.databases.some((one) => one.binding === binding));
    if (missing)
      throw new Failure(
        `The binding ${missing.binding} did not find its place in wrangler.toml.`,
        "Write it by hand (docs/scale.md), and run npm run deploy without --add-home.",
      );
    context.home = number;
    const bound = [...sections.map(({ binding }) => binding), ...(queue ? ["HOMES_QUEUE"] : [])];
    note(`${bound.join(" and ")}, now in wrangler.toml: commit that`);
    note(
      `should this run break off, go on without --add-home, which would add a second one: ${goingOn(context.options)}`,
    );
  },
};

/** A home within a jurisdiction is never copied out of it: that is said before the home is made. */
function refuseOtherJurisdiction({ config, options }, place) {
  const bucket = config.buckets.find(({ binding }) => binding === bucketBinding(place));
  if (!bucket || !options.jurisdiction || bucket.jurisdiction === options.jurisdiction) return;
  throw new Failure(
    `The new home is to be within ${options.jurisdiction}, and its copy would go into ${bucket.binding}, a bucket ${bucket.jurisdiction ? `within ${bucket.jurisdiction}` : "without a jurisdiction"}.`,
    "Give it a place of its own: --place NAME.",
  );
}

/** The command that ends what this one has begun: where the database is to be cannot be changed later. */
function goingOn({ copy, environment, jurisdiction, location }) {
  const where = [
    ...(environment === "production" ? [] : ["--env", environment]),
    ...(jurisdiction ? ["--jurisdiction", jurisdiction] : []),
    ...(location ? ["--location", location] : []),
    ...(copy ? ["--copy"] : []),
  ];
  return ["npm run deploy", ...(where.length > 0 ? ["--", ...where] : [])].join(" ");
}

/** The queue that wrangler.toml binds, or will when the home is added. */
const nameOfQueue = ({ config, options }) =>
  config.queue ?? (options.addHome ? wanted({ config, options }).queue : undefined);

export const queue = {
  title: "The queue",
  applies: (context) => nameOfQueue(context) !== undefined,
  plan(context) {
    const name = nameOfQueue(context);
    return [`look for the queue ${name}, and make it if there is none: wrangler queues create ${name}`];
  },
  async run({ config, wrangler }) {
    const remedy = "With an API token: does it have the permission Queues:Edit?";
    if (await wrangler.isThere(["queues", "info", config.queue], { remedy })) return note(`${config.queue} is there`);
    await wrangler.must(["queues", "create", config.queue], { remedy });
    note(`made ${config.queue}`);
  },
};

/** Has the Worker enter the new home into the directory, and open it to users. */
export const opening = {
  title: "The directory",
  applies: ({ options }) => options.addHome,
  plan: () => [
    "wait until the Worker has entered the new home into the directory: GET /admin/status",
    "the first time, enter all users that are there: POST /admin/directory/rebuild",
  ],
  async run({ env, home: number, known, url, patience = OPEN_WITHIN_MS }) {
    const later = `The Worker does it by itself, with its cron trigger. To see it: npm run homes -- --url ${url ?? "https://…"}`;
    const token = known.ADMIN_TOKEN ?? env.ADMIN_TOKEN;
    if (!token || !url)
      return note(`${token ? "wrangler told no URL" : "ADMIN_TOKEN is not in the environment"}. ${later}`);
    const { Api } = await import("../moving/api.mjs");
    const { Progress } = await import("../moving/progress.mjs");
    const { rebuildDirectory } = await import("../homes.mjs");
    const api = new Api({ origin: new URL(url).origin, token });
    /** "new" until the directory has every user, "open" from then on; undefined as long as an older version answers. */
    const state = async () => {
      await fetch(new URL("/readyz", url), { redirect: "manual" }).catch(() => {}); // It enters the homes that are new.
      return (await api.status()).homes?.find((one) => one.home === number)?.state;
    };
    try {
      const until = Date.now() + patience;
      let now = await state();
      while (now === undefined && Date.now() < until) {
        await sleep(Math.min(LOOK_MS, patience));
        now = await state();
      }
      if (now === "new") {
        say("  Entering the users who are there into the directory");
        await rebuildDirectory(api, { progress: (total, unit) => new Progress({ total, unit }) });
        now = await state();
      }
      if (now !== "open") throw new Failure(`the directory has it as ${now ?? "unknown"}`, later);
    } catch (error) {
      throw new Failure(`It is deployed, but home ${number} is not open: ${error.message}`, error.remedy ?? later);
    }
    note(`home ${number} is open: new users go there as well`);
  },
};
