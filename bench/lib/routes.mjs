// The four share routes, as requests of a given share size.
import { SECRETS, USER } from "./contenders.mjs";
import { encode } from "./load.mjs";

const json = { "Content-Type": "application/json" };
const portal = { ...json, "X-Webhook-Secret": SECRETS.WEBHOOK_SECRET };

/** A custodian share as Portal makes it: a JSON object in a string, most of it digits. `variant` makes it another one. */
function custodianShare(bytes, variant, clientId) {
  const head = { backupSharePairId: `pair-${variant}`, clientId, share: "", p: "7" };
  return JSON.stringify({ ...head, share: String(variant).padEnd(bytes - JSON.stringify(head).length, "0123456789") });
}

/** An app's cipher text: base64. */
const cipherText = (bytes, variant) => `${variant}`.padEnd(bytes, "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/");

/** name → {title, expect, request(bytes, variant, user) → the request's bytes on the wire} */
export const ROUTES = {
  backup: {
    title: "POST /webhook/backup",
    expect: 204,
    request: (bytes, variant, user = USER) =>
      encode({
        method: "POST",
        path: "/webhook/backup",
        headers: portal,
        body: JSON.stringify({
          clientId: user.clientId,
          backupMethod: "GDRIVE-SECP256K1",
          share: custodianShare(bytes, variant, user.clientId),
          backupSharePairId: `pair-${variant}`,
        }),
      }),
  },
  fetch: {
    title: "POST /webhook/backup/fetch",
    expect: 200,
    request: (_bytes, _variant, user = USER) =>
      encode({
        method: "POST",
        path: "/webhook/backup/fetch",
        headers: portal,
        body: JSON.stringify({ clientId: user.clientId }),
      }),
  },
  userPost: {
    title: "POST /users/:id/user-backup-share",
    expect: 200,
    request: (bytes, variant, user = USER) =>
      encode({
        method: "POST",
        path: `/users/${user.id}/user-backup-share`,
        headers: { ...json, Authorization: `Bearer ${user.apiKey}` },
        body: JSON.stringify({ backupMethod: "GDRIVE", cipherText: cipherText(bytes, variant) }),
      }),
  },
  userGet: {
    title: "GET /users/:id/user-backup-share",
    expect: 200,
    request: (_bytes, _variant, user = USER) =>
      encode({
        method: "GET",
        path: `/users/${user.id}/user-backup-share?backupMethod=GDRIVE`,
        headers: { Authorization: `Bearer ${user.apiKey}` },
      }),
  },
};
