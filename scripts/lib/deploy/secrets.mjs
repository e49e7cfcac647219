// The Worker's secrets. One that is set is never replaced or removed here: nothing can read it back, and a lost
// SHARE_ENCRYPTION_KEYS means lost shares. One that is missing comes from the environment, from whoever is asked, or is made.

import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { parseDevVars, randomSealingKey, randomToken } from "../dev-vars.mjs";
import { Failure, note } from "../log.mjs";

const SEALING_KEY = /^[A-Za-z0-9._-]+:([A-Za-z0-9+/]{43}=)$/;

/** The secrets that the Worker cannot do without; `needed` says when, if not always. */
const REQUIRED = [
  {
    name: "WEBHOOK_SECRET",
    make: randomToken,
    ask: "Paste the secret that Portal's dashboard shows for the webhook, or press Enter to have one made",
    keep: "enter it in Portal's dashboard, as the secret of the webhook",
    accepts: (value) => value.length >= 16,
    form: "at least 16 characters",
  },
  {
    name: "SHARE_ENCRYPTION_KEYS",
    make: randomSealingKey,
    ask: "Press Enter to have a key made (or paste id:base64-of-32-bytes[,…])",
    keep: "keep it in a password manager: who loses it loses every share, and Cloudflare never shows it again",
    accepts: (value) => value.split(",").every((key) => SEALING_KEY.test(key.trim())),
    form: "id:base64-of-32-bytes[,id:…]",
  },
  {
    name: "ADMIN_TOKEN",
    // Cloudflare Access can stand in for it.
    needed: ({ vars }) => !vars.ACCESS_AUD,
    make: randomToken,
    ask: "Press Enter to have one made (or paste one of at least 32 characters)",
    keep: "keep it for the operator API and the doctor",
    accepts: (value) => value.length >= 32,
    form: "at least 32 characters",
  },
];

/** Of these secrets, those whose values this run will not know: Cloudflare has them already, or nobody sets them. */
export async function unknownSecrets(names, { config, env, options, wrangler }) {
  const there = await secretNames(wrangler);
  const vars = { ...config.vars, ...Object.fromEntries(options.vars.map(({ name, value }) => [name, value])) };
  const isSet = ({ name, needed }) => !there.includes(name) && needed?.({ vars }) !== false && !options.workersBuilds;
  return names.filter((name) => !env[name] && !REQUIRED.some((secret) => secret.name === name && isSet(secret)));
}

export const secrets = {
  title: "The secrets",
  plan: ({ options }) => [
    "look which are set, by name: wrangler secret list",
    `for each of ${REQUIRED.map(({ name }) => name).join(", ")} that is not: take it from the environment, ${
      options.secretsOut ? `make it and write it into ${options.secretsOut}` : "ask for it, or make it and show it once"
    }`,
    "upload those, and never touch one that is set: wrangler secret bulk",
  ],
  async run(context) {
    const { config, options, wrangler } = context;
    const there = await secretNames(wrangler);
    const missing = REQUIRED.filter(({ name, needed }) => !there.includes(name) && needed?.(config) !== false);
    if (missing.length === 0) return note("all are set");
    if (options.workersBuilds) {
      return note(
        `not set: ${missing.map(({ name }) => name).join(", ")}. Set them under the Worker's Settings, Variables and Secrets; until then it answers 503`,
      );
    }
    const { values, made } = await gather(missing, context);
    if (made.length > 0) await handOver(made, values, context);
    await wrangler.must(["secret", "bulk"], { input: JSON.stringify(values), remedy: uncertain(made, options) });
    // The doctor needs them at the end.
    Object.assign(context.known, values);
    note(`set ${Object.keys(values).join(", ")}`);
  },
};

/** After a failed upload: Cloudflare may have set the secrets all the same, and never shows them again. */
function uncertain(made, { environment, secretsOut }) {
  const names = made.map(({ name }) => name).join(", ");
  const keep = secretsOut
    ? `Keep ${secretsOut}: the next run takes them from there.`
    : "Keep what was shown, and paste it if the next run asks for it.";
  return [
    "It is not certain whether Cloudflare has set the secrets.",
    ...(made.length > 0 ? [`${names} may be in use from now on, and nobody can read them back. ${keep}`] : []),
    "Run the command again: it sets those that are missing. If wrangler says that the latest version is not deployed, deploy",
    `that one first (npx wrangler versions deploy --env ${environment}).`,
  ].join("\n");
}

/** The names of the secrets that the Worker has. */
async function secretNames(wrangler) {
  const { code, stdout, output } = await wrangler.run(["secret", "list", "--format=json"]);
  // A Worker that was never deployed has no secrets. Another 404, such as a proxy's, says nothing of them.
  if (code !== 0 && /\[code: 10007\]|Worker "[^"]+"( \(env: [^)]*\))? not found/.test(output)) return [];
  if (code !== 0) {
    throw new Failure(
      `wrangler cannot list the secrets:\n${output.trim()}`,
      "With an API token: does it have the permission Workers Scripts:Edit?",
    );
  }
  const list = stdout.slice(Math.max(stdout.indexOf("["), 0));
  return JSON.parse(list).map(({ name }) => name);
}

