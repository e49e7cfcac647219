// docs/operations.md at 3 a.m.: its commands, word for word and in their order, and what it says of them.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { after, test } from "node:test";

import { backups } from "./support/backup.mjs";
import { user } from "./support/client.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { inRoot } from "../scripts/lib/paths.mjs";

const doc = readFileSync(inRoot("docs", "operations.md"), "utf8");
const hasShell = spawnSync("sh", ["-c", "command -v curl"]).status === 0;

/** Without blocking the Worker, which lives in this process. */
const sh = (script) =>
  new Promise((resolve) => {
    const child = spawn("sh", ["-eu", "-c", script]);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
    child.on("close", (code) => resolve({ code, output }));
  });

test("every command of docs/operations.md works", { skip: !hasShell && "SKIPPED: needs sh and curl" }, async () => {
  const worker = await startWorker({ vars: { PURGE_DELAY_HOURS: "72" } });
  after(() => worker.stop());
  const wallet = backups(worker);
  const ada = user("ada");
  await wallet.register(ada);
  for (const n of [1, 2]) {
    await wallet.custodian(ada, "GDRIVE-SECP256K1", `c${n}`);
    await wallet.cipherText(ada, "GDRIVE", `u${n}`);
  }
  const version = (await wallet.history(ada)).find(({ kind }) => kind === "user").id;

  const given = {
    BASE: String(worker.url).replace(/\/$/, ""),
    ADMIN_TOKEN: SECRETS.ADMIN_TOKEN,
    CLIENT_ID: ada.clientId,
    USER_ID: ada.id,
    VERSION: version,
    NEW_KEY: "the-new-key",
    METHOD: "GDRIVE",
  };
  const blocks = [...doc.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) =>
    block.replace(/^([A-Z_]+)=(?:…|https:\/\/backup\.example\.com)(?=\s|$)/gm, (_, name) => {
      assert.ok(given[name], `${name} has a value here`);
      return `${name}='${given[name]}'`;
    }),
  );
  assert.ok(blocks.length >= 10);
  // The second restore is for a user who is registered again by then, and deleted once more.
  const anew = `curl -s $BASE/users -H "$ADMIN" -H "$JSON" -d '${JSON.stringify({ id: ada.id, clientId: ada.clientId, clientApiKey: ada.clientApiKey })}' > /dev/null\n`;
  const again = blocks.findIndex((block) => block.includes("restore?clientId="));
  blocks[again] =
    `curl -s -X DELETE $BASE/users/$USER_ID -H "$ADMIN"; ${anew}curl -s -X DELETE $BASE/users/$USER_ID -H "$ADMIN"\n${blocks[again]}`;
  // By the time of the leaked key the user has been erased.
  const leaked = blocks.findIndex((block) => block.includes("NEW_KEY="));
  blocks[leaked] = `${anew}${blocks[leaked]}`;
  const removed = blocks.findIndex((block) => block.includes("METHOD="));
  blocks[removed] =
    `curl -s $BASE/users/$USER_ID/user-backup-share -H "Authorization: Bearer $NEW_KEY" -H "$JSON" -d '{"backupMethod":"GDRIVE","cipherText":"u"}' > /dev/null\n${blocks[removed]}`;
  const { code, output } = await sh(blocks.join("echo ----\n"));
  assert.equal(code, 0, output);
  assert.doesNotMatch(output, /"code":|…/);

  const parts = output.split("----\n");
  const expected = [
    /^$/,
    /"ok"[\s\S]*"ready"[\s\S]*"shares":2,"users":1/,
    /"id":"user-ada"/,
    /"state":"complete"[\s\S]*"opens":true[\s\S]*"store_user_share"[\s\S]*"versions":\[\{/,
    /"state":"complete"[\s\S]*"portal":\{[\s\S]*"missing":\[\]/,
    new RegExp(`"id":"${version}","kind":"user"`),
    /^\n\{"id":"user-ada"[\s\S]*"half-finished"/, // the older cipher text was restored above
    /^\{"id":"user-ada"/,
    /^\{"purgeAt":"[\s\S]*\n204\n[\s\S]*"outcome":"waits"/,
    /"events":\[\][\s\S]*"events":\[/,
    /"current":"k1"[\s\S]*"unknown":\[\]/,
    /^k-[0-9a-f]{8}:[A-Za-z0-9+/]{43}=\n$/,
    /"ready"/,
    /"ready"[\s\S]*"current":"k1"/,
    /"rewrapped":0,"remaining":0/,
    /^\{"id":"user-ada"/,
    /^\{"ejectableUntil":"[\s\S]*"events":\[\][\s\S]*204\n$/,
    /^204\n$/, // a quota that is released
    /^204\n$/, // a method that is removed
  ];
  assert.equal(parts.length, expected.length, output);
  for (const [index, part] of parts.entries()) assert.match(part, expected[index], blocks[index]);
  const backupsWith = (key) => worker.send("GET", `/users/${ada.id}/backups`, { bearer: key });
  assert.deepEqual(
    [(await backupsWith(ada.clientApiKey)).status, (await backupsWith("the-new-key")).status],
    [401, 200],
    "the leaked key is worth nothing",
  );
});

test("the rotation puts the new key in escrow, for every recipient, before it seals anything", () => {
  const rotation = doc.slice(doc.indexOf("## Rotate the sealing key"), doc.indexOf("## A wrong key was deployed"));
  const at = (text) => {
    assert.ok(rotation.includes(text), text);
    return rotation.indexOf(text);
  };
  const escrow = at("npm run keys -- escrow --url $BASE --vars secrets.env --recipient age1… --recipient age1…");
  assert.ok(at("Deploy it behind the old one") < escrow && escrow < at("Deploy it in front:"));
});

test("every log line that the Worker writes has its row in the table of alarms", () => {
  const names = readdirSync(inRoot("src"), { recursive: true }).filter((name) => name.endsWith(".rs"));
  const sources = names.map((name) => readFileSync(inRoot("src", name), "utf8"));
  const messages = sources.flatMap((text) =>
    [...text.matchAll(/log::event\(\s*Level::\w+,\s*"([^"]+)"/g)].map(([, message]) => message),
  );
  assert.ok(messages.length >= 6, messages.join());
  for (const message of messages) assert.ok(doc.includes(`| \`${message}\` |`), message);
});
