// Small files that a person wrote: secrets, a passphrase, an identity.

import { readFileSync } from "node:fs";

import { Failure } from "./log.mjs";

/** What a person sees in the file: without the byte order mark that some editors of Windows put before it. */
export function readTextFile(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Failure(`${file} could not be read (${error.code}).`, "It must be a file that you may read.");
  }
  // PowerShell 5 writes UTF-16: no name in it could be read, and a passphrase would be another one than the person knows.
  if (text.includes("\0"))
    throw new Failure(
      `${file} is not text in UTF-8.`,
      "Save it as UTF-8; PowerShell 5 does with Set-Content -Encoding utf8.",
    );
  return text.replace(/^\ufeff/, "");
}
