// Times as databases write them.

import { Refusal } from "./refusal.mjs";

const FRACTION_DIGITS = 12;
/** Milliseconds before the year 2000 are most likely seconds: taking them for milliseconds would put a share into 1970. */
const FIRST_MS = Date.UTC(2000, 0, 1);
const LAST_MS = Date.UTC(9999, 11, 31);

const TEXT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?: ?(Z|UTC|[+-]\d\d(?::?\d\d)?))?$/;

/**
 * A time in two forms: `at` is `YYYY-MM-DDTHH:MM:SS.mmmZ`, `exact` keeps the whole fraction of a second and sorts as text.
 *
 * Taken are texts with and without an offset (Prisma's columns have no time zone and hold UTC), and integers: the
 * milliseconds since 1970 that Prisma writes into SQLite.
 */
export function timeOf(value) {
  const ms = wholeNumber(value);
  if (ms !== undefined) {
    if (ms >= FIRST_MS && ms <= LAST_MS) return timeOf(new Date(ms).toISOString());
    throw new Refusal(`its time ${ms} is no number of milliseconds since 1970 in this century or later`);
  }
  const found = typeof value === "string" && value.match(TEXT);
  if (found) {
    const [, day, clock, fraction = "", zone = "Z"] = found;
    const utc = zone === "Z" || zone === "UTC";
    const offset = utc ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}`;
    const date = new Date(`${day}T${clock}.${fraction.padEnd(3, "0").slice(0, 3)}${offset}`);
    if (!Number.isNaN(date.getTime())) {
      const at = date.toISOString();
      return { at, exact: `${at.slice(0, 19)}.${fraction.padEnd(FRACTION_DIGITS, "0").slice(0, FRACTION_DIGITS)}` };
    }
  }
  throw new Refusal("its time is not one such as 2026-01-31T12:00:00.000Z");
}

const wholeNumber = (value) =>
  typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value)) ? Number(value) : undefined;
