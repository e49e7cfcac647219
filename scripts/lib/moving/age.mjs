// age files (age-encryption.org): sealed for a recipient's public key, or under a passphrase.

import { Decrypter, Encrypter } from "age-encryption";

import { Failure } from "../log.mjs";
import { readTextFile } from "../text-file.mjs";

const MAGIC = "age-encryption.org/v1";
const BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----";
const END = "-----END AGE ENCRYPTED FILE-----";

const starts = (head, text) => head.toString("latin1", 0, 256).trimStart().startsWith(text);

/** Whether a file that begins so is sealed with age, as bytes or as text ("armor"). */
export const isAge = (head) => starts(head, MAGIC) || starts(head, BEGIN);

/** The stream of bytes, sealed. Exactly one of `recipients` and `passphrase` is given. */
export async function encrypted(bytes, { recipients, passphrase }) {
  // age-encryption would write a file for nobody.
  if (!passphrase && !recipients?.length) throw new Failure("An age file without a recipient opens for nobody.");
  const encrypter = new Encrypter();
  if (passphrase) encrypter.setPassphrase(passphrase);
  for (const recipient of recipients ?? []) addRecipient(encrypter, recipient);
  return encrypter.encrypt(bytes);
}

/** Who gave an identity by mistake does not find it in a log. */
export function addRecipient(encrypter, recipient) {
  try {
    encrypter.addRecipient(recipient);
  } catch {
    throw new Failure(
      `${recipient.startsWith("age1") ? `"${recipient}"` : "What --recipient gives"} is not an age recipient.`,
      "It starts with age1 (age1pq1, if it is post-quantum); `age-keygen` prints it. Never give an identity (AGE-SECRET-KEY-…) here.",
    );
  }
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
  const armored = starts(head, BEGIN);
  const bytes = armored ? Buffer.concat(await Array.fromAsync(dearmored([head], { whole: false }))) : head;
  if (starts(bytes, `${MAGIC}\r`)) {
    throw new Failure(
      `${file} is an age file that was copied as text: its line ends were changed, and the shares in it are lost.`,
      "Copy it again as binary, or make it with age --armor.",
    );
  }
  const decrypter = new Decrypter();
  if (passphrase) decrypter.addPassphrase(passphrase);
  for (const identity of identities) addIdentity(decrypter, identity);
  let fileKey;
  try {
    fileKey = await decrypter.decryptHeader(headerOf(bytes));
  } catch (error) {
    throw notOpened(error, file, passphrase ? "passphrase" : "identity");
  }
  return (stream) => {
    const opener = new Decrypter();
    opener.addIdentity({ unwrapFileKey: () => fileKey });
    return opener.decrypt(armored ? ReadableStream.from(dearmored(stream)) : stream);
  };
}

/** The library's own error quotes the identity: whoever types it in from paper would find it in a log, one letter from right. */
function addIdentity(decrypter, identity) {
  try {
    decrypter.addIdentity(identity);
  } catch {
    throw new Failure(
      "An identity (AGE-SECRET-KEY-…) is not as age-keygen wrote it: its checksum is wrong.",
      "Compare it with the original, character by character; a line is one identity.",
    );
  }
}

/** What age's library says of a header, for the reader. */
function notOpened({ message }, file, means) {
  if (/no identity matched/.test(message)) return new Failure(`${file} does not open with this ${means}.`);
  if (/work factor/.test(message)) {
    return new Failure(
      `${file} was sealed with a passphrase at a higher work factor than this command takes.`,
      "Open it with age and seal it anew: age -d FILE | age -r age1… > NEW.age",
    );
  }
  return damaged(file);
}

const damaged = (file) =>
  new Failure(`${file} is an age file that was damaged or cut short.`, "Nothing of it was used. Copy it again.");

/** What went wrong while an age file was read: one sentence, whatever its library says. */
export const ageFailure = (error, file) => (error instanceof Failure || error.code ? error : damaged(file));

/** The bytes behind the armor. Line ends may be of either kind; `whole: false` is for the beginning of a file. */
async function* dearmored(chunks, { whole = true } = {}) {
  let [rest, base64, begun, ended] = ["", "", false, false];
  for await (const chunk of chunks) {
    const lines = (rest + Buffer.from(chunk).toString("latin1")).split("\n");
    rest = lines.pop();
    for (const line of lines.map((line) => line.trim()).filter((line) => line !== "")) take(line);
    const ready = base64.length - (base64.length % 4);
    if (ready > 0) yield Buffer.from(base64.slice(0, ready), "base64");
    base64 = base64.slice(ready);
  }
  if (whole && rest.trim() !== "") take(rest.trim());
  if (whole && (!ended || base64 !== "")) throw new Error("cut short");

  function take(line) {
    if (!begun && line === BEGIN) begun = true;
    else if (begun && !ended && line === END) ended = true;
    else if (begun && !ended && /^[A-Za-z0-9+/]+=*$/.test(line)) base64 += line;
    else throw new Error("invalid armor");
  }
}

/** The text up to the line that begins with `---`, which it ends with. */
const headerOf = (head) => head.subarray(0, head.indexOf("\n", head.indexOf("\n---") + 1) + 1);

/** The secret keys in an identity file as `age-keygen` writes it. */
export function readIdentities(file) {
  const keys = readTextFile(file)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.startsWith("AGE-SECRET-KEY-"));
  if (keys.length === 0) throw new Failure(`${file} holds no age identity (AGE-SECRET-KEY-…).`);
  return keys;
}

/** The passphrase in the file's first line, or in AGE_PASSPHRASE: never an argument, which every process could see. */
export function readPassphrase(file, env = process.env) {
  if (!file) return env.AGE_PASSPHRASE || undefined;
  const passphrase = readTextFile(file).split(/\r?\n/)[0];
  if (!passphrase) throw new Failure(`${file} holds no passphrase in its first line.`);
  return passphrase;
}
