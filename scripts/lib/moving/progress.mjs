// How far it is: a bar on a terminal, a plain line now and then elsewhere.

const WIDTH = 24;
const LINE_EVERY_MS = 10_000;

export class Progress {
  #out;
  #unit;
  #total;
  #told = Date.now();

  constructor({ total, unit, out = process.stderr }) {
    this.#out = out;
    this.#unit = unit;
    this.#total = total;
  }

  /** `total` is not known for everything: then only the count is shown. */
  show(done) {
    if (this.#out.isTTY) this.#out.write(`\r\u001b[2K${this.#bar(done)}`);
    else if (Date.now() - this.#told >= LINE_EVERY_MS) {
      this.#told = Date.now();
      this.#out.write(`${this.#count(done)}\n`);
    }
  }

  end() {
    if (this.#out.isTTY) this.#out.write("\r\u001b[2K");
  }

  #bar(done) {
    if (!this.#total) return this.#count(done);
    const full = Math.round(Math.min(done / this.#total, 1) * WIDTH);
    return `${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${this.#count(done)}`;
  }

  #count(done) {
    const count = done.toLocaleString("en");
    return this.#total ? `${count} of ${this.#total.toLocaleString("en")} ${this.#unit}` : `${count} ${this.#unit}`;
  }
}
