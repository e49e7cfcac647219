// What a test needs beyond Rust and npm: schemathesis, from PyPI into the cache folder. Where it cannot be had, the test
// says so and is skipped.

import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";

import { withLock } from "./lock.mjs";
import { note, step } from "./log.mjs";
import { cacheDir, exe, isWindows } from "./paths.mjs";
import { ask, run } from "./run.mjs";

const SCHEMATHESIS = "4.32.5";
const venvBin = (venv, name) => join(venv, isWindows ? "Scripts" : "bin", name + exe);
const venv = join(cacheDir, "tools", `schemathesis-${SCHEMATHESIS}-${process.platform}-${process.arch}`);

/** Where schemathesis is, once it is installed. */
export const schemathesisBin = venvBin(venv, "schemathesis");

/** Installs schemathesis where there is a Python; elsewhere says in one line that the contract test will be skipped. */
export async function ensureSchemathesis() {
  if (existsSync(schemathesisBin)) return;
  const python = await findPython();
  if (!python) return note("No Python 3.10 or newer: the contract test will be skipped.");
  await withLock(`${venv}.lock`, async () => {
    if (existsSync(schemathesisBin)) return;
    await step(`Installing schemathesis ${SCHEMATHESIS} for the contract test`, "30 s", async () => {
      const made = await run(python, ["-m", "venv", "--clear", venv]);
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `schemathesis==${SCHEMATHESIS}`];
      const installed = made.code === 0 ? await run(venvBin(venv, "python"), pip) : made;
      if (installed.code === 0) return;
      rmSync(venv, { recursive: true, force: true });
      note(
        `It cannot be installed here, so the contract test will be skipped: ${installed.output.trimEnd().split("\n").at(-1)}`,
      );
    });
  });
}

async function findPython() {
  for (const name of ["python3", "python"]) {
    const version = await ask(name, ["-c", "import sys; print(sys.version_info >= (3, 10))"]);
    if (version === "True") return name;
  }
  return null;
}
