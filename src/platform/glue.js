// What the Worker asks of the JavaScript runtime: D1, WebCrypto, the request's body, the answer, the console.
// Rust decides everything; the functions here only carry it out. They exist because every crossing between wasm
// and JavaScript costs: one call here does what would be ten from Rust, and a share that is only passed through
// never enters wasm memory at all.

// wasm-bindgen's executor calls queueMicrotask at every step of a request, and workerd's is a call out of V8. This one
// stays inside.
globalThis.queueMicrotask = (task) => {
  Promise.resolve().then(task);
};

let settled;

/** From now on `callback(ticket, fulfilled, value)` learns of every promise that `whenSettled` is given. */
export function onSettled(callback) {
  settled = callback;
}

export function whenSettled(promise, ticket) {
  const callback = settled; // that of the instance which waits, even if it is replaced meanwhile
  promise.then(
    (value) => callback(ticket, true, value),
    (error) => callback(ticket, false, error),
  );
}

/** Runs the statements as one transaction in one round trip. Resolves to one array of row objects per statement. */
export async function d1Batch(db, statements, timeoutMs) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("attempt timed out")), timeoutMs);
  });
  try {
    const results = await Promise.race([
      db.batch(statements.map(([sql, ...parameters]) => db.prepare(sql).bind(...parameters))),
      timeout,
    ]);
    return results.map((result) => result.results);
  } finally {
    clearTimeout(timer);
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Imports the AES-256-GCM key that seals and the HMAC key that makes digests. */
export async function importKeys(sealingKey, digestKey) {
  return Promise.all([
    crypto.subtle.importKey("raw", sealingKey, "AES-GCM", false, ["encrypt", "decrypt"]),
    crypto.subtle.importKey("raw", digestKey, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
  ]);
}

/**
 * Seals `text.subarray(aadLength)`, bound to `text.subarray(0, aadLength)`.
 * `header` is the format's version byte and the nonce; the envelope is the header and the cipher text.
 * Resolves to [envelope in base64, digest of `text` in base64].
 * `text` is a view of wasm memory: both calls below copy or consume it before they return.
 */
export async function seal([aesKey, macKey], header, text, aadLength) {
  const encrypting = crypto.subtle.encrypt(
    { name: "AES-GCM", iv: header.subarray(1), additionalData: text.subarray(0, aadLength) },
    aesKey,
    text.subarray(aadLength),
  );
  const signing = crypto.subtle.sign("HMAC", macKey, text);
  const envelopeHeader = header.slice();
  const cipherText = await encrypting;
  const envelope = new Uint8Array(envelopeHeader.length + cipherText.byteLength);
  envelope.set(envelopeHeader);
  envelope.set(new Uint8Array(cipherText), envelopeHeader.length);
  return [envelope.toBase64(), new Uint8Array(await signing).toBase64()];
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

/** The request's body; undefined as soon as it is longer than `limit`, without reading the rest. */
export async function readBody(request, limit) {
  if (request.body === null) return new Uint8Array(0);
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    if (Number(declared) > limit) return undefined;
    const body = new Uint8Array(await request.arrayBuffer());
    return body.length > limit ? undefined : body;
  }
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

/** JSON text of an object that holds the value under each of the names. */
export function jsonObject(names, value) {
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, value])));
}

/** An answer with the headers that every answer carries, and `extra` ones as [name, value, name, value…]. */
export function respond(status, body, contentType, requestId, extra) {
  const headers = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "strict-transport-security": "max-age=63072000",
    "x-request-id": requestId,
  };
  if (contentType !== undefined) headers["content-type"] = contentType;
  const response = new Response(body, { status, headers });
  for (let i = 0; i < extra.length; i += 2) response.headers.append(extra[i], extra[i + 1]);
  return response;
}

export function consoleLine(level, line) {
  console[level](line);
}
