// Where a database that has yet to be made belongs. That cannot be changed later, so the first word counts: `--add-home` writes it
// beside the binding in wrangler.toml, where it stays until the home is open, and every later run goes by it.

import { Failure } from "../log.mjs";
import { JURISDICTIONS, locations } from "./options.mjs";

export const numberOf = (binding) => Number(/^DB_(\d+)$/.exec(binding)?.[1] ?? 0);

/** The home that an `--add-home` has bound and not yet ended. */
export const begunHome = ({ databases }) =>
  databases.findLast(({ binding, begun, id }) => /^DB_\d+$/.test(binding) && (begun || !id));

/** What HOME_PLACES says of the home. */
export function placeOfHome({ vars }, number) {
  const pairs = (vars.HOME_PLACES ?? "").split(",").map((pair) => pair.trim().split("="));
  return pairs.find(([home]) => home === String(number))?.[1];
}

export const asFlag = ({ jurisdiction, location }) =>
  jurisdiction ? `--jurisdiction=${jurisdiction}` : `--location=${location}`;

function given({ jurisdiction, location }) {
  if (jurisdiction) return { jurisdiction };
  return location ? { location } : undefined;
}

/** Where wrangler.toml wants it. A place that has a jurisdiction's name is taken for a promise. */
function kept({ begun, binding }, config) {
  if (begun || binding === "DIRECTORY") return begun;
  const place = placeOfHome(config, numberOf(binding));
  return JURISDICTIONS.includes(place) ? { jurisdiction: place } : undefined;
}

/** Where it belongs, as far as anybody has said. The directory holds no id in the clear, so it keeps to no jurisdiction; near this machine, unless a location is said. */
export function whereOf(database, { config, options }) {
  const elsewhere = database.binding === "DIRECTORY" ? { location: options.location ?? "auto" } : given(options);
  return kept(database, config) ?? elsewhere;
}

/** As `whereOf`, or else as whoever is at the terminal says. */
export async function decidedWhere(database, context) {
  const said = whereOf(database, context) ?? (context.ui ? await ask(context.ui, database.name) : undefined);
  if (said) return said;
  throw new Failure(
    `Where should the database ${database.name} be? This cannot be changed later.`,
    `Say it with --location (${Object.keys(locations).join(", ")}, or auto) or with --jurisdiction (${JURISDICTIONS.join(", ")}).`,
  );
}

/** Flags are about the databases of which wrangler.toml says nothing. Where it says of all, they may only say the same. */
export function refuseOtherPlace({ config, options }) {
  const said = given(options);
  const unfinished = config.databases.filter(
    ({ begun, binding, id }) => binding !== "DIRECTORY" && (!id || (options.addHome && begun)),
  );
  if (!said || unfinished.some((one) => !kept(one, config))) return;
  const other = unfinished.find((one) => asFlag(kept(one, config)) !== asFlag(said));
  if (!other) return;
  throw new Failure(
    `${other.binding} is not finished, and wrangler.toml says that it belongs to ${asFlag(kept(other, config))}. This run says ${asFlag(said)}.`,
    `Leave ${asFlag(said)} out: the run then finishes ${other.binding}. A home elsewhere is added after that. Nothing was made.`,
  );
}

async function ask(ui, name) {
  ui.show(
    [
      `  Where should the database ${name} be? This cannot be changed later. Near to Portal and your users is fast.`,
      ...Object.entries(locations).map(([hint, place]) => `    ${hint.padEnd(5)} ${place}`),
      "    eu    only within the European Union (a jurisdiction, for data protection); us and fedramp likewise",
      "    auto  near to this machine",
    ].join("\n"),
  );
  for (;;) {
    const answer = (await ui.ask("  Location: ")).toLowerCase();
    if (JURISDICTIONS.includes(answer)) return { jurisdiction: answer };
    if (answer === "auto" || answer in locations) return { location: answer };
  }
}
