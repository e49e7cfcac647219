// What is deployed now, beside wrangler.toml. A deployment puts wrangler.toml's bindings in the place of those that are live, so an older
// wrangler.toml, of a clone on another machine, would take a database or a bucket away, and all who live there.

import { Failure, note } from "../log.mjs";
import { takeFromDashboard } from "./database.mjs";

/** The bindings that hold users or their copies. A database of another name, such as that of a drill, is nobody's home. */
const HOLDS = /^(DB(_\d+)?|DIRECTORY|COPY(_[A-Z0-9_]+)?)$/;

export const live = {
  title: "What is live",
  plan: () => [
    "look what is deployed: wrangler deployments status, wrangler versions view",
    "refuse to go on if a database or a bucket that is bound there would go, or be another one",
  ],
  async run(context) {
    await takeFromDashboard(context);
    const bindings = await liveBindings(context.wrangler);
    if (bindings === undefined) return note("nothing is deployed yet");
    context.isLive = true;
    refuseLosses(context, bindings);
    const changed = changedVars(context, bindings);
    if (changed.length > 0) note(`variables that are not as they are live: ${changed.join(", ")}`);
    note("every database and bucket that is bound there stays");
  },
};

/** The bindings of every version that serves now; undefined if none does. */
async function liveBindings(wrangler) {
  const remedy = "With an API token: does it have the permission Workers Scripts:Edit? Nothing was deployed.";
  const none = /\[code: 10007\]|has no deployments/;
  const deployment = await wrangler.json(["deployments", "status", "--json"], { none, remedy });
  if (deployment === undefined) return undefined;
  const bindings = [];
  for (const { version_id } of deployment.versions) {
    const { resources } = await wrangler.json(["versions", "view", version_id, "--json"], { remedy });
    if (!Array.isArray(resources?.bindings))
      throw new Failure(
        `\`wrangler versions view ${version_id} --json\` names no bindings: what is live cannot be told.`,
        remedy,
      );
    bindings.push(...resources.bindings);
  }
  return bindings;
}

/** Two jurisdictions may each have a bucket of this name. */
const bucketIn = (name, jurisdiction) => (jurisdiction ? `${name} within ${jurisdiction}` : name);

function refuseLosses({ config, options }, bindings) {
  const here = new Map([
    ...config.databases.map(({ binding, id }) => [binding, id]),
    ...config.buckets.map(({ binding, name, jurisdiction }) => [binding, bucketIn(name, jurisdiction)]),
  ]);
  const losses = bindings
    .filter(({ name, type }) => (type === "d1" || type === "r2_bucket") && HOLDS.test(name))
    .map(({ name, type, bucket_name, database_id, id, jurisdiction }) => ({
      name,
      what: type === "d1" ? "database" : "bucket",
      there: type === "d1" ? (database_id ?? id) : bucketIn(bucket_name, jurisdiction),
    }))
    .filter(({ name, there }) => here.get(name) !== there && !options.rebind.includes(name));
  if (losses.length === 0) return;
  const told = losses.map(({ name, what, there }) => {
    const instead = here.has(name) ? `wrangler.toml has ${here.get(name) ?? "no id"}` : "wrangler.toml binds none";
    return `${name} is bound to the ${what} ${there}, and ${instead}.`;
  });
  throw new Failure(
    `The Worker that is live has what wrangler.toml lacks:\n${[...new Set(told)].join("\n")}\nThis deployment would take it away. Nothing was deployed.`,
    `Is this wrangler.toml an older one? Take the newest (git pull), or write this into it. If it is to go: ${[...new Set(losses.map(({ name }) => `--rebind ${name}`))].join(" ")}`,
  );
}

/** Names only: whoever writes a variable in the dashboard may have meant it as a secret. */
function changedVars({ config, options }, bindings) {
  const there = new Map(bindings.filter(({ type }) => type === "plain_text").map(({ name, text }) => [name, text]));
  const here = { ...config.vars, ...Object.fromEntries(options.vars.map(({ name, value }) => [name, value])) };
  const names = new Set([...there.keys(), ...Object.keys(here)]);
  return [...names].filter((name) => there.get(name) !== here[name]).sort();
}
