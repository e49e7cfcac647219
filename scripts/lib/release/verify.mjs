// Whether a deployed Worker is this release: the digest that it tells, beside the digest of the files here.

import { existsSync, readFileSync } from "node:fs";

import { resultDir } from "../build.mjs";
import { Failure } from "../log.mjs";
import { inRoot, isPackage } from "../paths.mjs";
import { releaseDigest } from "../release-digest.mjs";
import { changedFiles } from "./package.mjs";

/** What git or a person may change in a package without making it another release. */
const MAY_CHANGE = new Set(["wrangler.toml", ".gitignore"]);

/** The version and the digest of the release in this folder. Of a package, the files must be those that were packed. */
export function ownRelease() {
  const { version } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
  if (!isPackage) return { version, digest: releaseDigest(resultDir("release")) };
  const digest = releaseDigest();
  const changed = existsSync(inRoot("SHA256SUMS"))
    ? changedFiles(inRoot()).filter((path) => !MAY_CHANGE.has(path))
    : ["SHA256SUMS"];
  if (changed.length > 0 || JSON.parse(readFileSync(inRoot("release.json"), "utf8")).digest !== digest) {
    throw new Failure(
      `This folder is not the release as it was packed. Changed or missing: ${changed.join(", ") || "release.json"}.`,
      "Unpack the release again, after checking it: sha256sum -c SHA256SUMS",
    );
  }
  return { version, digest };
}

/** What the Worker at `url` tells of itself: `{ version, digest }`, either of them undefined where it does not say. */
export async function deployedRelease(url) {
  let answer;
  try {
    answer = await fetch(new URL("/readyz", url), { redirect: "manual", signal: AbortSignal.timeout(15_000) });
  } catch (error) {
    throw new Failure(
      `${url.origin} does not answer (${error.cause?.code ?? error.name}).`,
      "Is the URL right, and is the Worker deployed there?",
    );
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.status !== 200) {
    throw new Failure(
      `${url.origin}/readyz answers ${answer.status}${body.detail ? `: ${body.detail}` : ""}, so it tells no release.`,
      "Mend that first; `npm run doctor` tells more.",
    );
  }
  return { version: body.version, digest: body.release };
}
