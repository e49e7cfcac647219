// Questions to whoever sits at the terminal, if anyone does.

import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

import { Failure, say } from "../log.mjs";

/** The terminal, or undefined where nobody can answer (a pipe, CI). */
export function terminal({ input = process.stdin, output = process.stderr, env = process.env } = {}) {
  if (!input.isTTY || !output.isTTY || env.CI) return undefined;
  return {
    ask: (question) => questionOn(input, output, question),
    /** As `ask`, but what is typed is not shown. */
    async askSecret(question) {
      output.write(question);
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
      const answer = await questionOn(input, silent, "");
      output.write("\n");
      return answer;
    },
    /** What only the person at the terminal may see, never a log. */
    show: (text) => say(text),
  };
}

async function questionOn(input, output, question) {
  const lines = createInterface({ input, output, terminal: true });
  const ended = new AbortController();
  lines.once("close", () => ended.abort());
  try {
    return (await lines.question(question, { signal: ended.signal })).trim();
  } catch (error) {
    if (ended.signal.aborted)
      throw new Failure("Broken off.", "Run the command again: what is done already is not done twice.");
    throw error;
  } finally {
    lines.close();
  }
}
