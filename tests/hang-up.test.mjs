// Whoever hangs up before the answer: workerd would end the request there and then, in the midst of whatever it does. And
// whoever sends a body and never ends it.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, beforeEach, describe, it } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { backups } from "./support/backup.mjs";
import { assertProblem, user } from "./support/client.mjs";
import { startWorker } from "./support/harness.mjs";

const ada = user("ada");

describe("a request whose caller hangs up", () => {
  let worker, entry, wallet;
  let calls = 0;
  before(async () => {
    worker = await startWorker({
      main: inRoot("tests", "support", "faulty-entry.mjs"),
      limits: { AUTH_FAILURE_LIMITER: 2 },
    });
    entry = await worker.entry();
    wallet = backups(worker);
  });
  after(() => worker?.stop());
  beforeEach(async () => {
    await worker.clear();
    await wallet.register(ada);
  });

  const from = { "cf-connecting-ip": "203.0.113.7" };
  const path = `/users/${ada.id}/user-backup-share`;
  const hangUp = (clientApiKey) =>
    entry.hangUp(
      path,
      {
        method: "POST",
        headers: { ...from, authorization: `Bearer ${clientApiKey}`, "content-type": "application/json" },
        body: JSON.stringify({ backupMethod: "GDRIVE", cipherText: "cipher text" }),
      },
      `call ${calls++}`,
    );
  const statuses = () => {
    const lines = worker.logLines().filter(({ message, route }) => message === "request" && route.endsWith("share"));
    return lines.map(({ status }) => status);
  };
  /** Nobody has an answer to wait for. */
  async function ended(count) {
    const end = Date.now() + 20_000;
    while (statuses().length < count) {
      assert.ok(Date.now() < end, `only these have come to their end: [${statuses()}]`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it("comes to its end, and leaves its line in the log", async () => {
    worker.clearLogs();
    await hangUp(ada.clientApiKey);
    await ended(1);
    assert.deepEqual(statuses(), [200]);
    assert.equal(await wallet.recovered(ada, { backupMethod: "GDRIVE" }), "cipher text");
  });

  it("is counted where its credential is wrong: nobody gets round the limit that way", async () => {
    worker.clearLogs();
    for (let n = 1; n <= 2; n++) {
      await hangUp("wrong");
      await ended(n);
    }
    assert.deepEqual(statuses(), [401, 401]);
    assertProblem(await worker.send("GET", path, { bearer: "wrong", headers: from }), 429, "rate_limited");
  });
});

describe("a body that never ends", () => {
  let worker;
  before(async () => {
    worker = await startWorker({ main: inRoot("tests", "support", "faulty-entry.mjs") });
    await backups(worker).register(ada);
    await (await worker.entry()).hurry();
  });
  after(() => worker?.stop());

  for (const [what, header, begun] of [
    ["of a length that was told", "Content-Length: 400000", '{"cipherText":"'],
    ["in chunks", "Transfer-Encoding: chunked", 'f\r\n{"cipherText":"\r\n'],
  ]) {
    it(`${what} is a body that was cut off: 400`, async () => {
      const { hostname, port } = new URL(worker.url);
      const socket = connect(port, hostname);
      socket.write(
        `POST /users/${ada.id}/user-backup-share HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${ada.clientApiKey}\r\n`,
      );
      socket.write(`Content-Type: application/json\r\nConnection: close\r\n${header}\r\n\r\n${begun}`);
      const answer = await text(socket);
      assert.match(answer, /^HTTP\/1.1 400 /, answer);
      assert.match(answer, /The body was cut off before it was complete/);
    });
  }
});
