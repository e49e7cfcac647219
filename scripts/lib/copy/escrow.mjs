// The escrow of the sealing keys: each one inside an age file for identities that lie on paper or in a safe, never at Cloudflare.

import { Encrypter, armor } from "age-encryption";

import { addRecipient, isAge, readIdentities, unlocked } from "../moving/age.mjs";
import { MOST_KEYS, keyCheck, openingKeys } from "../moving/sealed.mjs";
import { Failure } from "../log.mjs";

/** The entries of SHARE_ENCRYPTION_KEYS, in their order: `[{ id, entry }]`. */
export function entriesOf(setting) {
  return setting.split(",").map((text) => {
    const entry = text.trim();
    return { id: entry.slice(0, entry.indexOf(":")), entry };
  });
}

/**
 * Each key of the setting inside a file of its own: `[{ id, check, age }]`, the sealing one first. `check` tells the Worker whether it is the key
 * that it has under this id, and nothing else of it.
 *
 * age-encryption would write a file for nobody, which nobody could ever open: that is refused before anything is written.
 */
export async function escrowed({ setting, recipients }) {
  encrypterFor(recipients);
  await openingKeys(setting); // says what is wrong with it
  const escrows = [];
  for (const { id, entry } of entriesOf(setting)) {
    const file = await encrypterFor(recipients).encrypt(`${entry}\n`);
    escrows.push({ id, check: await keyCheck(entry), age: armor.encode(file) });
  }
  return escrows;
}

/** What is said where no bucket has it. */
export const IN_THE_DATABASE_ONLY =
  "in the database only: no bucket is bound as COPY, so the loss of the database is the loss of the escrow too";

/** What seals for these recipients, of whom there is at least one. */
export function encrypterFor(recipients) {
  if (recipients.length === 0)
    throw new Failure(
      "Say for whom: --recipient age1…, once or more.",
      "Without a recipient the escrow would open for nobody. `age-keygen -o identity.txt` makes an identity and prints its recipient.",
    );
  const encrypter = new Encrypter();
  for (const recipient of recipients) addRecipient(encrypter, recipient);
  return encrypter;
}

/**
 * The ids that a bucket's `keys/index` names: the `keys` of the last escrow, the sealing one first, and whom an escrow named before it, the
 * latest first: as many `earlier` ones as a setting has room for, and those `beyond`. undefined if the index is damaged.
 */
export function idsOf(index) {
  let named;
  try {
    named = JSON.parse(index);
  } catch {
    return undefined;
  }
  const { keys, earlier = [] } = named ?? {};
  const areIds = (list) => Array.isArray(list) && list.every((id) => /^[A-Za-z0-9._-]{1,32}$/.test(id));
  if (!areIds(keys) || keys.length === 0 || !areIds(earlier)) return undefined;
  const room = MOST_KEYS - keys.length;
  return { keys, earlier: earlier.slice(0, room), beyond: earlier.slice(room) };
}

/** The entry of SHARE_ENCRYPTION_KEYS in an escrow file. */
export async function recovered({ name, text, identityFile }) {
  const identities = readIdentities(identityFile);
  const file = Buffer.from(text, "latin1");
  if (!isAge(file)) throw new Failure(`${name} is no age file.`);
  try {
    const open = await unlocked(file, { identities, file: name });
    const stream = await open(new Blob([file]).stream());
    return (await new Response(stream).text()).trim();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${name} was cut short or changed.`, "Take the copy that is in the bucket, or in the database.");
  }
}
