// The wrangler of package.json, one command at a time, for one environment.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Failure } from "../log.mjs";
import { wranglerCli } from "../paths.mjs";
import { run } from "../run.mjs";
import { nodeBin, nodeEnv } from "../toolchain.mjs";

export class Wrangler {
  constructor({ environment, config, cli = wranglerCli }) {
    this.cli = cli;
    this.where = [`--env=${environment}`, `--config=${config}`];
  }

  /** Runs it and resolves with `{ code, stdout, stderr, output }`. */
  async run(args, { env = {}, ...options } = {}) {
    const all = ["--no-warnings", this.cli, ...args, ...this.where];
    return run(await nodeBin(), all, { env: nodeEnv({ WRANGLER_HIDE_BANNER: "true", ...env }), ...options });
  }

  /** Runs it; failing is a Failure with wrangler's own words and with what to do. Undefined if it fails with what `none` matches. */
  async must(args, { remedy, none, ...options } = {}) {
    const result = await this.run(args, options);
    if (result.code === 0) return result;
    if (none?.test(result.output)) return undefined;
    throw new Failure(`\`wrangler ${args.join(" ")}\` failed:\n${lastLines(result.output)}`, remedy);
  }

  /** Whether there is what it looks for. Failing for another reason than that there is none is a Failure: nothing is made blindly. */
  async isThere(args, { remedy }) {
    const { code, output } = await this.run(args);
    if (code === 0) return true;
    if (/does not exist/i.test(output)) return false;
    throw new Failure(
      `\`wrangler ${args.join(" ")}\` failed:\n${lastLines(output)}`,
      `It cannot be seen whether it is there. ${remedy}`,
    );
  }

  /** Runs it and resolves with the JSON that it prints. */
  async json(args, options) {
    const result = await this.must(args, options);
    if (result === undefined) return undefined;
    const { stdout } = result;
    const at = stdout.search(/[[{]/);
    try {
      return JSON.parse(at < 0 ? "" : stdout.slice(at));
    } catch {
      throw new Failure(
        `\`wrangler ${args.join(" ")}\` did not answer with JSON.`,
        "Is it the wrangler of package.json? Run `npm ci`.",
      );
    }
  }

  /** Deploys, and resolves with the places where wrangler says that the Worker is now. */
  async deploy(args = []) {
    const dir = mkdtempSync(join(tmpdir(), "portal-backup-deploy-"));
    const file = join(dir, "output.ndjson");
    try {
      await this.must(["deploy", ...args], {
        env: { WRANGLER_OUTPUT_FILE_PATH: file },
        remedy: "Mend what it says and run the command again: what is done already is not done twice.",
      });
      return targetsOf(file);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
}

function targetsOf(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const entries = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return entries.findLast(({ type }) => type === "deploy")?.targets ?? [];
}

export const lastLines = (text) => text.trimEnd().split("\n").slice(-15).join("\n");
