// What tests need beyond Rust and npm: packages from PyPI, each in the cache folder. Where one cannot be had, its test says so
// and is skipped.

import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";

import { withLock } from "./lock.mjs";
import { note, step } from "./log.mjs";
import { cacheDir, exe, isWindows } from "./paths.mjs";
import { ask, run } from "./run.mjs";

/** A package of PyPI; `program` is what shows that it is installed. */
class PythonTool {
  constructor(name, version, program, purpose) {
    Object.assign(this, { name, version, purpose });
    this.venv = join(cacheDir, "tools", `${name}-${version}-${process.platform}-${process.arch}`);
    this.bin = this.#in(program);
  }

  #in(program) {
    return join(this.venv, isWindows ? "Scripts" : "bin", program + exe);
  }

  /** Installs it where there is a Python; elsewhere says in one line that its test will be skipped. */
  async ensure() {
    if (existsSync(this.bin)) return;
    const python = await findPython();
    if (!python) return note(`No Python 3.10 or newer: ${this.purpose} will be skipped.`);
    await withLock(`${this.venv}.lock`, async () => {
      if (existsSync(this.bin)) return;
      await step(`Installing ${this.name} ${this.version} for ${this.purpose}`, "30 s", async () => {
        const made = await run(python, ["-m", "venv", "--clear", this.venv]);
        const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `${this.name}==${this.version}`];
        const installed = made.code === 0 ? await run(this.#in("python"), pip) : made;
        if (installed.code === 0) return;
        rmSync(this.venv, { recursive: true, force: true });
        const why = installed.output.trimEnd().split("\n").at(-1);
        note(`It cannot be installed here, so ${this.purpose} will be skipped: ${why}`);
      });
    });
  }
}

const schemathesis = new PythonTool("schemathesis", "4.32.5", "schemathesis", "the contract test");
/** A parser of OpenMetrics: Prometheus' own client for Python. Its Python shows that it is there. */
const prometheusClient = new PythonTool("prometheus-client", "0.26.0", "python", "the test of OpenMetrics");

/** Where schemathesis is, once it is installed. */
export const schemathesisBin = schemathesis.bin;
export const ensureSchemathesis = () => schemathesis.ensure();
/** A Python that has `prometheus_client`, once it is installed. */
export const prometheusPython = prometheusClient.bin;
export const ensurePrometheusClient = () => prometheusClient.ensure();

async function findPython() {
  for (const name of ["python3", "python"]) {
    const version = await ask(name, ["-c", "import sys; print(sys.version_info >= (3, 10))"]);
    if (version === "True") return name;
  }
  return null;
}
