// npm run deploy -- --add-home: one more database for users to live in, and the directory that says who is where. docs/scale.md.

import { setTimeout as sleep } from "node:timers/promises";

import { Failure, note, say } from "../log.mjs";
import { writeBegun, writeDatabases, writeEveryMinute, writePlace, writeQueue } from "./config.mjs";
import { bucketBinding } from "./copy.mjs";
import { JURISDICTIONS } from "./options.mjs";
import { change } from "./settings.mjs";
import { asFlag, begunHome, decidedWhere, numberOf, placeOfHome, refuseOtherPlace, whereOf } from "./whereabouts.mjs";

/** More homes than one run a minute serves every quarter of an hour: 16 at a time (docs/scale.md). */
const HOMES_WITHOUT_QUEUE = 250;

/** A deployment reaches every place within seconds. */
const OPEN_WITHIN_MS = 120_000;
const LOOK_MS = 3_000;

const lastNumber = (databases) => Math.max(...databases.map(({ binding }) => numberOf(binding)));

/** What is to be bound: the next home, and the directory if there is none. Where a home was begun and not ended, it is that one. */
function wanted({ config }) {
  const { databases, database } = config;
  const begun = begunHome(config);
  const number = begun ? numberOf(begun.binding) : lastNumber(databases) + 1;
  const home = { binding: `DB_${number}`, name: `${database.name}-${number}`, migrations: "migrations" };
  const directory = { binding: "DIRECTORY", name: `${database.name}-directory`, migrations: "migrations-directory" };
  const all = databases.some(({ binding }) => binding === "DIRECTORY") ? [home] : [directory, home];
  return {
    number,
    begun,
    home: begun ?? home,
    sections: all.filter(({ binding }) => binding !== begun?.binding),
    queue: number >= HOMES_WITHOUT_QUEUE && !config.queue ? `${database.name}-homes` : undefined,
  };
}

/** Writes what is to be made into wrangler.toml; the step after this makes it. */
export const home = {
  title: "One more home",
  applies: ({ options }) => options.addHome,
  plan(context) {
    const { begun, number, sections, queue } = wanted(context);
    const place = placeOfHome(context.config, number) ? undefined : context.options.place;
    return [
      ...(begun ? [`go on with home ${number}, which was begun and not ended`] : []),
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
    refuseOtherPlace(context);
    const { begun, home: one, number, sections, queue } = wanted(context);
    // Before anything is written: whatever breaks off later, where it belongs is in wrangler.toml.
    const where = await decidedWhere(one, context);
    const place = placeToWrite(context, { begun, number, where });
    refuseOtherJurisdiction(context, where, place ?? placeOfHome(context.config, number));
    const flagged = sections.map((section) => ({
      ...section,
      flag: asFlag(section.binding === one.binding ? where : whereOf(section, context)),
    }));
    await change(context, (file) => {
      if (place) writePlace({ ...file, home: number, place, places: context.config.vars.HOME_PLACES });
      writeEveryMinute(file);
      if (queue) writeQueue({ ...file, name: queue });
      writeDatabases({ ...file, databases: flagged });
      if (begun && !begun.begun) writeBegun({ ...file, binding: begun.binding, flag: asFlag(where) });
    });
    const missing = flagged.find(({ binding }) => !context.config.databases.some((there) => there.binding === binding));
    if (missing)
      throw new Failure(
        `The binding ${missing.binding} did not find its place in wrangler.toml.`,
        "Write it by hand (docs/scale.md), and run npm run deploy without --add-home.",
      );
    const bound = [...sections.map(({ binding }) => binding), ...(queue ? ["HOMES_QUEUE"] : [])];
    if (begun) note(`home ${number} was begun before and not ended: this run goes on with it, and adds no other`);
    if (bound.length > 0) note(`${bound.join(" and ")}, now in wrangler.toml: commit that`);
    note("should this run break off, run the same command again: it goes on with this home, and adds no other");
  },
};

/** What is to be written into HOME_PLACES, if anything. It may not say another thing than what is there. */
function placeToWrite({ config, options }, { begun, number, where }) {
  const there = placeOfHome(config, number);
  const place = options.place ?? where.jurisdiction;
  if (!there) return place;
  // Without --place the jurisdiction's name stands in for it: nobody has said that.
  const isOther = options.place !== undefined && options.place !== options.jurisdiction && options.place !== there;
  const isElsewhere = JURISDICTIONS.includes(there) && where.jurisdiction !== there;
  if (begun ? !isOther : !place && !isElsewhere) return undefined;
  throw new Failure(
    `HOME_PLACES in wrangler.toml says already where home ${number} is: ${there}.`,
    begun ? "Leave --place out." : "Take that entry out, or leave --place and --jurisdiction out.",
  );
}

/** A home within a jurisdiction is never copied out of it: that is said before the home is made. */
function refuseOtherJurisdiction({ config }, { jurisdiction }, place) {
  const bucket = config.buckets.find(({ binding }) => binding === bucketBinding(place));
  if (!bucket || !jurisdiction || bucket.jurisdiction === jurisdiction) return;
  throw new Failure(
    `The new home is to be within ${jurisdiction}, and its copy would go into ${bucket.binding}, a bucket ${bucket.jurisdiction ? `within ${bucket.jurisdiction}` : "without a jurisdiction"}.`,
    "Give it a place of its own: --place NAME.",
  );
}

/** The queue that wrangler.toml binds, or will when the home is added. */
const nameOfQueue = ({ config, options }) => config.queue ?? (options.addHome ? wanted({ config }).queue : undefined);

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

/** Has the Worker enter the new home into the directory, and open it to users. Also where a plain deployment ends what was begun. */
export const opening = {
  title: "The directory",
  applies: ({ config, options }) => options.addHome || config.databases.some(({ begun }) => begun),
  plan: () => [
    "wait until the Worker has entered the new home into the directory: GET /admin/status",
    "the first time, enter all users that are there: POST /admin/directory/rebuild",
    "take the remark that it is being added out of wrangler.toml",
  ],
  async run(context) {
    const { databases } = context.config;
    await open(context, lastNumber(databases));
    const begun = databases.filter((one) => one.begun);
    if (begun.length === 0) return;
    await change(context, (file) => {
      for (const { binding } of begun) writeBegun({ ...file, binding });
    });
    note(`${begun.map(({ binding }) => binding).join(" and ")}: no longer being added, in wrangler.toml: commit that`);
  },
};

async function open({ env, known, url, patience = OPEN_WITHIN_MS }, number) {
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
}
