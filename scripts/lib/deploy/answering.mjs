// The time between a deployment and its first answer.

import { setTimeout as sleep } from "node:timers/promises";

import { Failure, note } from "../log.mjs";

/** A custom domain's first certificate takes a while. */
const READY_WITHIN_MS = 180_000;

/** Waits until the Worker answers at all; what it answers is the doctor's business. */
export async function answering(url, { patience = READY_WITHIN_MS, again }) {
  const until = Date.now() + patience;
  for (let told = false; ; told = true) {
    try {
      const { status } = await fetch(new URL("/readyz", url), {
        redirect: "manual",
        signal: AbortSignal.timeout(10_000),
      });
      if (status === 200 || Date.now() > until) return;
      // A deployment reaches every place within seconds; until then an older version, or none, may answer.
      if (status === 503 && told) return;
    } catch {
      if (Date.now() > until)
        throw new Failure(
          `${url.origin} does not answer.`,
          `It is deployed; a new domain's DNS and certificate can take some minutes. Then: ${again}`,
        );
    }
    if (!told) note(`waiting until ${url.origin} answers`);
    await sleep(Math.min(3_000, patience));
  }
}
