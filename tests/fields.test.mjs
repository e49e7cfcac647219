// Bodies, fields and parameters that are wrong: each gets its problem, none a 500, nothing is stored.

import assert from "node:assert/strict";
import { after, beforeEach, describe, test } from "node:test";

import { assertProblem, callers, storedRows } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";
import { ROUTES, named, owner, send } from "./support/routes.mjs";

const worker = await startWorker();
const { admin, app, register } = callers(worker);
after(() => worker.stop());

let rowsBefore;
beforeEach(async () => {
  await worker.clear();
  await register(owner);
  rowsBefore = await storedRows(worker);
});
const nothingStored = async () => assert.equal(await storedRows(worker), rowsBefore);

describe("a body that is no JSON object is invalid_json", () => {
  const BROKEN = [
    "",
    " ",
    "{",
    "}",
    '{"clientId":}',
    "{'clientId':'x'}",
    '{"clientId":"x",}',
    "nul",
    '{"a":1}{"b":2}',
    '{"a":1} x',
    "\ufeff{}",
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{"a":1e}',
    '{"a":01}',
    "[",
    "[".repeat(5_000),
    `{"a":${"[".repeat(5_000)}`,
  ];
  const OTHERS = ["null", "true", "1", '"text"', "[]", "[{}]", `["${owner.clientId}","m","s",null]`];
  const NOT_UTF8 = [[0xff], [0x7b, 0x22, 0x80, 0x22, 0x3a, 0x31, 0x7d], [0xfe, 0xff, 0, 0x7b, 0, 0x7d], [0, 0, 0]].map(
    (bytes) => Uint8Array.from(bytes),
  );
  const mayBeEmpty = ["POST /users/{userId}/eject", "POST /admin/keys/rewrap", "POST /admin/directory/rebuild"];

  for (const route of ROUTES.filter(({ body, type }) => body !== undefined && type === "application/json")) {
    test(route.name, async () => {
      for (const body of [...BROKEN, ...OTHERS, ...NOT_UTF8]) {
        if (typeof body === "string" && body.trim() === "" && mayBeEmpty.includes(route.name)) continue;
        assertProblem(await send(worker, route, { body }), 400, "invalid_json", {
          what: JSON.stringify(body).slice(0, 40),
        });
      }
      await nothingStored();
    });
  }

  test("so is one with a field twice: whose value counts cannot be known", async () => {
    const body = `{"clientId":"${owner.clientId}","share":"a","share":"b"}`;
    assertProblem(await send(worker, named("POST /webhook/backup"), { body }), 400, "invalid_json");
    await nothingStored();
  });
});

