// The doctor's report: a line for each check, with what to change under those that failed; or one JSON object.

import { duration } from "../log.mjs";

const MARKS = { ok: ["✓", 32], failed: ["✗", 31], skipped: ["–", 33] };

/** Writes lines for people to `stream`; in colour on a terminal, unless NO_COLOR is set. */
export function lineReport({ stream = process.stdout, env = process.env } = {}) {
  const paint = stream.isTTY && !env.NO_COLOR ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_, text) => text;
  const say = (text) => stream.write(`${text}\n`);
  const tell = ({ title, status, ms, note, advice }) => {
    const [mark, colour] = MARKS[status];
    say(`${paint(colour, mark)} ${title}${status === "skipped" ? "" : `  ${paint(2, duration(ms))}`}`);
    if (note) say(`    ${status === "failed" ? paint(31, note) : paint(2, note)}`);
    if (advice) say(`    ${advice}`);
  };
  /** Checks in a row that lack the same one: one line for all of them. */
  let lacking = [];
  const tellLacking = () => {
    if (lacking.length === 1) tell(lacking[0]);
    else if (lacking.length > 1)
      tell({ status: "skipped", title: `${lacking.length} more that ${lacking[0].note.replace("needs", "need")}` });
    lacking = [];
  };
  return {
    begin: (url) => say(`Examining ${url.origin}\n`),
    check(result) {
      if (result.lacks !== lacking[0]?.lacks) tellLacking();
      if (result.lacks) lacking.push(result);
      else tell(result);
    },
    end({ ok, aborted, checks }) {
      tellLacking();
      const count = (wanted) => checks.filter(({ status }) => status === wanted).length;
      const skipped = count("skipped") > 0 ? `, ${count("skipped")} skipped` : "";
      if (aborted) say(`\n${paint(33, "Broken off.")}`);
      else if (ok) say(`\n${paint(32, "All is well")}: ${count("ok")} checks passed${skipped}.`);
      else say(`\n${paint(31, `${count("failed")} failed`)}, ${count("ok")} passed${skipped}.`);
    },
  };
}

/** One JSON object at the end. */
export function jsonReport({ stream = process.stdout } = {}) {
  let url;
  return {
    begin: (target) => (url = target.origin),
    check: () => {},
    end: (outcome) => stream.write(`${JSON.stringify({ url, ...outcome }, null, 2)}\n`),
  };
}
