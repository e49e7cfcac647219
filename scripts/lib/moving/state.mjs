// How far an import has come: a small file, written after every page that the service has acknowledged.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

import { Failure } from "../log.mjs";

const VERSION = 2;

export class State {
  #file;
  #about;

  /** Reads the state of an earlier run of the same import, if there is one. Without a file nothing is kept. */
  constructor(file, about) {
    this.#file = file;
    this.#about = about;
    this.position = null;
    this.counts = { new: 0, same: 0, conflict: 0, refused: 0 };
    this.problems = [];
    this.resumed = false;
    if (file && existsSync(file)) this.#read();
  }

  #read() {
    let saved;
    try {
      saved = JSON.parse(readFileSync(this.#file, "utf8"));
    } catch {
      throw new Failure(`${this.#file} is not a state file.`, "Name another with --resume FILE.");
    }
    if (saved.version !== VERSION || saved.about !== this.#about) {
      throw new Failure(
        `${this.#file} belongs to another import (another source, another address or other options).`,
        "Remove it to begin anew, or name another with --resume FILE.",
      );
    }
    const { position, counts, problems } = saved;
    Object.assign(this, { position, counts, problems, resumed: true });
  }

  save() {
    if (!this.#file) return;
    const { position, counts, problems } = this;
    const text = JSON.stringify({ version: VERSION, about: this.#about, position, counts, problems });
    // Renamed into place, so that a run that is killed here leaves the state before or the state after.
    writeFileSync(`${this.#file}.new`, text, { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }

  remove() {
    if (this.#file) rmSync(this.#file, { force: true });
  }
}
