// The second copy's bucket, and the escrow of the keys. See docs/second-copy.md.

import { Failure, note } from "../log.mjs";
import { readConfig, writeBuckets } from "./config.mjs";
import { JURISDICTIONS } from "./options.mjs";

const BUCKET = "portal-backup-copy";

/**
 * The buckets that the homes are copied into: COPY, and COPY_EU for homes whose place is eu (src/config/homes.rs). A place with the name of a
 * jurisdiction has its bucket in that.
 */
function wanted({ config, home, options }) {
  const placed = (config.vars.HOME_PLACES ?? "").split(",").filter(Boolean);
  const places = new Map(placed.map((pair) => pair.trim().split("=")));
  // Where --add-home is about to write one.
  const next = options.addHome && home === undefined ? [options.place] : [];
  const homes = config.databases.map(({ binding }) => binding.match(/^DB(?:_(\d+))?$/)).filter(Boolean);
  const wanted = new Map();
  for (const place of [...homes.map(([, number = "0"]) => places.get(number)), ...next]) {
    const binding = place ? `COPY_${place.toUpperCase().replaceAll("-", "_")}` : "COPY";
    const inPlace = JURISDICTIONS.includes(place) ? place : undefined;
    wanted.set(binding, {
      binding,
      name: place ? `${BUCKET}-${place}` : BUCKET,
      jurisdiction: place ? inPlace : options.addHome ? undefined : options.jurisdiction,
    });
  }
  return [...wanted.values()].map((one) => config.buckets.find(({ binding }) => binding === one.binding) ?? one);
}

const isBound = ({ buckets }, { binding }) => buckets.some((one) => one.binding === binding);
const within = ({ jurisdiction }) => (jurisdiction ? [`--jurisdiction=${jurisdiction}`] : []);

export const bucket = {
  title: "The second copy",
  applies: ({ config, options }) => config.buckets.length > 0 || options.copy,
  plan: (context) =>
    wanted(context).flatMap((one) => [
      ...(isBound(context.config, one) ? [] : [`bind a bucket as ${one.binding}: written into wrangler.toml`]),
      `look for the R2 bucket ${one.name}, and make it if there is none: wrangler r2 bucket create ${one.name}`,
    ]),
  async run(context) {
    const { file, options, wrangler } = context;
    const { environment } = options;
    const buckets = wanted(context);
    const unbound = buckets.filter((one) => !isBound(context.config, one));
    if (unbound.length > 0) {
      writeBuckets({ file, environment, buckets: unbound });
      context.config = await readConfig({ file, environment });
      if (!unbound.every((one) => isBound(context.config, one)))
        throw new Failure(
          "A bucket did not find its place in wrangler.toml.",
          "Write it by hand (docs/second-copy.md), and run the command again.",
        );
      note(`bound as ${unbound.map(({ binding }) => binding).join(", ")}, now in wrangler.toml: commit that`);
    }
    for (const one of buckets) await make(wrangler, one);
  },
};

async function make(wrangler, bucket) {
  const { name } = bucket;
  const { code } = await wrangler.run(["r2", "bucket", "info", name, ...within(bucket)]);
  if (code === 0) return note(`${name} is there`);
  await wrangler.must(["r2", "bucket", "create", name, ...within(bucket)], {
    remedy:
      "R2 must be enabled for the account once, in Cloudflare's dashboard. An API token needs the permission R2:Edit.",
  });
  note(`made ${name}`);
  const lock = ["lock", "add", name, "keep", "c1/", "--retention-days", "30", ...within(bucket)].join(" ");
  note(`lock it, so that not even the Worker can delete what is young: npx wrangler r2 bucket ${lock}`);
}

/** Before anything is deployed: an escrow that is refused at the end would be forgotten. */
export const recipients = {
  title: "The keys' recipients",
  applies: ({ options }) => options.recipients.length > 0,
  plan: () => ["look whether each --recipient is one"],
  async run({ options }) {
    const { encrypterFor } = await import("../copy/escrow.mjs");
    encrypterFor(options.recipients);
    note(`${options.recipients.length} of --recipient`);
  },
};

export const escrow = {
  title: "The keys' escrow",
  applies: ({ options }) => options.recipients.length > 0,
  plan: () => ["keep each sealing key in an age file for the recipients: npm run keys -- escrow"],
  async run({ env, known, options, url }) {
    const again = "npm run keys -- escrow --url … --recipient age1…";
    const { escrowed } = await import("../copy/escrow.mjs");
    const { Api } = await import("../moving/api.mjs");
    const value = (name) => known[name] ?? env[name];
    const [setting, token] = [value("SHARE_ENCRYPTION_KEYS"), value("ADMIN_TOKEN")];
    if (!setting || !token || !url)
      throw new Failure(
        "The keys' escrow needs SHARE_ENCRYPTION_KEYS and ADMIN_TOKEN: nothing can read them back from Cloudflare.",
        `It is deployed. Give them in the environment, then: ${again}`,
      );
    const keys = await escrowed({ setting, recipients: options.recipients });
    const { kept } = await new Api({ origin: new URL(url).origin, token }).post("/admin/keys/escrow", { keys });
    note(`${kept.join(", ")}: kept for ${options.recipients.length} of --recipient`);
  },
};
