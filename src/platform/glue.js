// What the Worker asks of the JavaScript runtime: the request, D1, WebCrypto, the answer.
// Rust decides everything; the functions here only carry it out. They exist because every crossing between wasm
// and JavaScript costs, a text most of all: one call here does what would be ten from Rust, and a share that is only
// passed through never enters wasm memory at all.

import { waitUntil } from "cloudflare:workers";

let settled;

/** From now on `callback(ticket, fulfilled, value)` learns of every promise that `whenSettled` is given. */
export function onSettled(callback) {
  settled = callback;
}

export function whenSettled(promise, ticket) {
  const callback = settled;
  const { number } = instance;
  const tell = (fulfilled, value) => {
    if (instance.crashed || instance.number !== number) return; // The instance that waited is unsound.
    try {
      callback(ticket, fulfilled, value);
    } catch (error) {
      instance.crashed = true;
      throw error;
    }
  };
  promise.then(
    (value) => tell(true, value),
    (error) => tell(false, error),
  );
}

/** The headers that Rust looks at with nearly every request: it gets them at once. */
const USUAL_HEADERS = [
  "cf-ray",
  "cf-connecting-ip",
  "authorization",
  "content-type",
  "x-webhook-secret",
  "content-encoding",
];

/**
 * The request's method, its URL and the usual headers' values, a line each: none of them can hold a line break. An empty
 * line is a header that is not there.
 */
export function requestHead(request) {
  const { method, url, headers } = request;
  let head = `${method}\n${url}`;
  for (const name of USUAL_HEADERS) head += `\n${headers.get(name) ?? ""}`;
  return head;
}

/** Another header; undefined if it is not there. */
export function requestHeader(request, name) {
  return request.headers.get(name) ?? undefined;
}

/**
 * Of each binding its name and its value, if that is a text, with a NUL behind both. In a value that holds one it is replaced:
 * such a setting has to be refused as malformed, not taken for absent.
 */
export function allBindings(env) {
  let all = "";
  for (const [name, value] of Object.entries(env)) {
    const text = typeof value === "string" ? value.replaceAll("\0", "\ufffd") : "";
    all += `${name}\0${text}\0`;
  }
  return all;
}

/** The SQL texts that Rust uses; it names them by their places here. */
const sqlTexts = [];

export function keepSql(text) {
  return sqlTexts.push(text) - 1;
}

/** The digest of the deployed files, as src/entry.js told it; undefined where another entry started the Worker. */
export function releaseDigest() {
  return globalThis.portalBackupWorker.digest;
}

/** The wasm instance that serves: whether it met a panic, and which one since the isolate's start it is. See worker.js. */
const instance = { crashed: false, number: 0 };
globalThis.portalBackupWorker = { instance };

export function instanceStarted() {
  instance.number += 1;
  return instance.number;
}

export function instanceCrashed() {
  instance.crashed = true;
}

const databaseBytes = new WeakMap();

/** The size of a database, as D1 told with its last answer; 0 before the first. */
export function sizeOfDatabase(db) {
  return databaseBytes.get(db) ?? 0;
}

const cacheEntry = (name) => new Request(`https://portal-backup-worker.invalid/${name}`);

/** The cache saves a trip to the directory: it is not waited for much longer than such a trip takes. */
const CACHE_MS = 1_000;

/** The text that this data center's cache keeps under a name; undefined if there is none. */
export function cachedText(name) {
  const text = async () => (await caches.default.match(cacheEntry(name)))?.text();
  return within(CACHE_MS, text());
}

export async function cacheText(name, text, seconds) {
  const headers = { "cache-control": `max-age=${seconds}` };
  await within(CACHE_MS, caches.default.put(cacheEntry(name), new Response(text, { headers })));
}

/** Messages that one call to a queue takes at most. */
const MESSAGES_PER_CALL = 100;
const SEND_MS = 10_000;

export async function sendTexts(queue, texts) {
  const messages = texts.map((body) => ({ body, contentType: "text" }));
  while (messages.length > 0) await within(SEND_MS, queue.sendBatch(messages.splice(0, MESSAGES_PER_CALL)));
}

/**
 * Runs statements as one transaction in one round trip. `statements` is JSON: of each, the place of its SQL and its
 * parameters; an object in a parameter's place stands for the next of `values`.
 * Resolves to one array of row objects per statement.
 */
export async function d1Batch(db, statements, values, timeoutMs) {
  let next = 0;
  const prepared = [];
  for (const parameters of JSON.parse(statements)) {
    const sql = sqlTexts[parameters.shift()];
    for (let i = 0; next < values.length && i < parameters.length; i++) {
      if (parameters[i] !== null && typeof parameters[i] === "object") parameters[i] = values[next++];
    }
    prepared.push(db.prepare(sql).bind(...parameters));
  }
  const results = await within(timeoutMs, db.batch(prepared));
  const bytes = results[0]?.meta.size_after;
  if (bytes !== undefined) databaseBytes.set(db, bytes);
  return results.map((result) => result.results);
}

