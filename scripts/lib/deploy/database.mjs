// The D1 databases: found or made, their ids written into wrangler.toml, brought to the newest schema. Most have one.

import { Failure, note } from "../log.mjs";
import { readConfig, writeDatabaseId } from "./config.mjs";
import { locations } from "./options.mjs";
import { change } from "./settings.mjs";
import { asFlag, decidedWhere, refuseOtherPlace, whereOf } from "./whereabouts.mjs";

export const database = {
  title: "The database",
  plan: (context) =>
    context.config.databases.flatMap(({ id, name, ...one }) =>
      id
        ? [`look that D1 ${name} (${id}) is in this account: wrangler d1 list`]
        : [
            `look for a D1 named ${name}: wrangler d1 list`,
            `if there is none, make it ${whereItWillBe(whereOf(one, context))}: wrangler d1 create ${name}`,
            "write its id into wrangler.toml",
          ],
    ),
  async run(context) {
    refuseOtherPlace(context);
    const all = await context.wrangler.json(["d1", "list", "--json"], {
      remedy: "With an API token: does it have the permission D1:Edit, and is CLOUDFLARE_ACCOUNT_ID the right account?",
    });
    context.made = [];
    /** By binding: the database's jurisdiction, null if it has none, undefined if wrangler does not tell. */
    context.jurisdictions = {};
    for (const one of context.config.databases) await oneDatabase(context, one, all);
  },
};

async function oneDatabase(context, one, all) {
  const { binding, id, name } = one;
  if (id) {
    const there = all.find(({ uuid }) => uuid === id);
    if (there) {
      context.jurisdictions[binding] = there.jurisdiction;
      return note(`${name} is there (${id})`);
    }
    throw new Failure(
      `wrangler.toml names the database ${id}, which is not in this account.`,
      "Log in to the account that has it (wrangler login, CLOUDFLARE_ACCOUNT_ID). To begin with a new database, put zeros in place of the id: 00000000-0000-0000-0000-000000000000. If a Worker is live already, say --rebind and the binding as well.",
    );
  }
  const existing = all.find((there) => there.name === name);
  if (existing) await agreeToExisting(context, existing, whereOf(one, context));
  const { uuid, jurisdiction } = existing ?? (await create(context, one));
  context.jurisdictions[binding] = jurisdiction;
  await remember(context, binding, uuid);
  if (!existing) context.made.push(binding);
}

/** Cloudflare's deploy button makes a database and writes its id into the top of wrangler.toml: it is meant for us. */
export async function takeFromDashboard(context) {
  const { config, file, options } = context;
  if (!options.workersBuilds || config.database.id) return;
  const { database: atTop } = await readConfig({ file });
  if (!atTop.id) return;
  await change(context, (where) => writeDatabaseId({ ...where, id: atTop.id }));
}

function whereItWillBe(where) {
  if (!where) return "where you say (asked; this cannot be changed later)";
  if (where.jurisdiction) return `within the jurisdiction ${where.jurisdiction}`;
  return where.location === "auto" ? "near to this machine" : `in ${locations[where.location]}`;
}

async function agreeToExisting({ options, ui }, { jurisdiction, name, uuid }, wanted) {
  if (wanted?.jurisdiction && jurisdiction !== undefined && jurisdiction !== wanted.jurisdiction)
    throw new Failure(
      `The account has a database named ${name} already (${uuid}), and it is not within ${wanted.jurisdiction}.`,
      "A database's jurisdiction cannot be changed. Give database_name in wrangler.toml another name, to have a new one made there.",
    );
  if (options.existingDatabase) return;
  const remedy = `If it is this Worker's, add --existing-database. If not, give database_name in wrangler.toml another name.`;
  const answer = await ui?.ask(
    `  The account has a database named ${name} already (${uuid}). Is it this Worker's? [y/N] `,
  );
  if (!/^y(es)?$/i.test(answer ?? "")) throw new Failure(`The account has a database named ${name} already.`, remedy);
}

async function create(context, database) {
  const { options, wrangler } = context;
  const { name } = database;
  if (options.ephemeral) {
    throw new Failure(
      "There is no database yet, and a build server is not the place to make it: the id would be lost with this checkout.",
      "Run `npm run deploy` once on your own machine and commit wrangler.toml (the id is no secret).",
    );
  }
  const where = await decidedWhere(database, context);
  await wrangler.must(["d1", "create", name, ...(where.location === "auto" ? [] : [asFlag(where)])]);
  const made = (await wrangler.json(["d1", "list", "--json"])).find((one) => one.name === name);
  if (!made)
    throw new Failure(
      `The database ${name} was made but is not listed yet.`,
      "Run the command again in a minute, with --existing-database.",
    );
  note(`made ${name} (${made.uuid})`);
  return { ...made, jurisdiction: made.jurisdiction === undefined ? (where.jurisdiction ?? null) : made.jurisdiction };
}

async function remember(context, binding, id) {
  await change(context, (where) => writeDatabaseId({ ...where, binding, id }));
  if (context.config.databases.find((one) => one.binding === binding)?.id !== id) {
    throw new Failure(
      `The database's id ${id} did not find its place in wrangler.toml.`,
      "Write it there by hand as database_id, and run the command again.",
    );
  }
  note("wrote its id into wrangler.toml: commit that");
}

/** Databases that are migrated at once. Cloudflare's API takes 1,200 calls in five minutes. */
const AT_ONCE = 4;

export const migrations = {
  title: "The schema",
  plan: ({ config }) =>
    config.databases.flatMap(({ binding }) => [
      ...(hasWayBack(binding)
        ? [`note a Time Travel bookmark, the way back: wrangler d1 time-travel info ${binding}`]
        : []),
      `apply what ${binding === "DIRECTORY" ? "migrations-directory/" : "migrations/"} has and the database lacks: wrangler d1 migrations apply ${binding} --remote`,
    ]),
  /** All, before the deployment: migrations only add, so the running Worker goes on, whichever fails. */
  async run(context) {
    const waiting = [...context.config.databases];
    while (waiting.length > 0) {
      const ended = await Promise.allSettled(
        waiting.splice(0, AT_ONCE).map(({ binding }) => migrate(context, binding)),
      );
      const failed = ended.find(({ status }) => status === "rejected");
      if (failed) throw failed.reason;
    }
  },
};

/** A directory that went back would have lost routes, and send those users' requests to the wrong database. It is made anew from the databases. */
const hasWayBack = (binding) => binding !== "DIRECTORY";

async function migrate({ config, made, options, wrangler }, binding) {
  const which = config.databases.length > 1 ? `${binding}: ` : "";
  if (!made.includes(binding) && hasWayBack(binding)) {
    const { bookmark } = await wrangler.json(["d1", "time-travel", "info", binding, "--json"], {
      remedy:
        "Without a way back nothing is migrated. Try again; if it stays so, see the database in Cloudflare's dashboard.",
    });
    note(
      `${which}the way back, for 30 days (7 on the free plan): npx wrangler d1 time-travel restore ${binding} --env ${options.environment} --bookmark=${bookmark}`,
    );
  }
  const { output } = await wrangler.must(["d1", "migrations", "apply", binding, "--remote"], {
    remedy:
      "The migration that failed was rolled back and the running Worker is untouched. Mend the cause and run the command again.",
  });
  note(`${which}${/no migrations to apply/i.test(output) ? "it is current" : "migrated"}`);
}
