// Asking other servers: identity providers and Portal.

/**
 * One request, without following redirects: a credential goes where the settings say, and nowhere else. Without a `body` it
 * is a GET, with one a POST of JSON. Resolves to [status, Retry-After, body]; the body of anything but a 2xx is not read.
 * Rejects when it takes longer than `timeoutMs` in all, or when the answer is longer than `maxBytes`.
 */
export async function ask(url, authorization, body, timeoutMs, maxBytes) {
  const controller = new AbortController();
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs} ms`));
      controller.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([timeout, send(url, authorization, body, controller.signal, maxBytes)]);
  } finally {
    clearTimeout(timer);
  }
}

async function send(url, authorization, body, signal, maxBytes) {
  const headers = { accept: "application/json", "user-agent": "portal-backup-worker" };
  if (authorization !== undefined) headers.authorization = authorization;
  if (body !== undefined) headers["content-type"] = "application/json";
  const method = body === undefined ? "GET" : "POST";
  const response = await fetch(url, { method, headers, body, redirect: "manual", signal });
  const retryAfter = response.headers.get("retry-after") ?? undefined;
  if (!response.ok) {
    await response.body?.cancel();
    return [response.status, retryAfter, ""];
  }
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return [response.status, retryAfter, text + decoder.decode()];
}

/**
 * A POST of JSON in the form of Standard Webhooks. Without a `signingKey` it is not signed. Resolves to the status; the answer's
 * body is not read.
 */
export async function deliver(url, signingKey, id, timestamp, body, timeoutMs) {
  const headers = {
    "content-type": "application/json",
    "user-agent": "portal-backup-worker",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
  };
  if (signingKey !== undefined) {
    headers["webhook-signature"] = `v1,${await mac(signingKey, `${id}.${timestamp}.${body}`)}`;
  }
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
  await response.body?.cancel();
  return response.status;
}

/** The HMAC-SHA-256 of a text, in base64. */
async function mac(rawKey, text) {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", rawKey, hmac, false, ["sign"]);
  const bytes = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}
