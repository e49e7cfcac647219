// The time between a deployment and its first answer.

import { setTimeout as sleep } from "node:timers/promises";

import { Failure, note } from "../log.mjs";
import { releaseDigest } from "../release-digest.mjs";

/** A custom domain's first certificate takes a while. */
const READY_WITHIN_MS = 180_000;
/** A deployment reaches every place within seconds: whoever answers "not ready" for longer is what was deployed. */
const DEPLOYED_WITHIN_MS = 30_000;
/** Of the same release with other settings nobody can see which one answers: so long it is taken for the one of before. */
const SETTLED_WITHIN_MS = 10_000;

/**
 * Waits until the Worker answers that it is the `release` that was deployed: an older version may answer for some seconds. One that is not
 * ready tells no release; after a while it is the doctor's business. `since`: when it was deployed over another version, which may have been
 * of the same release.
 */
export async function answering(url, { patience = READY_WITHIN_MS, again, since, release = releaseDigest() }) {
  const begun = Date.now();
  const settled = (since ?? 0) + Math.min(SETTLED_WITHIN_MS, patience);
  let sawAnother = false;
  for (let told = false; ; told = true) {
    const answer = await look(url);
    const waited = Date.now() - begun;
    const isRelease = answer?.status === 200 && answer.body?.release === release;
    if (isRelease && (sawAnother || Date.now() >= settled)) return;
    sawAnother ||= answer !== undefined && !isRelease;
    if (answer?.status === 503 && waited > Math.min(DEPLOYED_WITHIN_MS, patience)) return;
    if (waited > patience && answer?.status === 200)
      throw new Failure(
        `It is deployed, but another release answers at ${url.origin}: ${described(answer.body)}, not ${release}.`,
        `Does ${url.origin} lead to this Worker? If it does, wait some minutes. Then: ${again}`,
      );
    if (waited > patience && answer === undefined)
      throw new Failure(
        `${url.origin} does not answer.`,
        `It is deployed; a new domain's DNS and certificate can take some minutes. Then: ${again}`,
      );
    if (waited > patience) return;
    if (!told) note(`waiting until ${url.origin} answers with what was deployed`);
    await sleep(Math.min(3_000, patience));
  }
}

/** What it answers; undefined where nobody does. */
async function look(url) {
  try {
    const answer = await fetch(new URL("/readyz", url), { redirect: "manual", signal: AbortSignal.timeout(10_000) });
    return { status: answer.status, body: await answer.json().catch(() => undefined) };
  } catch {
    return undefined;
  }
}

const described = (body) => [body?.version, body?.release ?? "which tells no digest"].filter(Boolean).join(", ");
