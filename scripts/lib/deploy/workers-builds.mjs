// Cloudflare's own builds, which the deploy button starts: their image has Node, but no Rust.

import { homedir } from "node:os";
import { delimiter, join } from "node:path";

import { Failure, step } from "../log.mjs";
import { ask, mustRun } from "../run.mjs";

/** Makes sure of Rust on a machine of Workers Builds: rustup's own installer, for this build only. */
export async function ensureRust({ env = process.env, installer = "https://sh.rustup.rs", home = homedir() } = {}) {
  if ((await ask("cargo", ["--version"], { env })) !== null) return;
  await step("Installing Rust with rustup", "1 min", async () => {
    const response = await fetch(installer);
    if (!response.ok)
      throw new Failure(`${installer} answered ${response.status}.`, "Retry the build in a few minutes.");
    const args = ["-s", "--", "-y", "--no-modify-path", "--profile", "minimal", "--target", "wasm32-unknown-unknown"];
    await mustRun("sh", args, { env, input: await response.text(), failure: "rustup's installer" });
  });
  env.PATH = `${join(home, ".cargo", "bin")}${delimiter}${env.PATH}`;
}
