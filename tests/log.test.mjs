// The log: one structured line for each request, and nothing in it that nobody may know.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import { callers } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { ROUTES, named, owner, send } from "./support/routes.mjs";

const worker = await startWorker();
const { portal, register } = callers(worker);
after(() => worker.stop());
beforeEach(async () => {
  await worker.clear();
  await register(owner);
  worker.clearLogs();
});

const requestLines = () => worker.logLines().filter((line) => "route" in line);

describe("every request leaves one line", () => {
  for (const route of ROUTES) {
    test(route.name, async () => {
      const answer = await send(worker, route);
      const [line, ...others] = requestLines();
      assert.deepEqual(others, []);
      assert.equal(line.method, route.method);
      assert.equal(line.route, route.logged);
      assert.equal(line.status, answer.status);
      assert.equal(line.code, answer.status < 400 ? undefined : answer.body.code);
      assert.ok(Number.isInteger(line.ms) && line.ms >= 0 && line.ms < 60_000, line.ms);
      assert.equal(line.ray, answer.headers.get("x-request-id"));
      assert.equal(line.level, answer.status < 500 ? "info" : "error");
      assert.equal(typeof line.message, "string");
    });
  }

  test("also one that is no route's, without its path", async () => {
    for (const [method, path, status, code] of [
      ["GET", "/secret-path/x?y=z", 404, "not_found"],
      ["DELETE", "/webhook/backup", 405, "method_not_allowed"],
      ["GET", "/users/secret-path%00", 400, "invalid_field"],
    ]) {
      worker.clearLogs();
      await worker.send(method, path);
      const [line, ...others] = requestLines();
      assert.deepEqual(others, []);
      assert.deepEqual([line.method, line.status, line.code], [method, status, code]);
      assert.ok(!JSON.stringify(line).includes("secret-path"));
    }
  });

  test("a path without a route is told by those of its words that routes have, never by an id", async () => {
    for (const [path, shape] of [
      ["/portal/webhook/backup", "/…/webhook/backup"],
      ["/webhook//backup//fetch", "/webhook//backup//fetch"],
      ["/users/secret-path/backup", "/users/…/backup"],
    ]) {
      worker.clearLogs();
      await worker.send("POST", path);
      const [line] = requestLines();
      assert.deepEqual([line.route, line.shape], ["(none)", shape]);
    }
  });

  test("Cloudflare's ray, where there is one, is the request's id", async () => {
    const ray = "8f1e2d3c4b5a6978-FRA";
    const answer = await worker.send("GET", "/healthz", { headers: { "cf-ray": ray } });
    assert.equal(answer.headers.get("x-request-id"), ray);
    assert.equal(requestLines()[0].ray, ray);
  });

  test("a request's id of our own making is new each time", async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => (await worker.send("GET", "/healthz")).headers.get("x-request-id")),
    );
    assert.equal(new Set(ids).size, 20);
  });
});

test("every line of the log is a JSON object with a level and a message", async () => {
  for (const route of ROUTES) {
    await send(worker, route);
    await send(worker, route, { headers: { authorization: "Bearer wrong", "x-webhook-secret": "wrong" } });
    if (route.body !== undefined) await send(worker, route, { body: "{" });
  }
  for (const { message } of worker.logs()) {
    const line = JSON.parse(message);
    assert.equal(typeof line.message, "string", message);
    assert.ok(["info", "warn", "error"].includes(line.level), message);
  }
});