describe("a wrong field is invalid_field, by its name", () => {
  const LONG = "x".repeat(129);
  const NAMES = {
    empty: "",
    "too long": LONG,
    "a control character": "a\u0000b",
    "a line break": "a\nb",
    "only white space": "  ",
    "an invisible character": "a\u200bb",
    "two dots": "..",
    "an unpaired surrogate": "\ud800",
    "a number": 1,
    "a list": ["x"],
    "an object": {},
    true: true,
  };
  const REQUIRED = { missing: undefined, null: null, ...NAMES };
  const SHARES = {
    missing: undefined,
    null: null,
    empty: "",
    "a number": 1,
    "a list": ["x"],
    true: true,
    "an unpaired surrogate": "\udc00",
  };
  const KEYS = {
    empty: "",
    "too long": "x".repeat(1_025),
    "a space": "a b",
    "a control character": "a\u0001",
    "not ASCII": "é",
    "a number": 1,
  };
  const NUMBERS = { zero: 0, negative: -1, "a fraction": 1.5, text: "5", true: true, huge: 1e300, "too many": 100_001 };

  const CASES = [
    ["POST /webhook/backup", "clientId", REQUIRED],
    ["POST /webhook/backup", "share", SHARES],
    ["POST /webhook/backup/fetch", "clientId", REQUIRED],
    ["POST /users/{userId}/user-backup-share", "backupMethod", NAMES],
    ["POST /users/{userId}/user-backup-share", "backupSharePairId", NAMES],
    ["POST /users/{userId}/user-backup-share", "cipherText", SHARES],
    ["POST /users", "id", NAMES],
    ["POST /users", "clientId", NAMES],
    ["POST /users", "clientApiKey", KEYS],
    ["POST /users/{userId}/backups/restore", "versionId", REQUIRED],
    ["POST /users/{userId}/eject", "minutes", { ...NUMBERS, "over the most": 61 }],
    ["POST /admin/keys/rewrap", "limit", NUMBERS],
  ];
  for (const [name, field, values] of CASES) {
    test(`${name}: ${field}`, async () => {
      const route = named(name);
      for (const [what, value] of Object.entries(values)) {
        assertProblem(await send(worker, route, { body: { ...route.body, [field]: value } }), 400, "invalid_field", {
          field,
          what,
        });
      }
      await nothingStored();
    });
  }

  // Nobody else has a copy of a custodian share.
  test("a webhook is never refused for an optional field: what is of no use is left out, and the log and the event say so", async () => {
    for (const [what, value] of Object.entries(NAMES)) {
      await worker.clear();
      await register(owner);
      worker.clearLogs();
      const body = { clientId: owner.clientId, share: "s", backupMethod: value, backupSharePairId: value };
      const answer = await send(worker, named("POST /webhook/backup"), { body });
      assert.equal(answer.status, 204, `${what}: ${answer.text}`);
      const rows = await worker.sql("SELECT backup_method, backup_share_pair_id FROM custodian_backup_shares");
      assert.deepEqual(rows, [{ backup_method: "UNKNOWN", backup_share_pair_id: null }], what);
      const fields = worker.logLines().flatMap((line) => line.fields ?? []);
      assert.deepEqual(fields, value === "" ? [] : ["backupMethod", "backupSharePairId"], what);
      const [{ reason }] = await worker.sql("SELECT reason FROM audit_events WHERE action = 'store_custodian_share'");
      assert.equal(reason, value === "" ? null : "left out: backupMethod, backupSharePairId", what);
    }
  });

  test("an app's field that looks like a misspelt one is refused: its share would be stored under UNKNOWN", async () => {
    for (const [field, meant] of [
      ["method", "backupMethod"],
      ["backup_method", "backupMethod"],
      ["cipher_text", "cipherText"],
      ["pairId", "backupSharePairId"],
    ]) {
      const body = { cipherText: "c", [field]: "GDRIVE" };
      for (const form of [body, { data: body }]) {
        const answer = await send(worker, named("POST /users/{userId}/user-backup-share"), { body: form });
        assertProblem(answer, 400, "invalid_field", { field: meant });
      }
    }
    await nothingStored();
  });

  test("under iOS' name, and inside axios' data wrapper, a cipher text is held to the same", async () => {
    const [ios, axios] = [
      named("POST /users/{userId}/store-encrypted-user-backup-share"),
      named("POST /users/{userId}/user-backup-shares"),
    ];
    for (const value of ["", 1, [], true]) {
      assertProblem(await send(worker, ios, { body: { encryptedClientBackupShare: value } }), 400, "invalid_field", {
        field: "encryptedClientBackupShare",
      });
      assertProblem(await send(worker, axios, { body: { data: { cipherText: value } } }), 400, "invalid_field", {
        field: "cipherText",
      });
      assertProblem(
        await send(worker, axios, { body: { data: { secp256k1Ciphertext: value, ed25519Ciphertext: "x" } } }),
        400,
        "invalid_field",
        { field: "secp256k1Ciphertext" },
      );
    }
    assertProblem(
      await send(worker, axios, { body: { data: { cipherText: "c", backupMethod: LONG } } }),
      400,
      "invalid_field",
      { field: "backupMethod" },
    );
    for (const data of [null, "text", [], 1, {}])
      assertProblem(await send(worker, axios, { body: { data } }), 400, "invalid_field", { field: "cipherText" });
    await nothingStored();
  });
});

describe("a wrong parameter is invalid_field, by its name", () => {
  const NAMES = {
    empty: "",
    "too long": "x".repeat(129),
    "a control character": "%00",
    "a line break": "a%0Ab",
    "not UTF-8": "%ff",
    "a space at an end": "%20a",
  };

  for (const [path, field, call] of [
    [`/users/${owner.id}/user-backup-share`, "backupMethod", app],
    [`/users/${owner.id}/encrypted-user-backup-shares`, "backupSharePairId", app],
    [`/users/${owner.id}/custodian-backup-share`, "backupMethod", app],
    ["/users", "clientId", admin],
    [`/users/${owner.id}`, "purge", admin],
  ]) {
    test(`${path}?${field}=`, async () => {
      const get = (query) =>
        call === app ? app(owner, "GET", path + query) : admin(field === "purge" ? "DELETE" : "GET", path + query);
      for (const [what, value] of Object.entries(NAMES))
        assertProblem(await get(`?${field}=${value}`), 400, "invalid_field", { field, what });
      await nothingStored();
    });
  }

  test("?limit=", async () => {
    for (const path of ["/users", "/audit"]) {
      for (const limit of ["0", "-1", "%2B5", "1.5", "x", "1e9", "100001", "99999999999999999999", ""]) {
        assertProblem(await admin("GET", `${path}?limit=${limit}`), 400, "invalid_field", {
          field: "limit",
          what: `${path} ${limit}`,
        });
      }
    }
  });

  test("/audit?since=", async () => {
    for (const since of [
      "",
      "yesterday",
      "May",
      "1",
      "0.5",
      "2026",
      "2026-13-01",
      "2026-01-01T25:00:00Z",
      "2026-01-01T00:00:00",
      "%00",
    ]) {
      assertProblem(await admin("GET", `/audit?since=${since}`), 400, "invalid_field", { field: "since", what: since });
    }
  });
});
