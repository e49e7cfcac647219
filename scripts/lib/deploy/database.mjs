// The D1 database: found or made, its id written into wrangler.toml, brought to the newest schema.

import { Failure, note } from "../log.mjs";
import { readConfig, writeDatabaseId } from "./config.mjs";
import { locations } from "./options.mjs";

export const database = {
  title: "The database",
  plan({ config, options }) {
    const { name, id } = config.database;
    if (id) return [`look that D1 ${name} (${id}) is in this account: wrangler d1 list`];
    return [
      `look for a D1 named ${name}: wrangler d1 list`,
      `if there is none, make it ${whereItWillBe(options)}: wrangler d1 create ${name}`,
      "write its id into wrangler.toml",
    ];
  },
  async run(context) {
    const { config, wrangler } = context;
    const { name, id = await madeByDashboard(context) } = config.database;
    const all = await wrangler.json(["d1", "list", "--json"], {
      remedy: "With an API token: does it have the permission D1:Edit, and is CLOUDFLARE_ACCOUNT_ID the right account?",
    });
    if (id) {
      if (all.some(({ uuid }) => uuid === id)) return note(`${name} is there (${id})`);
      throw new Failure(
        `wrangler.toml names the database ${id}, which is not in this account.`,
        "Log in to the account that has it (wrangler login, CLOUDFLARE_ACCOUNT_ID). To begin with a new database, put zeros in place of the id: 00000000-0000-0000-0000-000000000000",
      );
    }
    const existing = all.find((one) => one.name === name);
    if (existing) await agreeToExisting(context, existing);
    const uuid = existing ? existing.uuid : await create(context, name);
    await remember(context, uuid);
    context.databaseIsNew = !existing;
  },
};

/** Cloudflare's deploy button makes a database and writes its id into the top of wrangler.toml: it is meant for us. */
async function madeByDashboard({ file, options }) {
  if (!options.workersBuilds) return undefined;
  const { database: atTop } = await readConfig({ file });
  if (atTop.id) writeDatabaseId({ file, environment: options.environment, id: atTop.id });
  return atTop.id;
}

function whereItWillBe({ location, jurisdiction }) {
  if (jurisdiction) return `within the jurisdiction ${jurisdiction}`;
  if (location === "auto") return "near to this machine";
  return location ? `in ${locations[location]}` : "where you say (asked; this cannot be changed later)";
}

async function agreeToExisting({ options, ui }, { name, uuid }) {
  if (options.existingDatabase) return;
  const remedy = `If it is this Worker's, add --existing-database. If not, give database_name in wrangler.toml another name.`;
  const answer = await ui?.ask(
    `  The account has a database named ${name} already (${uuid}). Is it this Worker's? [y/N] `,
  );
  if (!/^y(es)?$/i.test(answer ?? "")) throw new Failure(`The account has a database named ${name} already.`, remedy);
}

async function create({ options, ui, wrangler }, name) {
  if (options.ephemeral) {
    throw new Failure(
      "There is no database yet, and a build server is not the place to make it: the id would be lost with this checkout.",
      "Run `npm run deploy` once on your own machine and commit wrangler.toml (the id is no secret).",
    );
  }
  const where = placement(options) ?? (ui ? await askPlacement(ui) : undefined);
  if (!where) {
    throw new Failure(
      `Where should the database ${name} be? This cannot be changed later.`,
      `Say it with --location (${Object.keys(locations).join(", ")}, or auto) or with --jurisdiction (eu, us, fedramp).`,
    );
  }
  await wrangler.must(["d1", "create", name, ...where]);
  const made = (await wrangler.json(["d1", "list", "--json"])).find((one) => one.name === name);
  if (!made)
    throw new Failure(
      `The database ${name} was made but is not listed yet.`,
      "Run the command again in a minute, with --existing-database.",
    );
  note(`made ${name} (${made.uuid})`);
  return made.uuid;
}

function placement({ location, jurisdiction }) {
  if (jurisdiction) return [`--jurisdiction=${jurisdiction}`];
  if (location === "auto") return [];
  return location ? [`--location=${location}`] : undefined;
}

async function askPlacement(ui) {
  ui.show(
    [
      "  Where should the database be? This cannot be changed later. Near to Portal and your users is fast.",
      ...Object.entries(locations).map(([hint, place]) => `    ${hint.padEnd(5)} ${place}`),
      "    eu    only within the European Union (a jurisdiction, for data protection); us and fedramp likewise",
      "    auto  near to this machine",
    ].join("\n"),
  );
  for (;;) {
    const answer = (await ui.ask("  Location: ")).toLowerCase();
    if (["eu", "us", "fedramp"].includes(answer)) return placement({ jurisdiction: answer });
    if (answer === "auto" || answer in locations) return placement({ location: answer });
  }
}

async function remember(context, id) {
  const { file, options } = context;
  writeDatabaseId({ file, environment: options.environment, id });
  context.config = await readConfig({ file, environment: options.environment });
  if (context.config.database.id !== id) {
    throw new Failure(
      `The database's id ${id} did not find its place in wrangler.toml.`,
      "Write it there by hand as database_id, and run the command again.",
    );
  }
  note("wrote its id into wrangler.toml: commit that");
}

export const migrations = {
  title: "The schema",
  plan: () => [
    "note a Time Travel bookmark, the way back: wrangler d1 time-travel info DB",
    "apply what migrations/ has and the database lacks: wrangler d1 migrations apply DB --remote",
  ],
  async run({ databaseIsNew, options, wrangler }) {
    if (!databaseIsNew) {
      const { bookmark } = await wrangler.json(["d1", "time-travel", "info", "DB", "--json"], {
        remedy:
          "Without a way back nothing is migrated. Try again; if it stays so, see the database in Cloudflare's dashboard.",
      });
      note(
        `the way back, for 30 days (7 on the free plan): npx wrangler d1 time-travel restore DB --env ${options.environment} --bookmark=${bookmark}`,
      );
    }
    const { output } = await wrangler.must(["d1", "migrations", "apply", "DB", "--remote"], {
      remedy:
        "The migration that failed was rolled back and the running Worker is untouched. Mend the cause and run the command again.",
    });
    note(/no migrations to apply/i.test(output) ? "it is current" : "migrated");
  },
};
