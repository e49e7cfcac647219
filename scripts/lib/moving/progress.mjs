// How far it is and how long it will take: a bar on a terminal, a plain line now and then elsewhere.

import { duration } from "../log.mjs";

const WIDTH = 24;
const LINE_EVERY_MS = 10_000;
/** Before this nobody can tell how fast it goes. */
const ESTIMATE_AFTER_MS = 2_000;

export class Progress {
  #out;
  #unit;
  #partOf;
  #now;
  #begun;
  #told;

  /** `partOf`: of what `show` is told a part, from 0 to 1, where nobody has counted what there is; instead of total and unit. */
  constructor({ partOf, total = partOf && 1, unit, out = process.stderr, now = Date.now }) {
    this.#out = out;
    this.#unit = unit;
    this.#partOf = partOf;
    this.#now = now;
    this.#told = now();
    /** Of how many; undefined as long as it is not known: then only the count is shown, and also where there turn out to be more. */
    this.total = total;
  }

  show(done) {
    // What was skipped at once says nothing of how long the rest takes.
    this.#begun ??= { at: this.#now(), done };
    if (this.#out.isTTY) this.#out.write(`\r\u001b[2K${this.#bar(done)}`);
    else if (this.#now() - this.#told >= LINE_EVERY_MS) {
      this.#told = this.#now();
      this.#out.write(`${this.#count(done)}\n`);
    }
  }

  end() {
    if (this.#out.isTTY) this.#out.write("\r\u001b[2K");
  }

  #isOf = (done) => Boolean(this.total) && done <= this.total;

  #bar(done) {
    if (!this.#isOf(done)) return this.#count(done);
    const full = Math.round((done / this.total) * WIDTH);
    return `${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${this.#count(done)}`;
  }

  #count(done) {
    if (this.#partOf) return `${Math.floor(done * 100)} % of ${this.#partOf}${this.#left(done)}`;
    const count = done.toLocaleString("en");
    if (!this.#isOf(done)) return `${count} ${this.#unit}`;
    return `${count} of ${this.total.toLocaleString("en")} ${this.#unit}${this.#left(done)}`;
  }

  #left(done) {
    const [ms, gone] = [this.#now() - this.#begun.at, done - this.#begun.done];
    if (ms < ESTIMATE_AFTER_MS || gone <= 0 || done >= this.total) return "";
    return `, about ${duration(Math.ceil((((this.total - done) / gone) * ms) / 1000) * 1000)} left`;
  }
}