/** The promise's own outcome, if it comes in time. */
export function within(ms, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("attempt timed out")), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** The isolate goes on until the function that this gives is called, whether or not the request is answered. */
export function keepAlive() {
  const { promise, resolve } = Promise.withResolvers();
  waitUntil(promise);
  return resolve;
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Imports the AES-256-GCM key that seals, and derives from it (HKDF-SHA256) the HMAC key that makes digests.
 * `sealingKey` is a view of wasm memory: both calls copy it before they return.
 */
export async function importKeys(sealingKey, digestInfo) {
  const [aesKey, secret] = await Promise.all([
    crypto.subtle.importKey("raw", sealingKey, "AES-GCM", false, ["encrypt", "decrypt"]),
    crypto.subtle.importKey("raw", sealingKey, "HKDF", false, ["deriveKey"]),
  ]);
  const derivation = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(),
    info: new TextEncoder().encode(digestInfo),
  };
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  return [aesKey, await crypto.subtle.deriveKey(derivation, secret, hmac, false, ["sign"])];
}

/**
 * Seals what stands in `text` behind its first `aad.length` bytes, bound to `aad`.
 * `header` is the format's version byte and the nonce; the envelope is the header and the cipher text.
 * Resolves to [envelope in base64, "digests of `text` in base64, a line feed, digests of the share alone in base64"]: one under each
 * key that makes digests, in their order, behind one another with a space; of the share alone only if `digestsShare` is true.
 * All are views of wasm memory: all calls copy or consume them before the first one is awaited.
 */
export async function seal([aesKey, ...macKeys], header, aad, text, digestsShare) {
  const encrypting = crypto.subtle.encrypt(
    { name: "AES-GCM", iv: header.subarray(1), additionalData: aad },
    aesKey,
    text.subarray(aad.length),
  );
  const signed = digestsShare ? [text, text.subarray(aad.length)] : [text];
  const signing = signed.map((bytes) =>
    Promise.all(macKeys.map((macKey) => crypto.subtle.sign("HMAC", macKey, bytes))),
  );
  const envelopeHeader = header.slice();
  const cipherText = await encrypting;
  const envelope = new Uint8Array(envelopeHeader.length + cipherText.byteLength);
  envelope.set(envelopeHeader);
  envelope.set(new Uint8Array(cipherText), envelopeHeader.length);
  const digests = await Promise.all(signing);
  const texts = digests.map((ofKeys) => ofKeys.map((digest) => new Uint8Array(digest).toBase64()).join(" "));
  return [envelope.toBase64(), texts.join("\n")];
}

/** Opens an envelope made by `seal`. Resolves to the share's bytes; to undefined if it does not open. */
async function openBytes([aesKey], version, headerLength, aad, envelope) {
  try {
    const bytes = Uint8Array.fromBase64(envelope);
    if (bytes[0] !== version) return undefined;
    return await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: bytes.subarray(1, headerLength), additionalData: aad },
      aesKey,
      bytes.subarray(headerLength),
    );
  } catch {
    return undefined; // Whatever is wrong with it (not base64, too short, tampered with), it does not open.
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** As `openBytes`, but to a string. A share was UTF-8 when it came, so decoding is exact; a BOM stays. */
export async function open(keys, version, headerLength, aad, envelope) {
  const bytes = await openBytes(keys, version, headerLength, aad, envelope);
  return bytes && utf8.decode(bytes);
}

/** As `open`, but to bytes, for sealing them again under another key. */
export async function openForRewrap(keys, version, headerLength, aad, envelope) {
  const bytes = await openBytes(keys, version, headerLength, aad, envelope);
  return bytes && new Uint8Array(bytes);
}

/** A body is waited for no longer than this: what has come of it is kept meanwhile, for anybody who sends one. */
const BODY_MS = 60_000;

/** The request's body; undefined as soon as it is longer than `limit`, without reading the rest. */
export function readBody(request, limit) {
  return within(BODY_MS, bodyUpTo(limit, request));
}

async function bodyUpTo(limit, request) {
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    if (Number(declared) > limit) return undefined;
    const body = new Uint8Array(await request.arrayBuffer());
    return body.length > limit ? undefined : body;
  }
  if (request.body === null) return new Uint8Array(0);
  const chunks = [];
  let length = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** JSON text of an object that holds the value under each of the names, which are separated by spaces. */
export function jsonObject(names, value) {
  return JSON.stringify(Object.fromEntries(names.split(" ").map((name) => [name, value])));
}

const EVERY_ANSWER = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "strict-transport-security": "max-age=63072000",
};

/** The headers of answers without a body, and of those of each type: made once, for making them costs a request dearly. */
const usualHeaders = new Map();

function headersOf(contentType) {
  if (!usualHeaders.has(contentType)) {
    const type = contentType === undefined ? {} : { "content-type": contentType };
    usualHeaders.set(contentType, new Headers({ ...EVERY_ANSWER, ...type }));
  }
  return usualHeaders.get(contentType);
}

/** An answer with the headers that every answer carries, and `extra` ones: "name: value", a line each. */
export function respond(status, body, contentType, requestId, extra) {
  const response = new Response(body, { status, headers: headersOf(contentType) });
  response.headers.set("x-request-id", requestId);
  for (const line of extra?.split("\n") ?? []) {
    const end = line.indexOf(": ");
    response.headers.append(line.slice(0, end), line.slice(end + 2));
  }
  return response;
}
