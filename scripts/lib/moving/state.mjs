// How far an import has come: which pages of records the service has acknowledged, by what is in them.
//
// A page is skipped when the very same page was acknowledged before. It does not matter where it stands in the source now, nor
// what else has changed there: whatever is new or different makes another page, and is sent. A line is added for each page, so
// a run that is killed here loses one page of it at most, and that one is sent again.

import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

import { Failure } from "../log.mjs";

const VERSION = 3;

export const fingerprintOf = (texts) => {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\n");
  return hash.digest("base64url");
};

export class State {
  #file;
  #about;
  #done = new Map();
  #begun = false;

  /** Reads the state of an earlier run of the same import, if there is one. Without a file nothing is kept. */
  constructor(file, about) {
    this.#file = file;
    this.#about = about;
    this.reset();
    if (file && existsSync(file)) this.#read();
  }

  /** Begins to count anew: of all records of the source, those that an earlier run took in (`skipped`) among them. */
  reset() {
    this.counts = { new: 0, same: 0, conflict: 0, refused: 0 };
    this.skipped = 0;
    this.problems = [];
  }

  get resumed() {
    return this.#done.size > 0;
  }

  #read() {
    const [head, ...pages] = readFileSync(this.#file, "utf8").split("\n").map(parsed);
    if (head?.version === undefined)
      throw new Failure(`${this.#file} is not a state file.`, "Name another with --resume FILE.");
    if (head.version !== VERSION || head.about !== this.#about) {
      throw new Failure(
        `${this.#file} belongs to another import (another kind of source, another address or other options).`,
        "Remove it to begin anew, or name another with --resume FILE.",
      );
    }
    for (const page of pages) if (typeof page?.page === "string") this.#done.set(page.page, page);
    this.#begun = true;
  }

  /** What became of this very page in an earlier run: `{ new, same }`. */
  done(page) {
    return this.#done.get(page);
  }

  /** The page that the service acknowledged last. */
  last() {
    return [...this.#done.keys()].at(-1);
  }

  /** The service does not hold what was acknowledged (it is another one, or was emptied): all is sent again. */
  forget() {
    this.#done.clear();
    this.remove();
    this.#begun = false;
  }

  /** The service holds all records of this page. */
  add(page, counts) {
    if (!this.#file) return;
    const line = `${JSON.stringify({ page, ...counts })}\n`;
    if (this.#begun) return appendFileSync(this.#file, line);
    // Whole or not there, with its first page: a kill in between may leave no file that the next run can not go on with.
    const head = `${JSON.stringify({ version: VERSION, about: this.#about })}\n`;
    writeFileSync(`${this.#file}.part`, head + line, { mode: 0o600 });
    renameSync(`${this.#file}.part`, this.#file);
    this.#begun = true;
  }

  remove() {
    if (this.#file) rmSync(this.#file, { force: true });
  }
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // cut short by a kill
  }
}
