// Where the versions of a timeline are drawn: a drawing for each of the app's methods, a lane for the cipher texts and one
// for each curve, a column for each version in the order of time.

import type { Version } from "./api";
import { splitCurve } from "./words";

export const COLUMN_PX = 40;
export const LANE_PX = 48;

/**
 * What tells a version from every other one of its user. Its id does not: an import keeps the ids of its source, where each table
 * counts from 1, and where a row that changes keeps its id.
 */
export const keyOf = ({ kind, id, backupMethod, storedAt }: Version) => [kind, id, backupMethod, storedAt].join(" ");

const RANKS = { current: 0, custodian: 1, user: 2 };

/**
 * The keys of the versions that a recovery is given. The Worker names them by their ids, each as often as versions with this id are given.
 * Every current version is given; of the superseded ones only custodian shares are. `isCurrent` is another where one were restored.
 */
export function givenKeys(
  ids: readonly string[],
  versions: readonly Version[],
  isCurrent = ({ supersededAt }: Version) => supersededAt === null,
): Set<string> {
  const left = new Map<string, number>();
  for (const id of ids) left.set(id, (left.get(id) ?? 0) + 1);
  const rank = (version: Version) => RANKS[isCurrent(version) ? "current" : version.kind];
  const given = versions
    .toSorted((a, b) => rank(a) - rank(b))
    .filter(({ id }) => {
      const count = left.get(id) ?? 0;
      left.set(id, count - 1);
      return count > 0;
    });
  return new Set(given.map(keyOf));
}

export interface Mark {
  version: Version;
  column: number;
  lane: number;
}

export interface Drawing {
  method: string;
  /** The first is of the cipher texts. */
  lanes: string[];
  marks: Mark[];
  /** From a cipher text to each custodian share of its backup. */
  lines: { from: Mark; to: Mark }[];
}

export const sameMethod = (a: string, b: string) => a.toUpperCase() === b.toUpperCase();

/** The app's method that a custodian share is of: the longest of those with a cipher text that it begins with. */
function appMethod(custodian: string, apps: readonly string[]): string {
  const upper = custodian.toUpperCase();
  const of = apps.filter((app) => sameMethod(app, custodian) || upper.startsWith(`${app.toUpperCase()}-`));
  return of.sort((a, b) => b.length - a.length)[0] ?? splitCurve(custodian).app;
}

function laneName(method: string, app: string): string {
  if (method.length === app.length) return "custodian share";
  return method.slice(app.length + 1);
}

export function drawings(versions: readonly Version[]): Drawing[] {
  const apps = [...new Set(versions.filter((v) => v.kind === "user").map((v) => v.backupMethod))];
  const groups = new Map<string, Version[]>();
  for (const version of versions) {
    const app = version.kind === "user" ? version.backupMethod : appMethod(version.backupMethod, apps);
    const key = [...groups.keys()].find((known) => sameMethod(known, app)) ?? app;
    groups.set(key, [...(groups.get(key) ?? []), version]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([method, group]) => drawing(method, group));
}

function drawing(method: string, versions: Version[]): Drawing {
  const inOrder = versions.toSorted((a, b) => (a.storedAt < b.storedAt ? -1 : a.storedAt > b.storedAt ? 1 : 0));
  const custodian = inOrder.filter((v) => v.kind === "custodian").map((v) => laneName(v.backupMethod, method));
  const lanes = ["cipher text", ...[...new Set(custodian.map((name) => name.toUpperCase()))].sort()];
  const marks = inOrder.map((version, column) => ({
    version,
    column,
    lane: version.kind === "user" ? 0 : lanes.indexOf(laneName(version.backupMethod, method).toUpperCase()),
  }));
  const shares = marks.filter(({ version }) => version.kind === "custodian");
  const lines = marks.flatMap((from) =>
    shares.filter((to) => from.version.mates.includes(to.version.id)).map((to) => ({ from, to })),
  );
  return { method, lanes, marks, lines };
}
