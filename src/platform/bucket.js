// What the Worker asks of its R2 bucket. Rust decides everything; these functions only carry it out.

import { within } from "./glue.js";

/** Cloudflare lets a request have six connections open at once; more would wait for each other. */
const AT_ONCE = 6;

/** What `work` makes of each of the items, in their order, six at a time. */
async function each(items, work) {
  const made = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      made[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return made;
}

/** No call is waited for longer, so that a bucket that hangs holds nothing up: whoever asked goes on as if it had failed. */
const CALL_MS = 10_000;
/** A request may wait for the head of the copy, which is small; Portal gives up on a webhook after 10 s. */
const HEAD_MS = 4_000;

const utf8 = new TextEncoder();

/**
 * Puts objects that never change. `names` and `notes` are texts with a line for each. `bodies` holds two values of each: its JSON, and the sealed
 * text in base64 that takes the place of the null at its end, or undefined. A note names what the object was
 * made of, and is kept beside it: a time, a version and a key, with tabs between them. Resolves to a text with a character for each: `1` it is
 * there now, `2` there was one made of the same, `3` there is another one under this name. Fails if one could not be put.
 */
export async function putObjects(bucket, names, notes, bodies) {
  const lines = notes.split("\n");
  const objects = names.split("\n").map((name, at) => [name, lines[at], bodies[2 * at], bodies[2 * at + 1]]);
  return (await each(objects, (object) => put(bucket, object))).join("");
}

async function put(bucket, [name, note, body, sealed]) {
  const bytes = utf8.encode(sealed === undefined ? body : `${body.slice(0, -"null}".length)}"${sealed}"}`);
  const sha256 = await crypto.subtle.digest("SHA-256", bytes);
  const [at, version, key] = note.split("\t");
  const customMetadata = { at, version, key };
  const onlyIf = { etagDoesNotMatch: "*" };
  const made = await within(CALL_MS, bucket.put(name, bytes, { onlyIf, sha256, customMetadata }));
  if (made !== null) return "1";
  const there = await within(CALL_MS, bucket.head(name));
  return there?.customMetadata?.at === at && (there.customMetadata.version ?? "") === version ? "2" : "3";
}

/** Puts an object that may be there already. */
export async function putText(bucket, name, text) {
  await within(CALL_MS, bucket.put(name, text));
}

/**
 * Puts an object in the place of the one with this etag ("": where there is none). Resolves to its own etag; undefined if another one has come
 * there.
 */
export async function replaceText(bucket, name, text, etag) {
  const onlyIf = etag ? { etagMatches: etag } : { etagDoesNotMatch: "*" };
  return (await within(CALL_MS, bucket.put(name, text, { onlyIf })))?.etag;
}

async function etagAndText(bucket, name) {
  const object = await bucket.get(name);
  return object && [object.etag, await object.text()];
}

/** An object's etag and text, with a line break between; undefined if there is none. */
export async function getTagged(bucket, name) {
  return (await within(HEAD_MS, etagAndText(bucket, name)))?.join("\n");
}

/**
 * Objects as what their JSON stands for, in the order of the names (a line each): null for one that is not there, `false` for one that
 * is no JSON object.
 */
export function getObjects(bucket, names) {
  return each(names.split("\n"), async (name) => {
    const found = await within(CALL_MS, etagAndText(bucket, name));
    try {
      return found && Object(JSON.parse(found[1]));
    } catch {
      return false;
    }
  });
}

/**
 * The next names with a prefix behind a name, in the order of their bytes. Resolves to `{ names, sizes, versions, times, truncated }`, the
 * first four with a line for each.
 */
export async function listObjects(bucket, prefix, after, limit) {
  const options = { prefix, limit, include: ["customMetadata"] };
  const page = bucket.list(after ? { ...options, startAfter: after } : options);
  const { objects, truncated } = await within(CALL_MS, page);
  return {
    names: objects.map(({ key }) => key).join("\n"),
    sizes: objects.map(({ size }) => size).join("\n"),
    versions: objects.map(({ customMetadata }) => customMetadata?.version ?? "").join("\n"),
    times: objects.map(({ customMetadata }) => customMetadata?.at ?? "").join("\n"),
    truncated,
  };
}

/** Deletes objects, a name a line. */
export async function deleteObjects(bucket, names) {
  await within(CALL_MS, bucket.delete(names.split("\n")));
}

/** JSON text of an array of these objects, each with its fields from `extra`, an array of objects in JSON. */
export function withFields(objects, extra) {
  const fields = JSON.parse(extra);
  return JSON.stringify(objects.map((object, at) => ({ ...object, ...fields[at] })));
}
