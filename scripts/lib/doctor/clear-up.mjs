// What the doctor made, it takes away: as far as the Worker's settings let one operator do that, and it tells how far that was.

import { Trouble } from "./trouble.mjs";

/** Erases every user that this run made, even if one of them fails. Resolves with what is still there, for the report. */
export async function clearUp({ caller, made, adminToken }) {
  const notes = new Set();
  const left = [];
  for (const { id, clientId } of made) {
    try {
      const note = await erase({ id, clientId, as: (method, path) => asked(caller, method, path, adminToken) });
      if (note) notes.add(note);
    } catch {
      left.push({ id, clientId });
    }
  }
  if (left.length === 0) return [...notes].join(" ") || undefined;
  throw new Trouble(
    `${left.map(({ id }) => id).join(" and ")} could not be erased`,
    `Erase each with the ADMIN_TOKEN: ${left.map(({ id, clientId }) => `DELETE /users/${id}?purge=${clientId}`).join(", ")}.`,
  );
}

// Not the run's own signal: this happens after Ctrl-C too.
const asked = (caller, method, path, token) =>
  caller.asOperator(method, path, { token, signal: AbortSignal.timeout(20_000) });

/** Erases a user; resolves with what is to be said of it, if it is not gone at once. */
async function erase({ id, clientId, as }) {
  const path = `/users/${encodeURIComponent(id)}`;
  const purged = await as("DELETE", `${path}?purge=${encodeURIComponent(clientId)}`);
  let note;
  if (purged.status === 202 && purged.json?.purgeAt) {
    note = `Deleted; erased for good at ${purged.json.purgeAt} (PURGE_DELAY_HOURS).`;
  } else if (purged.status === 202) {
    // FOUR_EYES: nothing has been done yet.
    await as("DELETE", path);
    note = "Deleted; the erasing for good waits for a second operator's approval (FOUR_EYES, GET /approvals).";
  }
  if ((await as("GET", path)).status !== 404) throw new Trouble("it is there still");
  return note;
}
