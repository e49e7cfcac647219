// npm run deploy, step by step: `plan` says what a step would do, `run` does it, and doing it twice does it once.

import { buildWorker } from "../build.mjs";
import { examine } from "../doctor/examine.mjs";
import { interruptible } from "../doctor/interruptible.mjs";
import { placeOf } from "../doctor/place.mjs";
import { lineReport } from "../doctor/report.mjs";
import { parseTarget, settingsOf } from "../doctor/target.mjs";
import { Failure, note } from "../log.mjs";
import { isPackage } from "../paths.mjs";
import { address, operatorsAddress } from "./address.mjs";
import { answering } from "./answering.mjs";
import { writeVars } from "./config.mjs";
import { bucket } from "./copy.mjs";
import { database, migrations } from "./database.mjs";
import { escrow, recipients } from "./escrow.mjs";
import { home, opening, queue } from "./home.mjs";
import { live } from "./live.mjs";
import { refuseUnservedPages } from "./pages.mjs";
import { secrets } from "./secrets.mjs";
import { change } from "./settings.mjs";
import { lastLines } from "./wrangler.mjs";

const login = {
  title: "The login",
  plan: () => ["look who is logged in to Cloudflare: wrangler whoami"],
  async run({ config, env, wrangler }) {
    const { code, stdout, output } = await wrangler.run(["whoami", "--json"]);
    if (code === 0) {
      const { email, accounts = [] } = JSON.parse(stdout.slice(stdout.indexOf("{")));
      // As wrangler itself chooses one.
      const chosen = config.accountId ?? env.CLOUDFLARE_ACCOUNT_ID;
      if (accounts.length > 1 && !chosen) {
        throw new Failure(
          `This login reaches ${accounts.length} accounts.`,
          `Say which: CLOUDFLARE_ACCOUNT_ID=… npm run deploy …, or account_id at the top of wrangler.toml.\n${accounts.map(({ id, name }) => `${id}  ${name}`).join("\n")}`,
        );
      }
      const account = accounts.find(({ id }) => id === chosen) ?? (chosen ? { name: chosen } : accounts[0]);
      return note([email, account?.name].filter(Boolean).join(", "));
    }
    // A token may be able to deploy and yet not to tell whose it is.
    if (env.CLOUDFLARE_API_TOKEN) return note("by CLOUDFLARE_API_TOKEN");
    if (!/"loggedIn": *false/.test(stdout))
      throw new Failure(
        `It cannot be seen who is logged in to Cloudflare:\n${lastLines(output)}`,
        "Run the command again once Cloudflare can be reached.",
      );
    throw new Failure(
      "Nobody is logged in to Cloudflare.",
      "Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN (docs/deploy.md says with which permissions).",
    );
  },
};

const build = {
  title: "The build",
  plan: () => [isPackage ? "the release's own, as it was packed" : "build the Worker into build/: npm run build"],
  // Also in a dry run: it needs no login and changes nothing elsewhere.
  dry: (context) => build.run(context),
  run: async ({ buildWorker: make = buildWorker, config, file }) => {
    const built = await make();
    refuseUnservedPages({ config, file });
    note(built ? "built" : isPackage ? "the release's own" : "build/ is up to date");
  },
};

const variables = {
  title: "The variables",
  applies: ({ options }) => options.vars.length > 0,
  plan: ({ options }) => options.vars.map(({ name }) => `set ${name} in wrangler.toml`),
  async run(context) {
    const { config, options } = context;
    const { vars } = options;
    const unknown = vars.find(({ name }) => !(name in config.vars));
    if (unknown)
      throw new Failure(
        `wrangler.toml has no variable ${unknown.name}.`,
        `A secret is none: put it into the environment by its name, and leave --var out. One that is newer than your wrangler.toml goes into\n[env.${options.environment}.vars] there.`,
      );
    const changed = vars.filter(({ name, value }) => config.vars[name] !== value);
    if (changed.length === 0) return note("as they were");
    await change(context, (where) => writeVars({ ...where, vars: changed }));
    note(`${changed.map(({ name }) => name).join(", ")}, now in wrangler.toml: commit that`);
  },
};

const deploy = {
  title: "The deployment",
  plan: () => ["wrangler deploy"],
  // wrangler bundles and checks, and says what the Worker would be bound to.
  async dry({ wrangler }) {
    const { output } = await wrangler.must(["deploy", "--dry-run"], {
      remedy: "Mend what it says: nothing was deployed.",
    });
    note(
      output
        .trim()
        .split("\n")
        .filter((line) => /^(Total Upload|env\.)/.test(line))
        .join("\n  "),
    );
  },
  async run(context) {
    const targets = await context.wrangler.deploy();
    if (context.isLive) context.deployedAt = Date.now();
    context.url = addressOf(context, targets);
    note(context.url ?? (targets.join(", ") || "deployed"));
  },
};

/** Where the Worker is: as was said, on the custom domain, or where wrangler says. */
function addressOf({ config, options }, targets) {
  if (options.url) return options.url;
  if (config.customDomain) return `https://${config.customDomain}`;
  return targets.map((target) => target.match(/^(https:\/\/\S+)/)?.[1]).find(Boolean);
}

const doctor = {
  title: "The doctor",
  plan: ({ options }) =>
    options.doctor
      ? ["wait until GET /readyz answers 200 with the release that was deployed", "npm run doctor -- the Worker's URL"]
      : ["left out (--no-doctor)"],
  async run({ config, deployedAt, env, known, options, url, patience }) {
    if (!options.doctor) return note("left out (--no-doctor)");
    const { environment } = options;
    const again = (where) => `npm run doctor -- ${where} --env ${environment}`;
    if (!url) return note(`wrangler told no URL to examine: ${again("https://…")}`);
    const target = parseTarget(url).url;
    await answering(target, { patience, again: again(target.origin), since: deployedAt });
    const value = (name) => known[name] ?? env[name];
    // No DOCTOR_CLIENT_TOKEN: it is one user's, and the deploy is told no user. The throw-away user's requests would fail with it.
    const given = { webhookSecret: value("WEBHOOK_SECRET"), adminToken: value("ADMIN_TOKEN") };
    const settings = settingsOf((name) => config.vars[name]);
    const report = lineReport({ stream: process.stderr });
    report.begin(target);
    const { signal, end } = interruptible();
    const outcome = await examine({
      url: target,
      place: placeOf({ environment }),
      secrets: given,
      settings,
      signal,
      report: report.check,
    }).finally(end);
    report.end(outcome);
    if (outcome.aborted)
      throw new Failure("It is deployed; the examination was broken off.", `Then again: ${again(target.origin)}`, 130);
    if (!outcome.ok)
      throw new Failure("It is deployed, but not all is well: see above.", `Then again: ${again(target.origin)}`);
    if (value("DOCTOR_CLIENT_TOKEN"))
      note(
        `DOCTOR_CLIENT_TOKEN was left out: it wants the id of its test user, ${again(target.origin)} --user-id ID (or --client-id ID)`,
      );
    if (!given.webhookSecret || !given.adminToken)
      note(
        `for the whole examination, with a file of WEBHOOK_SECRET=… and ADMIN_TOKEN=…: ${again(target.origin)} --vars FILE`,
      );
  },
};

export const steps = [
  login,
  recipients,
  build,
  live,
  address,
  operatorsAddress,
  variables,
  home,
  database,
  bucket,
  queue,
  secrets,
  migrations,
  deploy,
  opening,
  escrow,
  doctor,
];
