// The doctor as its own process, as `npm run doctor` starts it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { SECRETS } from "./harness.mjs";

export const HELD = { WEBHOOK_SECRET: SECRETS.WEBHOOK_SECRET, ADMIN_TOKEN: SECRETS.ADMIN_TOKEN };

/** Starts the doctor; `ended` resolves with its exit code and what it said. No secret is ever in that. */
export function start(args, env = HELD) {
  const child = spawn(process.execPath, [inRoot("scripts", "doctor.mjs"), ...args.map(String)], {
    env: { PATH: process.env.PATH, ...env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = new Promise((resolve) => {
    child.once("close", (code) => {
      for (const secret of Object.values({ ...HELD, ...env })) {
        if (secret.length > 20) assert.ok(!said.includes(secret), "a secret was printed");
      }
      resolve({ code, said });
    });
  });
  return { child, ended };
}

export const doctor = (...args) => start(args).ended;
export const doctorWith = (env, ...args) => start(args, { ...HELD, ...env }).ended;

/** Its JSON, and one check of it by id. */
export async function examined(...args) {
  const { code, said } = await doctor(...args, "--json");
  const outcome = JSON.parse(said);
  return { code, outcome, of: (id) => outcome.checks.find((check) => check.id === id) };
}
