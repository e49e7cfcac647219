// A source of records, whatever it is read from. It is gone through more than once: first for what must be known of all rows
// together (survey.mjs), then for the users, the cipher texts and the custodian shares, in this order: a custodian share
// without a time gets its time from the cipher texts that it belongs to.

import { refusedByService } from "./rows.mjs";
import { Survey } from "./survey.mjs";
import { timeOf } from "./times.mjs";

const USER = "user";
const TYPES = [USER, "userBackupShare", "custodianBackupShare"];

/**
 * `read({ types, content })` gives what holds records of these types, each time anew and in the same order, as
 * `{ place, parts, text }` or `{ place, refused, about }`. `parts` is as in rows.mjs, `text` the source text of a record of ours;
 * `content` is false in the first reading. `needsUser`: a share of nobody in the source is refused.
 */
export async function sourceOf({ read, needsUser, close = async () => {}, ...about }) {
  const survey = await Survey.begin();
  const closeBoth = async () => {
    survey.close();
    await close();
  };
  try {
    const { total, counts, phases, mayBeRewritten } = await surveyed(read, survey);
    return {
      ...about,
      total,
      counts,
      mayBeRewritten,
      records: () => records({ read, survey, phases, needsUser }),
      close: closeBoth,
    };
  } catch (error) {
    await closeBoth(); // or the process would wait for it
    throw error;
  }
}

async function surveyed(read, survey) {
  const order = new Order();
  const onlyMade = new Set();
  let total = 0;
  const counts = Object.fromEntries(TYPES.map((type) => [type, 0]));
  for await (const { parts } of read({ types: TYPES, content: false })) {
    total += parts ? parts.shares.length + parts.refusals.length + (parts.user ? 1 : 0) : 1;
    if (!parts) continue;
    if (parts.rowId !== undefined) survey.addUser(parts.rowId, parts.user);
    if (parts.user) {
      counts[USER] += 1;
      order.see(USER);
    }
    for (const share of placedShares(parts)) {
      counts[share.record.type] += 1;
      if (share.onlyMade) onlyMade.add(share.record.type);
      order.see(share.record.type, parts.native && share.record.storedAt);
      if (!share.fixed) survey.addShare(share);
    }
  }
  survey.end();
  // Where a user has several shares under one method, the server adds a row for each, and the time of its making is right.
  const mayBeRewritten = TYPES.filter((type) => onlyMade.has(type) && !survey.hasSeveral(type));
  return { total, counts, mayBeRewritten, phases: order.isGood ? [TYPES] : TYPES.map((type) => [type]) };
}

/**
 * Whether the records may go as they come, in one reading: users before shares, and cipher texts before custodian shares unless
 * these have a time of their own.
 */
class Order {
  #highest = 0;
  isGood = true;

  see(type, timed) {
    const rank = TYPES.indexOf(type);
    if (rank < this.#highest && !(timed && rank > 0)) this.isGood = false;
    if (!(timed && rank === 2)) this.#highest = Math.max(this.#highest, rank);
    else this.#highest = Math.max(this.#highest, 1);
  }
}

/** The shares with what they are placed by. `fixed`: a record of ours whose place in the history is said, or cannot be. */
const placedShares = (parts) => (parts.native ? parts.shares.map(nativeShare) : parts.shares);

function nativeShare(record) {
  const fixed = { record, fixed: true };
  if (record.supersededAt || typeof record.storedAt !== "string" || typeof record.id !== "string") return fixed;
  try {
    const { at, exact } = timeOf(record.storedAt);
    if (refusedByService(record.share ?? record.cipherText, at)) return fixed;
    return { record, row: record.id, at: exact };
  } catch {
    return fixed; // the service refuses it
  }
}

/** Each record with its place. */
async function* records({ read, survey, phases, needsUser }) {
  for (const [number, types] of phases.entries()) {
    for await (const { place, parts, text, refused, about } of read({ types, content: true })) {
      const now = (record) => (record ? types.includes(record.type) : number === 0); // what has no type is told once
      if (!parts) {
        if (now(about)) yield { place, record: about, refused };
        continue;
      }
      if (parts.user && now(parts.user))
        yield { place, ...itemOf(parts.user, parts.native ? text : undefined), leftOut: parts.leftOut };
      for (const refusal of parts.refusals)
        if (now(refusal.about)) yield { place, record: refusal.about, refused: refusal.message };
      for (const share of placedShares(parts)) {
        if (!now(share.record)) continue;
        const superseded = share.fixed ? undefined : survey.supersededAt(share);
        yield {
          place,
          ...(parts.native ? nativeItem(share.record, text, superseded) : rowItem(share, superseded)),
        };
      }
    }
  }

  function rowItem(share, superseded) {
    const record = { ...share.record, ...superseded };
    // With the client id the service can tell a user of another company's database from one of ours with the same id.
    const user = survey.user(record.userId);
    if (!user && needsUser)
      return { record, refused: `there is no row of User with the id ${record.userId}, or it cannot go in` };
    return { ...itemOf({ ...record, ...user }), leftOut: share.leftOut };
  }
}

/**
 * A record of ours goes out as the very text that it came as: parsed and written again, a number could lose digits. Of
 * several that were current one after the other while an export ran, all but the newest go into the history.
 */
function nativeItem(record, text, superseded) {
  if (!superseded) return { record, text };
  return { record, text: `{"supersededAt":${JSON.stringify(superseded.supersededAt)},${text.slice(1)}` };
}

const itemOf = (record, text = JSON.stringify(record)) => ({ record, text });
