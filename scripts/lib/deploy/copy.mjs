// The buckets of the second copy. See docs/second-copy.md.

import { Failure, note } from "../log.mjs";
import { writeBuckets } from "./config.mjs";
import { change } from "./settings.mjs";
import { begunHome } from "./whereabouts.mjs";

/** As what the bucket of a place is bound: COPY_EU for eu, COPY for the homes without a place. */
export const bucketBinding = (place) => (place ? `COPY_${place.toUpperCase().replaceAll("-", "_")}` : "COPY");

/**
 * The buckets that the homes are copied into, each with the bindings of its `homes` (src/config/homes.rs).
 */
function wanted({ config, options }) {
  const placed = (config.vars.HOME_PLACES ?? "").split(",").filter(Boolean);
  const places = new Map(placed.map((pair) => pair.trim().split("=")));
  const homes = config.databases
    .map(({ binding }) => ({ binding, number: /^DB(?:_(\d+))?$/.exec(binding) }))
    .filter(({ number }) => number)
    .map(({ binding, number }) => ({ binding, place: places.get(number[1] ?? "0") }));
  // Where --add-home is about to write one.
  if (options.addHome && !begunHome(config)) homes.push({ binding: undefined, place: options.place });
  const wanted = new Map();
  for (const { binding: home, place } of homes) {
    const binding = bucketBinding(place);
    const bound = config.buckets.find((one) => one.binding === binding);
    // As deploy/terraform names it.
    const name = `${config.database.name}-copy${place ? `-${place}` : ""}`;
    const one = wanted.get(binding) ?? { ...(bound ?? { binding, name }), isBound: bound !== undefined, homes: [] };
    if (home) one.homes.push(home);
    wanted.set(binding, one);
  }
  return [...wanted.values()];
}

/**
 * The bucket in the jurisdiction of its homes' databases: what must stay in the EU has its copy in the EU. A database's jurisdiction
 * cannot be changed, nor a bucket's, so a wrong one is refused and none is guessed.
 */
function placed({ homes, isBound, ...bucket }, jurisdictions) {
  const known = homes.filter((home) => jurisdictions[home] !== undefined);
  const unknown = homes.find((home) => !known.includes(home));
  if (unknown && !isBound)
    throw new Failure(
      `wrangler does not tell in which jurisdiction the database ${unknown} is, so its copy's bucket has none yet.`,
      `Bind ${bucket.binding} in wrangler.toml by hand, in the database's jurisdiction (docs/second-copy.md), and run the command again.`,
    );
  const bound = known.filter((home) => jurisdictions[home] !== null);
  const jurisdiction = isBound ? bucket.jurisdiction : jurisdictions[bound[0]];
  const outside = bound.find((home) => jurisdictions[home] !== jurisdiction);
  if (outside)
    throw new Failure(
      `The database ${outside} is within ${jurisdictions[outside]}, and its copy would go into ${bucket.binding}, a bucket ${jurisdiction ? `within ${jurisdiction}` : "without a jurisdiction"}.`,
      isBound
        ? `Bind another bucket as ${bucket.binding} in wrangler.toml, with jurisdiction = "${jurisdictions[outside]}"; the Worker then copies everything into it (docs/second-copy.md, Copy everything again).`
        : "Give each jurisdiction a place of its own: HOME_PLACES in wrangler.toml (docs/scale.md).",
    );
  return { ...bucket, isBound, jurisdiction };
}

const within = ({ jurisdiction }) => (jurisdiction ? [`--jurisdiction=${jurisdiction}`] : []);

export const bucket = {
  title: "The second copy",
  applies: ({ config, options }) => config.buckets.length > 0 || options.copy,
  plan: (context) =>
    wanted(context).flatMap(({ binding, isBound, name }) => [
      ...(isBound ? [] : [`bind a bucket as ${binding}, in the database's jurisdiction: written into wrangler.toml`]),
      `look for the R2 bucket ${name}, and make it if there is none: wrangler r2 bucket create ${name}`,
    ]),
  async run(context) {
    const buckets = wanted(context).map((one) => placed(one, context.jurisdictions));
    const unbound = buckets.filter(({ isBound }) => !isBound);
    if (unbound.length > 0) {
      await change(context, (where) => writeBuckets({ ...where, buckets: unbound }));
      if (!unbound.every(({ binding }) => context.config.buckets.some((one) => one.binding === binding)))
        throw new Failure(
          "A bucket did not find its place in wrangler.toml.",
          "Write it by hand (docs/second-copy.md), and run the command again.",
        );
      note(`bound as ${unbound.map(({ binding }) => binding).join(", ")}, now in wrangler.toml: commit that`);
    }
    for (const one of buckets) await make(context.wrangler, one);
  },
};

const remedy =
  "R2 must be enabled for the account once, in Cloudflare's dashboard. An API token needs the permission R2:Edit.";

async function make(wrangler, bucket) {
  const { name } = bucket;
  const info = ["r2", "bucket", "info", name, ...within(bucket)];
  if (await wrangler.isThere(info, { remedy })) return note(`${name} is there`);
  await wrangler.must(["r2", "bucket", "create", name, ...within(bucket)], { remedy });
  note(`made ${name}`);
  const lock = ["lock", "add", name, "keep", "c1/", "--retention-days", "30", ...within(bucket)].join(" ");
  note(`lock it, so that not even the Worker can delete what is young: npx wrangler r2 bucket ${lock}`);
}