async function gather(missing, context) {
  const { env, options, ui } = context;
  const kept = keptSecrets(context);
  const values = {};
  const made = [];
  for (const secret of missing) {
    const { name } = secret;
    const given = env[name] || kept[name] || (ui ? await ui.askSecret(`  ${name} is not set. ${secret.ask}: `) : "");
    if (given) {
      // dotenvx gives the cipher text where it has no key: one that all who read the repository know (findings/dotenvx-without-its-key.sh).
      if (given.startsWith("encrypted:"))
        throw new Failure(`${name} is still encrypted.`, "Run dotenvx where its key is, with --strict.");
      if (!secret.accepts(given)) throw new Failure(`${name} is not of the right form.`, `It must be ${secret.form}.`);
      values[name] = given;
    } else if (ui || options.secretsOut) {
      if (name === "SHARE_ENCRYPTION_KEYS") await refuseNewKeyOverOldShares(context);
      values[name] = secret.make();
      made.push(secret);
    } else {
      throw new Failure(
        `The secret ${name} is not set, and nobody is here to be asked.`,
        `Put it into the environment by that name, or have it made: --secrets-out FILE writes it into a new file that only you can read.`,
      );
    }
  }
  const taken = Object.keys(values).filter((name) => values[name] === kept[name]);
  if (taken.length > 0) note(`taken from ${options.secretsOut}: ${taken.join(", ")}`);
  return { values, made };
}

/** The first line of the file of --secrets-out: another Worker's secrets are never taken for this one's. */
const header = ({ name }) => `# Secrets of the Worker ${name}, made by npm run deploy.\n`;

/** What an earlier run wrote into the file of --secrets-out: it may have been uploaded already. */
function keptSecrets({ config, options: { secretsOut } }) {
  if (!secretsOut || !existsSync(secretsOut)) return {};
  const text = readFileSync(secretsOut, "utf8");
  if (text.startsWith(header(config))) return parseDevVars(text, secretsOut);
  throw new Failure(
    `${secretsOut} is there already, and does not hold the secrets of the Worker ${config.name}.`,
    "Name a file that does not exist yet.",
  );
}

/** A fresh key opens nothing that an older one has sealed: then the older one is missing, not a new one. */
async function refuseNewKeyOverOldShares({ config, made, wrangler }) {
  const tables = ["key_canaries", "custodian_backup_shares", "user_backup_shares", "backup_share_versions"];
  const query = `SELECT ${tables.map((table) => `EXISTS (SELECT 1 FROM ${table})`).join(" OR ")} AS sealed`;
  for (const { binding, name } of config.databases) {
    if (made.includes(binding)) continue;
    const execute = ["d1", "execute", binding, "--remote", "--json", `--command=${query}`];
    const { code, stdout, output } = await wrangler.run(execute);
    if (/no such table: key_canaries/i.test(output)) continue; // the first migration makes it
    const sealed = code === 0 ? JSON.parse(stdout.slice(stdout.indexOf("[")))[0]?.results?.[0]?.sealed : undefined;
    if (sealed === 0) continue;
    throw new Failure(
      sealed === undefined
        ? `It cannot be seen whether the database ${name} holds shares already:\n${output.trim()}`
        : `The database ${name} has been used with a key already, but the Worker's SHARE_ENCRYPTION_KEYS is not set.`,
      "Give it the keys that sealed what is there (SHARE_ENCRYPTION_KEYS in the environment): a new one opens none of it.",
    );
  }
}

/** Gives the secrets just made to the operator: once, before they are used. */
async function handOver(made, values, { config, options, ui }) {
  if (options.secretsOut) {
    const lines = made.map(({ name, keep }) => `\n# ${keep}\n${name}=${values[name]}\n`).join("");
    const isThere = existsSync(options.secretsOut); // with this Worker's: keptSecrets has looked
    try {
      writeFileSync(options.secretsOut, isThere ? lines : header(config) + lines, {
        mode: 0o600,
        flag: isThere ? "a" : "wx",
      });
    } catch (error) {
      throw new Failure(
        `The secrets cannot be written into ${options.secretsOut} (${error.code}).`,
        "Name a file that does not exist yet, in a folder that you can write to.",
      );
    }
    return note(
      `wrote ${made.map(({ name }) => name).join(", ")} into ${options.secretsOut}: move it into a password manager and delete it`,
    );
  }
  ui.show("\n  Made for you. They are shown this once:\n");
  for (const { name, keep } of made) ui.show(`    ${name}=${values[name]}\n      ${keep}\n`);
  while (!/^yes$/i.test(await ui.ask("  Type yes once they are in a safe place: ")));
}
