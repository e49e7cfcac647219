// Asking other servers, checking other people's signatures, counting with Cloudflare's rate limiter.

/**
 * GET without following redirects: a credential goes where the settings say, and nowhere else. Resolves to
 * [status, body]; the body of anything but a 200 is not read. Rejects when it takes longer than `timeoutMs` in all, or
 * when the body is longer than `maxBytes`.
 */
export async function getText(url, authorization, timeoutMs, maxBytes) {
  const controller = new AbortController();
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs} ms`));
      controller.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([timeout, get(url, authorization, controller.signal, maxBytes)]);
  } finally {
    clearTimeout(timer);
  }
}

async function get(url, authorization, signal, maxBytes) {
  const headers = { accept: "application/json", "user-agent": "portal-backup-worker" };
  if (authorization !== undefined) headers.authorization = authorization;
  const response = await fetch(url, { headers, redirect: "manual", signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    return [response.status, ""];
  }
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return [200, text + decoder.decode()];
}

// The only ways in which a token may be signed. What a key is used for is decided by its own type, never by a token.
const ALGORITHMS = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
};

export async function importPublicKey(algorithm, jwk) {
  return crypto.subtle.importKey("jwk", JSON.parse(jwk), ALGORITHMS[algorithm], false, ["verify"]);
}

export async function verifySignature(algorithm, key, signature, data) {
  return crypto.subtle.verify(ALGORITHMS[algorithm], key, signature, data);
}

/** Counts one more for `key`; false: that was too many. */
export async function withinLimit(limiter, key) {
  return (await limiter.limit({ key })).success;
}
