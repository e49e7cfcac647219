// Cloudflare's own builds, which the deploy button starts: their image has Node, but no Rust.

import { homedir } from "node:os";
import { delimiter, join } from "node:path";

import { Failure, step } from "../log.mjs";
import { ask, mustRun } from "../run.mjs";

/** Makes sure of Rust on a machine of Workers Builds: rustup's own installer, for this build only. */
export async function ensureRust({ env = process.env, installer = "https://sh.rustup.rs", home = homedir() } = {}) {
  if ((await ask("cargo", ["--version"], { env })) !== null) return;
  await step("Installing Rust with rustup", "1 min", async () => {
    const text = await download(installer);
    const args = ["-s", "--", "-y", "--no-modify-path", "--profile", "minimal", "--target", "wasm32-unknown-unknown"];
    await mustRun("sh", args, { env, input: text, failure: "rustup's installer" });
  });
  env.PATH = `${join(home, ".cargo", "bin")}${delimiter}${env.PATH}`;
}

/** rustup's installer. A failure says what the host is for, and what to do. */
async function download(installer) {
  let why;
  try {
    const response = await fetch(installer, { signal: AbortSignal.timeout(60_000) });
    if (response.ok) return await response.text();
    why = `answered ${response.status}`;
  } catch (error) {
    why = `cannot be reached (${error.cause?.code ?? error.cause?.message ?? error.name})`;
  }
  throw new Failure(
    `rustup's installer cannot be downloaded: ${installer} ${why}.`,
    "Retry the build in a few minutes, or deploy the branch `release`, which holds the built Worker and needs no Rust (docs/deploy.md).",
  );
}