describe("nothing secret is in a log line or in an error's answer", () => {
  // Each mark is looked for as it is, in base64 and in hex, in any case.
  const marks = {
    "a custodian share": "mark0custodian0share",
    "a cipher text": "mark0cipher0text",
    "a cipher text of the Enclave": "mark0enclave0text",
    "a wrong credential": "mark0wrong0credential",
    "a client API key": owner.clientApiKey,
    "a client API key that clashes": "mark0clashing0key",
    "the webhook's secret": SECRETS.WEBHOOK_SECRET,
    "the operator's token": SECRETS.ADMIN_TOKEN,
    "the sealing key": SECRETS.SHARE_ENCRYPTION_KEYS.split(":")[1],
  };
  const share = `{"share":"${marks["a custodian share"]}","ü":"\\n"}`;
  const cipherText = marks["a cipher text"];
  const wrong = marks["a wrong credential"];
  const enclave = {
    secp256k1Ciphertext: marks["a cipher text of the Enclave"],
    ed25519Ciphertext: marks["a cipher text of the Enclave"],
  };
  const found = [];

  function lookInto(what, text) {
    for (const [name, mark] of Object.entries(marks)) {
      const bytes = Buffer.from(mark);
      const forms = [
        mark,
        bytes.toString("base64").replace(/.{2}=*$/, ""),
        bytes.toString("hex"),
        bytes.toString("base64url").replace(/.{2}$/, ""),
      ];
      for (const form of forms) {
        if (text.toLowerCase().includes(form.toLowerCase())) found.push(`${name} in ${what}: ${text.slice(0, 300)}`);
      }
    }
  }

  /** Every route, right and wrong in every way that can put a secret into somebody's hands. */
  async function everyRoute(stage) {
    const errors = [];
    const call = async (route, change) => {
      const answer = await send(worker, route, change);
      if (answer.status >= 400) {
        errors.push(answer.status);
        lookInto(`the answer of ${route.name} (${stage})`, `${answer.text} ${JSON.stringify([...answer.headers])}`);
      }
    };
    for (const route of ROUTES) {
      const bodies =
        route.body === undefined
          ? [undefined]
          : [
              {
                ...route.body,
                share,
                cipherText,
                clientApiKey: route.pattern === "/users" ? owner.clientApiKey : cipherText,
              },
              {
                clientId: owner.clientId,
                clientApiKey: marks["a client API key that clashes"],
                share: [share],
                cipherText: [cipherText],
              },
              { clientId: "nobody", share, data: { cipherText, ...enclave } },
              { data: enclave },
              { encryptedClientBackupShare: cipherText, backupMethod: share + cipherText.repeat(20) },
              {
                clientId: share,
                backupMethod: `${cipherText}\n`,
                backupSharePairId: `${share}\u0000`,
                id: `${share}\n`,
                versionId: `${share}\n`,
                minutes: share,
                limit: share,
              },
              `{"share":"${share.replaceAll('"', '\\"')}","cipherText":"${cipherText}"`,
              `${share}${cipherText}`,
              JSON.stringify({ type: "userBackupShare", userId: owner.id, cipherText, storedAt: share }),
            ];
      for (const body of bodies) await call(route, { body });
      const [body] = bodies;
      await call(route, { body, headers: { authorization: `Bearer ${wrong}`, "x-webhook-secret": wrong } });
      await call(route, {
        body,
        headers: {
          authorization: `Basic ${btoa(`:${wrong}`)}`,
          "x-webhook-secret": `${SECRETS.WEBHOOK_SECRET}x`,
          "content-type": `text/${wrong}`,
        },
      });
      await call({
        ...route,
        path: `${route.path.split("?")[0]}?backupMethod=${cipherText}%00&limit=${wrong}&cursor=${wrong}&secret=${wrong}`,
      });
      await call({ ...route, path: `/users/${wrong}${"x".repeat(130)}/${wrong}` });
      await call({ ...route, method: "PATCH", body: undefined });
    }
    for (const { message } of worker.logs()) lookInto(`the log (${stage})`, message);
    return errors;
  }

  test("whatever is asked, right or wrong", async () => {
    await register({ id: "other", clientId: "other-client", clientApiKey: marks["a client API key that clashes"] });
    await portal("/webhook/backup", { clientId: owner.clientId, share });
    const errors = await everyRoute("in order");
    assert.ok(errors.length > 150, errors.length);
    assert.deepEqual(found, []);
  });

  test("nor when what is stored does not open", async () => {
    await portal("/webhook/backup", { clientId: owner.clientId, share });
    await send(worker, named("POST /users/{userId}/user-backup-share"), { body: { cipherText } });
    await worker.sql("UPDATE custodian_backup_shares SET sealed_share = 'AQAA'");
    await worker.sql("UPDATE user_backup_shares SET key_id = 'k9'");
    await everyRoute("with broken rows");
    assert.deepEqual(found, []);
  });

  test("nor when the database fails: no SQL leaves either", async () => {
    const tables = ["users", "user_backup_shares", "custodian_backup_shares", "audit_events"];
    for (const table of tables) await worker.sql(`ALTER TABLE ${table} RENAME TO ${table}_away`);
    try {
      await everyRoute("with a broken database");
      assert.deepEqual(found, []);
      for (const route of ROUTES) {
        const { text, status } = await send(worker, route);
        if (status >= 400)
          assert.doesNotMatch(text, /SELECT|INSERT|no such table|D1_|SQLITE|\.rs:|wasm|\n\s*at /, route.name);
      }
    } finally {
      for (const table of tables) await worker.sql(`ALTER TABLE ${table}_away RENAME TO ${table}`);
    }
  });
});
