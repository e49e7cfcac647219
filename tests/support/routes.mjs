// Every route of the Worker, each with a request that is right: for what must hold on all of them.

import { readFileSync } from "node:fs";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { SECRETS } from "./harness.mjs";
import { user } from "./client.mjs";

export const owner = user("owner");
const { id, clientId, clientApiKey } = owner;

const share = { clientId, backupMethod: "GDRIVE-SECP256K1", share: "custodian share" };
const cipherText = { backupMethod: "GDRIVE", cipherText: "cipher text" };

/** `pattern` as openapi.yaml has it; `credential`: none, webhook, client, admin or either (of the last two). */
const route = (method, pattern, credential, body, query = "") => ({
  method,
  pattern,
  /** As the log has it: one line of the router may serve two paths. */
  logged: pattern.replace(/\/user-backup-shares$/, "/user-backup-share").replaceAll(/\{(\w+)\}/g, ":$1"),
  credential,
  body,
  name: `${method} ${pattern}`,
  path:
    pattern
      .replace("{userId}", id)
      .replace("{clientId}", clientId)
      .replace("{approvalId}", "nothing")
      .replace("{home}", "0") + query,
  type: pattern === "/admin/import" ? "application/x-ndjson" : "application/json",
});

export const ROUTES = [
  route("GET", "/healthz", "none"),
  route("GET", "/readyz", "none"),
  route("POST", "/webhook/backup", "webhook", share),
  route("POST", "/webhook/backup/fetch", "webhook", { clientId }),
  route("POST", "/users/{userId}/user-backup-share", "client", cipherText),
  route("GET", "/users/{userId}/user-backup-share", "client", undefined, "?backupMethod=GDRIVE"),
  route("POST", "/users/{userId}/user-backup-shares", "client", { data: cipherText }),
  route("GET", "/users/{userId}/user-backup-shares", "client", undefined, "?backupMethod=GDRIVE"),
  route("POST", "/users/{userId}/store-encrypted-user-backup-share", "client", {
    encryptedClientBackupShare: "cipher text",
  }),
  route("GET", "/users/{userId}/encrypted-user-backup-shares", "client", undefined, "?backupMethod=GDRIVE"),
  route("POST", "/clients/{clientId}/backup", "client", cipherText),
  route("GET", "/clients/{clientId}/backup", "client"),
  route("GET", "/users/{userId}/backups", "either"),
  route("GET", "/users/{userId}/custodian-backup-share", "client", undefined, "?backupMethod=GDRIVE-SECP256K1"),
  route("POST", "/users", "admin", owner),
  route("GET", "/users", "admin", undefined, `?clientId=${clientId}`),
  route("GET", "/users/{userId}", "admin"),
  route("PUT", "/users/{userId}/client-api-key", "admin", { clientApiKey }),
  route("POST", "/users/{userId}/session", "admin"),
  route("GET", "/users/{userId}/backups/history", "admin"),
  route("GET", "/users/{userId}/timeline", "admin"),
  route("POST", "/users/{userId}/backups/restore", "admin", { versionId: "0192f3c4-5d6e-7f80-9a1b-2c3d4e5f6071" }),
  route("POST", "/users/{userId}/restore", "admin"),
  route("POST", "/users/{userId}/eject", "admin", { minutes: 5 }),
  route("DELETE", "/users/{userId}/eject", "admin"),
  route("DELETE", "/users/{userId}/purge", "admin"),
  route("DELETE", "/users/{userId}/quota", "admin"),
  route("DELETE", "/users/{userId}/backups", "admin", undefined, "?backupMethod=GDRIVE"),
  route("GET", "/approvals", "admin"),
  route("POST", "/approvals/{approvalId}", "admin"),
  route("DELETE", "/approvals/{approvalId}", "admin"),
  route("POST", "/users/{userId}/move", "admin", { home: 0 }),
  route("PUT", "/admin/homes/{home}", "admin", { state: "open" }),
  route("POST", "/admin/directory/rebuild", "admin", {}),
  route("GET", "/audit", "admin", undefined, `?userId=${id}&limit=10`),
  route("GET", "/metrics", "admin"),
  route("GET", "/admin/metrics", "admin", undefined, "?days=30"),
  route("GET", "/admin/me", "admin"),
  route("GET", "/admin/keys", "admin"),
  route("POST", "/admin/keys/rewrap", "admin", { limit: 10 }),
  route("POST", "/admin/keys/escrow", "admin", {
    keys: [{ id: "k1", check: "another key's", age: "-----BEGIN AGE ENCRYPTED FILE-----" }],
  }),
  route("GET", "/admin/status", "admin"),
  route("GET", "/admin/half-finished", "admin", undefined, "?limit=10"),
  route("GET", "/admin/clock", "admin"),
  route("POST", "/admin/rebuild", "admin", { mode: "totals" }),
  route("POST", "/admin/import", "admin", { type: "user", ...user("imported") }),
  route("GET", "/admin/export", "admin"),
  route("DELETE", "/users/{userId}", "admin"),
];

/** The paths that static files answer. */
export const ASSETS = ["/openapi.yaml", "/docs"];

/** The headers that let a request in. */
export function credentials({ credential }) {
  switch (credential) {
    case "webhook":
      return { "x-webhook-secret": SECRETS.WEBHOOK_SECRET };
    case "client":
      return { authorization: `Bearer ${clientApiKey}` };
    case "admin":
    case "either":
      return { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` };
    default:
      return {};
  }
}

/** A route by its name, "POST /users". */
export const named = (name) => ROUTES.find((route) => route.name === name);

/** The request of a route, with changes; a header that is undefined is left out. */
export function send(worker, route, { headers, body = route.body } = {}) {
  const all = { ...(body === undefined ? {} : { "content-type": route.type }), ...credentials(route), ...headers };
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return worker.send(route.method, route.path, { headers: kept, body });
}

/** The operations of openapi.yaml: "POST /webhook/backup". */
export function contractOperations() {
  const operations = [];
  let path;
  for (const line of readFileSync(inRoot("openapi.yaml"), "utf8").split("\n")) {
    if (line.startsWith("components:")) break;
    path = line.match(/^ {2}(\/\S*):$/)?.[1] ?? path;
    const method = line.match(/^ {4}(get|post|put|patch|delete):$/)?.[1];
    if (method) operations.push(`${method.toUpperCase()} ${path}`);
  }
  return operations;
}
