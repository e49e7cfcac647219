// age files (age-encryption.org): sealed for a recipient's public key, or under a passphrase.

import { readFileSync } from "node:fs";

import { Decrypter, Encrypter } from "age-encryption";

import { Failure } from "../log.mjs";

const MAGIC = "age-encryption.org/v1\n";

export const isAge = (head) => head.toString("latin1", 0, MAGIC.length) === MAGIC;

/** The stream of bytes, sealed. Exactly one of `recipients` and `passphrase` is given. */
export async function encrypted(bytes, { recipients, passphrase }) {
  const encrypter = new Encrypter();
  if (passphrase) encrypter.setPassphrase(passphrase);
  for (const recipient of recipients ?? []) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw new Failure(
        `"${recipient}" is not an age recipient.`,
        "It starts with age1; `age-keygen` makes a pair, and prints it.",
      );
    }
  }
  return encrypter.encrypt(bytes);
}

/**
 * Unlocks a file by its head, once: a passphrase takes seconds, and the file is read more than once. Resolves with what
 * opens the stream of its bytes; a file that was cut short or changed then fails at its end.
 */
export async function unlocked(head, { identities, passphrase, file }) {
  if (identities.length === 0 && !passphrase) {
    throw new Failure(
      `${file} is sealed with age.`,
      "Open it with --identity KEYFILE, or with --passphrase-file FILE (or AGE_PASSPHRASE).",
    );
  }
  const decrypter = new Decrypter();
  if (passphrase) decrypter.addPassphrase(passphrase);
  for (const identity of identities) decrypter.addIdentity(identity);
  let fileKey;
  try {
    fileKey = await decrypter.decryptHeader(headerOf(head));
  } catch {
    throw new Failure(`${file} does not open with this ${passphrase ? "passphrase" : "identity"}.`);
  }
  return (bytes) => {
    const opener = new Decrypter();
    opener.addIdentity({ unwrapFileKey: () => fileKey });
    return opener.decrypt(bytes);
  };
}

/** The text up to the line that begins with `---`, which it ends with. */
const headerOf = (head) => head.subarray(0, head.indexOf("\n", head.indexOf("\n---") + 1) + 1);

/** The secret keys in an identity file as `age-keygen` writes it. */
export function readIdentities(file) {
  const keys = readSecretFile(file)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.startsWith("AGE-SECRET-KEY-"));
  if (keys.length === 0) throw new Failure(`${file} holds no age identity (AGE-SECRET-KEY-…).`);
  return keys;
}

/** The passphrase in the file's first line, or in AGE_PASSPHRASE: never an argument, which every process could see. */
export function readPassphrase(file, env = process.env) {
  if (!file) return env.AGE_PASSPHRASE || undefined;
  const passphrase = readSecretFile(file).split(/\r?\n/)[0];
  if (!passphrase) throw new Failure(`${file} holds no passphrase in its first line.`);
  return passphrase;
}

function readSecretFile(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Failure(`${file} could not be read (${error.code}).`);
  }
}
