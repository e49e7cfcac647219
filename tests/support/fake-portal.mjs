// A small Portal on loopback: the custodian calls that are documented, with faults on demand.

import { createServer } from "node:http";

export const PORTAL_API_KEY = "portal-api-key-0123456789abcdef";

export async function startFakePortal() {
  const portal = {
    /** Every client that was made. */
    clients: [],
    /** Every request: `{ method, path, body }`. */
    requests: [],
    /** What goes wrong with the next requests: `(request, respond) => …`, returning false to go on as usual. */
    fault: undefined,
  };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const seen = { method: request.method, path: request.url, body: text === "" ? undefined : JSON.parse(text) };
    portal.requests.push(seen);
    const respond = (status, body, headers = {}) =>
      response
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(typeof body === "string" ? body : JSON.stringify(body));
    if (request.url === "/api/v3/clients/me") return whoIs(portal, request.headers.authorization, respond);
    if (request.headers.authorization !== `Bearer ${PORTAL_API_KEY}`) return respond(401, { error: "Unauthorized" });
    if (portal.fault && (await portal.fault(seen, respond, response)) !== false) return;
    answer(portal, seen, respond);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  return Object.assign(portal, {
    url,
    makeClient: (body) => make(portal, body),
    /** A client of this id, with backup share pairs: `{ id, backupMethod, status, createdAt, curve }`, each but the id with a default. */
    knows: (id, ...pairs) => portal.clients.push({ id, pairs }),
    reset: () => Object.assign(portal, { clients: [], requests: [], fault: undefined }),
    stop: () => new Promise((stopped) => server.close(stopped).closeAllConnections()),
    /** Answers the Worker's own requests to Portal's API: to be given to the test harness as `outbound`. */
    async outbound(request) {
      const { pathname, hostname } = new URL(request.url);
      if (hostname !== "api.portalhq.io") return undefined;
      const { authorization } = Object.fromEntries(request.headers);
      return fetch(`${url}${pathname}`, {
        method: request.method,
        headers: { authorization, "content-type": request.headers.get("content-type") ?? "" },
        body: request.method === "GET" ? undefined : await request.text(),
        redirect: "manual",
      });
    },
  });
}

const CLIENTS = "/api/v3/custodians/me/clients";

function answer(portal, { method, path, body }, respond) {
  const session = path.match(new RegExp(`^${CLIENTS}/([^/]+)/sessions$`));
  if (method === "POST" && path === CLIENTS) return respond(200, make(portal, body));
  if (method === "POST" && session) {
    const client = portal.clients.find(({ id }) => id === decodeURIComponent(session[1]));
    if (!client) return respond(404, { error: "Not found" });
    return respond(200, {
      id: client.id,
      clientSessionToken: `session-${crypto.randomUUID()}`,
      isAccountAbstracted: client.isAccountAbstracted,
    });
  }
  const one = path.match(new RegExp(`^${CLIENTS}/([^/]+)$`));
  const client = one && portal.clients.find(({ id }) => id === decodeURIComponent(one[1]));
  if (method === "GET" && client) return respond(200, { id: client.id, ejectedAt: null, wallets: wallets(client) });
  return respond(404, { error: "Not found" });
}

/** A client's wallets, one for each curve. */
const wallets = ({ pairs = [] }) =>
  ["SECP256K1", "ED25519"].map((curve) => ({
    id: `wallet-${curve}`,
    curve,
    publicKey: "{}",
    backupSharePairs: pairs
      .filter((pair) => (pair.curve ?? "SECP256K1") === curve)
      .map(({ id, backupMethod = "GDRIVE", status = "completed", createdAt = "2026-11-01T00:00:00.000Z" }) => ({
        id,
        backupMethod,
        status,
        createdAt,
      })),
  }));

/** Whose client API key or session token this is. */
function whoIs({ clients }, authorization, respond) {
  const client = clients.find(({ clientApiKey, clientSessionToken }) =>
    [`Bearer ${clientApiKey}`, `Bearer ${clientSessionToken}`].includes(authorization),
  );
  return client ? respond(200, { id: client.id, wallets: [] }) : respond(401, { error: "Unauthorized" });
}

function make(portal, { isAccountAbstracted = false } = {}) {
  const client = {
    id: `client-${portal.clients.length + 1}-${crypto.randomUUID()}`,
    clientApiKey: crypto.randomUUID(),
    clientSessionToken: `session-${crypto.randomUUID()}`,
    isAccountAbstracted,
  };
  portal.clients.push(client);
  return client;
}

/** Faults. */
export const faults = {
  status:
    (status, headers, body = {}) =>
    (_request, respond) =>
      respond(status, body, headers),
  body: (text) => (_request, respond) => respond(200, text),
  cut: (_request, _respond, response) => response.destroy(),
  /** No answer, ever. */
  silent: () => {},
  /** Portal has made it, and then the connection breaks. */
  madeThenCut: (portal) => (request, _respond, response) => {
    portal.makeClient(request.body);
    response.destroy();
  },
};
