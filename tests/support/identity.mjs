// Other people's servers, on loopback: an identity provider with its keys, and Portal's API. Plus a way for the Worker
// under test to reach them.

import { createServer } from "node:http";
import { once } from "node:events";

import { exportJWK, generateKeyPair, SignJWT } from "jose";

/** Lets the Worker's own requests through to loopback, and to nowhere else: for `startWorker({ outbound })`. */
export async function toLoopback(request) {
  const { hostname } = new URL(request.url);
  if (hostname !== "127.0.0.1") return undefined;
  return fetch(request.url, { method: request.method, headers: request.headers, redirect: "manual" });
}

/** A server whose every request is answered by `answer(request, response)`; counts them in `requests`. */
export async function startServer(answer) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method, url: request.url, headers: request.headers });
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  };
}

export const json = (response, status, body, headers = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));

/** A key pair with its public JWK as a provider would publish it. */
export async function makeKey(alg, kid, { published = {}, ...options } = {}) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options });
  const jwk = await exportJWK(publicKey);
  return { alg, kid, publicKey, privateKey, jwk: { ...jwk, kid, alg, use: "sig", ...published } };
}

/** The settings for `CLIENT_AUTH = "jwt"` against a provider at `url`. */
export const jwtSettings = (url, more = {}) => ({
  CLIENT_AUTH: "jwt",
  JWT_JWKS_URL: `${url}/.well-known/jwks.json`,
  JWT_ISSUER: "https://id.example/",
  JWT_AUDIENCE: "backup-app",
  ...more,
});

/** A token of the provider; `claims` and `header` go over the good ones, undefined takes one away. */
export async function makeToken(key, { claims = {}, header = {}, now = Math.floor(Date.now() / 1000) } = {}) {
  const payload = { iss: "https://id.example/", aud: "backup-app", sub: "alice", iat: now, exp: now + 300, ...claims };
  const protectedHeader = { alg: key.alg, kid: key.kid, typ: "JWT", ...header };
  return new SignJWT(dropUndefined(payload)).setProtectedHeader(dropUndefined(protectedHeader)).sign(key.privateKey);
}

const dropUndefined = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/** One segment of a JWS by hand, for tokens that no library would make. */
export const segment = (value) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Registers a user and stores a cipher text and a custodian share for it, as far as `worker`'s secrets allow. */
export async function seedUser(worker, { id, clientId = `client-${id}`, clientApiKey = `key-of-${id}`, secrets }) {
  const created = await worker.send("POST", "/users", {
    bearer: secrets.ADMIN_TOKEN,
    body: { id, clientId, clientApiKey },
  });
  if (created.status !== 201) throw new Error(`cannot register ${id}: ${created.status} ${created.text}`);
  const stored = await worker.send("POST", "/webhook/backup", {
    headers: { "x-webhook-secret": secrets.WEBHOOK_SECRET },
    body: { clientId, backupMethod: "PASSWORD-SECP256K1", share: `custodian share of ${id}` },
  });
  if (stored.status !== 204) throw new Error(`cannot store for ${id}: ${stored.status} ${stored.text}`);
  return { id, clientId, clientApiKey };
}
