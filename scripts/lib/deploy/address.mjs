// Where the Worker is reached: a custom domain or workers.dev, and a second domain for operators.

import { lookup } from "node:dns/promises";

import { Failure, note } from "../log.mjs";
import { writeCustomDomains, writeWorkersDev } from "./config.mjs";
import { change } from "./settings.mjs";

export const address = {
  title: "The address",
  plan({ config, options }) {
    if (options.domain) return [`serve on ${options.domain}: a route in wrangler.toml`];
    if (config.reachable) return [config.customDomain ?? "as wrangler.toml says"];
    return [
      options.workersDev
        ? "serve on workers.dev: written into wrangler.toml"
        : "ask for a custom domain, or workers.dev, and write it into wrangler.toml",
    ];
  },
  async run(context) {
    const { config, options, ui } = context;
    if (config.routes > 0 && options.domain && config.customDomain !== options.domain) {
      throw new Failure(
        `wrangler.toml serves on ${config.customDomain ?? "a route of another kind"}, not on ${options.domain}.`,
        "Change its routes by hand: Portal's dashboard and your apps know the old address.",
      );
    }
    if (config.customDomain || (config.reachable && !options.domain))
      return note(config.customDomain ?? "as wrangler.toml says");
    const domain =
      options.domain ??
      (options.workersDev
        ? ""
        : await ui?.ask(
            "  On which custom domain of your account (backup.example.com)? Or press Enter for workers.dev: ",
          ));
    if (domain === undefined) {
      throw new Failure(
        "Nobody could reach the Worker: wrangler.toml gives it no route, and workers.dev is off.",
        "Give it a custom domain of a zone in your account (--domain backup.example.com), or put it on workers.dev (--workers-dev).",
      );
    }
    if (domain) await agreeToDomain(context, domain);
    await change(context, (where) =>
      domain ? writeCustomDomains({ ...where, domains: [domain] }) : writeWorkersDev(where),
    );
    if (domain ? context.config.customDomain !== domain : !context.config.workersDev) {
      throw new Failure(
        "The address did not find its place in wrangler.toml.",
        "Write it by hand (docs/deploy.md), and run the command again.",
      );
    }
    note(`${domain || "workers.dev"}, now in wrangler.toml: commit that`);
  },
};

export const operatorsAddress = {
  title: "The operators' address",
  applies: ({ options }) => options.operatorsDomain !== undefined,
  plan: ({ options }) => [`serve on ${options.operatorsDomain} as well: a route in wrangler.toml`],
  async run(context) {
    const { config, options } = context;
    const { operatorsDomain } = options;
    if (config.customDomains.includes(operatorsDomain)) return note(operatorsDomain);
    if (config.customDomains.length === 0 || config.customDomains.length < config.routes)
      throw new Failure(
        "--operators-domain is a second custom domain, and wrangler.toml has another kind of route, or none.",
        "Give the first one with --domain, or write both into routes by hand (docs/deploy.md).",
      );
    await agreeToDomain(context, operatorsDomain);
    const domains = [...config.customDomains, operatorsDomain];
    await change(context, (where) => writeCustomDomains({ ...where, domains }));
    note(`${operatorsDomain}, now in wrangler.toml: commit that`);
  },
};

/** Without a terminal of its own wrangler takes a host name from the DNS record or the Worker that has it, and does not ask. */
async function agreeToDomain({ options, resolves = answersInDns, ui }, domain) {
  if (options.takeOverDomain) return;
  const found = await resolves(domain);
  if (found === false) return;
  // Who has no DNS reaches no Cloudflare either; a name server that fails is rare, and no reason to stop every deployment in CI.
  if (found !== true)
    return note(`DNS does not tell whether ${domain} is free (${found}): if somebody has it, it is taken`);
  const why = `${domain} answers in DNS already`;
  const answer = await ui?.ask(
    `  ${why}. The deployment takes it from the DNS record or the Worker that has it. Take it? [y/N] `,
  );
  if (/^y(es)?$/i.test(answer ?? "")) return;
  throw new Failure(
    `${why}: the deployment would take it from the DNS record or the Worker that has it. Nothing was touched.`,
    "Give another host name; or add --take-over-domain if this Worker is to have it. (A wildcard record answers for every name.)",
  );
}

/** Whether a host name has an address: true, false, or the code of the error that kept DNS from telling. */
export async function answersInDns(host, look = lookup) {
  try {
    await look(host);
    return true;
  } catch ({ code }) {
    return code === "ENOTFOUND" || code === "ENODATA" ? false : code;
  }
}
