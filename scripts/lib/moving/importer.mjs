// Takes records from a source to the service, a page at a time, and counts what became of each.

import { describe } from "./rows.mjs";

// What the service takes in one request (src/handlers/import.rs).
const PAGE_BYTES = 1024 * 1024;
const PAGE_LINES = 200;
const OUTCOMES = ["new", "same", "conflict", "refused"];

/**
 * Runs to the end of the source, whatever single rows are refused. `state` holds the counts, the rows that did not go in,
 * and the position up to which the service has acknowledged everything.
 */
export async function importAll({ source, api, state, progress, dryRun = false, replaceOlder = false }) {
  const users = new Set(); // dry run only: users that would be there by now
  let done = Object.values(state.counts).reduce((sum, count) => sum + count, 0);
  for await (const page of pages(source.records(state.position))) {
    const sent = page.filter((item) => !item.refused);
    const results =
      sent.length > 0
        ? await api.import(
            sent.map((item) => item.text),
            { dryRun, replaceOlder },
          )
        : [];
    sent.forEach((item, index) => {
      item.result = dryRun ? foreseen(item.record, results[index], users) : results[index];
    });
    for (const item of page) note(state, item);
    state.position = page.at(-1).position;
    state.save();
    progress.show((done += page.length));
  }
  progress.end();
}

async function* pages(items) {
  let page = [];
  let bytes = 0;
  for await (const item of items) {
    const size = item.refused ? 0 : Buffer.byteLength(item.text) + 1;
    if (page.length > 0 && (page.length === PAGE_LINES || bytes + size > PAGE_BYTES)) {
      yield page;
      page = [];
      bytes = 0;
    }
    if (size > PAGE_BYTES) item.refused = "too large";
    page.push(item);
    bytes += item.refused ? 0 : size;
  }
  if (page.length > 0) yield page;
}

// In a dry run no user is made, so the service cannot know those that this very import would bring.
function foreseen(record, result, users) {
  if (record.type === "user" && result.outcome === "new") users.add(record.id);
  return result.code === "unknown_user" && users.has(record.userId) ? { outcome: "new" } : result;
}

function note(state, { place, record, refused, result }) {
  const outcome = refused ? "refused" : OUTCOMES.includes(result.outcome) ? result.outcome : "refused";
  state.counts[outcome] += 1;
  if (outcome === "new" || outcome === "same") return;
  state.problems.push({
    outcome,
    place,
    what: record ? describe(record) : "",
    reason: refused ?? result.reason ?? "no reason given",
  });
}

/** The final report. */
export function report({ counts, problems }, { dryRun = false } = {}) {
  const lines = problems.map(
    ({ outcome, place, what, reason }) => `${outcome.padEnd(8)}  ${place}${what && `  ${what}`}: ${reason}`,
  );
  const sum = OUTCOMES.map((outcome) => `${counts[outcome].toLocaleString("en")} ${outcome}`).join(", ");
  return [...lines, `${dryRun ? "Dry run, nothing was stored: " : ""}${sum}`].join("\n");
}
