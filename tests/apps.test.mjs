// docs/apps, run: the files are taken out of the pages and used against the real Worker, with nothing but Portal's SDK
// replaced.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { pathToFileURL } from "node:url";

import { inRoot } from "../scripts/lib/paths.mjs";
import { kotlin, swift } from "./support/apps/compilers.mjs";
import { writePortalStubs } from "./support/apps/portal-stubs.mjs";
import { writeSnippets } from "./support/apps/snippets.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";
import { json, startServer } from "./support/identity.mjs";

// A slash and a space are legal in an id: each app must send them encoded.
const USER = { id: "user 1/2", clientId: "client-1", clientApiKey: "client-api-key-of-user-1" };
const support = (name) => inRoot("tests", "support", "apps", name);

describe("docs/apps", () => {
  let worker;
  let dir;
  before(async () => {
    worker = await startWorker();
    dir = mkdtempSync(join(tmpdir(), "apps-"));
    writeFileSync(join(dir, "package.json"), '{"type":"module"}');
    // Node wants the endings that bundlers and TypeScript do without.
    for (const path of writeSnippets(["ts"], dir)) {
      writeFileSync(path, readFileSync(path, "utf8").replace(/from '(\.\/[^']+)'/g, "from '$1.ts'"));
    }
    writePortalStubs(dir);
    globalThis.fakePortal = {
      clientId: USER.clientId,
      async webhook(path, body) {
        const answer = await worker.send("POST", path, {
          body,
          headers: { "x-webhook-secret": SECRETS.WEBHOOK_SECRET },
        });
        assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`);
      },
    };
  });
  after(async () => {
    await worker?.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await worker.clear();
    Object.assign(globalThis.fakePortal, {
      pairs: [],
      driveOpens: "",
      offline: false,
      statusFails: false,
      whenReady: undefined,
    });
    const answer = await worker.send("POST", "/users", { body: USER, bearer: SECRETS.ADMIN_TOKEN });
    assert.equal(answer.status, 201, answer.text);
  });

  const file = (name) => import(pathToFileURL(join(dir, name)));
  const sdk = (name) => import(pathToFileURL(join(dir, "node_modules", "@portal-hq", name, "index.js")));
  const backups = async () =>
    (await worker.send("GET", `/users/${encodeURIComponent(USER.id)}/backups`, { bearer: SECRETS.ADMIN_TOKEN })).body
      .backups;

  /** As localStorage and AsyncStorage are. */
  const storage = () => {
    const items = new Map();
    return {
      items,
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => void items.set(key, value),
      removeItem: (key) => void items.delete(key),
    };
  };

  /** The cipher texts in an outbox, without the time that is before each. */
  const kept = ({ items }) => [...items.values()].map((text) => text.slice(text.indexOf(" ") + 1));

  /** A first backup of which the app never got the cipher text. */
  const brokenOff = (method) =>
    globalThis.fakePortal.webhook("/webhook/backup", {
      clientId: USER.clientId,
      backupMethod: `${method}-SECP256K1`,
      share: "{}",
    });

  async function server({
    url = worker.url,
    token = async () => USER.clientApiKey,
    userId = USER.id,
    outbox = storage(),
  } = {}) {
    const { BackupServer } = await file("backup-server.ts");
    return new BackupServer({ url: String(url).replace(/\/$/, ""), userId, token, outbox });
  }

  /** A credential that is good for so many requests. */
  const goodFor = (requests) => {
    let left = requests;
    return async () => (left-- > 0 ? USER.clientApiKey : "wrong");
  };

  it("backs up and recovers in a browser's app", async () => {
    const { default: Portal, BackupMethods } = await sdk("web");
    const { backUp, recover } = await file("wallet-backup.web.ts");
    const portal = new Portal();
    await backUp(portal, await server(), BackupMethods.password, "a password");
    assert.deepEqual(portal.told, ["stored"]);
    assert.deepEqual(
      (await backups()).map(({ backupMethod, state }) => [backupMethod, state]),
      [["PASSWORD", "complete"]],
    );

    const elsewhere = new Portal();
    assert.equal(await recover(elsewhere, await server(), BackupMethods.password, "a password"), "0xaddress");
    assert.deepEqual(elsewhere.recovered, [
      { cipherText: portal.cipherText, method: "PASSWORD", configs: { passwordStorage: { password: "a password" } } },
    ]);
  });

  it("calls nothing in a browser before the SDK is ready, which would never answer", async () => {
    const { default: Portal, BackupMethods } = await sdk("web");
    const { backUp, finishBackUp } = await file("wallet-backup.web.ts");
    globalThis.fakePortal.whenReady = [];
    const portal = new Portal();
    const early = [
      backUp(portal, await server(), BackupMethods.password, "a password"),
      finishBackUp(portal, await server(), BackupMethods.password),
    ];
    await new Promise(setImmediate);
    const callbacks = globalThis.fakePortal.whenReady;
    globalThis.fakePortal.whenReady = undefined;
    for (const callback of callbacks) callback();
    assert.deepEqual(await Promise.all(early), [undefined, true]);
    assert.deepEqual(portal.told, ["stored"]);
  });

  it("sends the server in a browser what it lacks before the SDK is ready, and fails where Portal refuses the key", async () => {
    const { default: Portal, BackupMethods } = await sdk("web");
    const { backUp, finishBackUp } = await file("wallet-backup.web.ts");
    globalThis.fakePortal.whenReady = [];
    const portal = new Portal();
    const asked = [];
    const lacking = { ...(await server()), storeAgain: async (method) => (asked.push(method), "stored") };
    const finishing = finishBackUp(portal, lacking, BackupMethods.password);
    await new Promise(setImmediate);
    assert.deepEqual(asked, ["PASSWORD"]);
    globalThis.fakePortal.refuses("INVALID_API_KEY");
    await assert.rejects(finishing, /Portal did not start: INVALID_API_KEY/);
    await assert.rejects(backUp(portal, lacking, BackupMethods.password, "a password"), /INVALID_API_KEY/);
  });

  it("backs up and recovers in a React Native app, by the names that the server knows", async () => {
    const { Portal, BackupMethods } = await sdk("core");
    const { backUp, recover } = await file("wallet-backup.native.ts");
    const portal = new Portal();
    await backUp(portal, await server(), BackupMethods.GoogleDrive);
    assert.deepEqual(portal.told, [[true, "GDRIVE"]]);
    assert.deepEqual(
      (await backups()).map(({ backupMethod, state }) => [backupMethod, state]),
      [["GDRIVE", "complete"]],
    );
    await recover(portal, await server(), BackupMethods.GoogleDrive);
    assert.equal(portal.recovered[0].cipherText, portal.cipherText);
  });

  it("says so where there is no backup under the method", async () => {
    const { BackupServerError } = await file("backup-server.ts");
    await assert.rejects(
      (await server()).cipherText("PASSKEY"),
      (error) => error instanceof BackupServerError && error.status === 404 && error.code === "not_found",
    );
  });

  it("never tells Portal that a backup is stored which the server did not take", async () => {
    const [web, core] = [await sdk("web"), await sdk("core")];
    const [webSnippet, nativeSnippet] = [await file("wallet-backup.web.ts"), await file("wallet-backup.native.ts")];
    const refusing = () => server({ token: goodFor(1) });
    const [browser, phone] = [new web.default(), new core.Portal()];
    for (const [backUp, portal, method] of [
      [webSnippet.backUp, browser, web.BackupMethods.gdrive],
      [nativeSnippet.backUp, phone, core.BackupMethods.GoogleDrive],
    ]) {
      await assert.rejects(backUp(portal, await server({ token: goodFor(0) }), method), { status: 401 });
      assert.equal(portal.cipherText, undefined, "no backup begins that cannot be finished");
    }
    await assert.rejects(webSnippet.backUp(browser, await refusing(), web.BackupMethods.gdrive), {
      status: 401,
      code: "unauthorized",
    });
    assert.deepEqual(browser.told, []);
    await assert.rejects(nativeSnippet.backUp(phone, await refusing(), core.BackupMethods.GoogleDrive), {
      status: 401,
    });
    assert.deepEqual(phone.told, [[false, "GDRIVE"]]);
    assert.notEqual((await backups())[0].state, "complete");
  });

  it("keeps the cipher text of a backup that broke off, and finishes it when the app starts again", async () => {
    for (const [name, snippet, method] of [
      ["web", "wallet-backup.web.ts", "gdrive"],
      ["core", "wallet-backup.native.ts", "GoogleDrive"],
    ]) {
      const { default: Default, Portal = Default, BackupMethods } = await sdk(name);
      const { backUp, finishBackUp, recover } = await file(snippet);
      const outbox = storage();
      const portal = new Portal();
      await backUp(portal, await server({ outbox }), BackupMethods[method]);
      assert.equal(outbox.items.size, 0, "nothing is kept of a backup that is finished");
      await assert.rejects(backUp(portal, await server({ outbox, token: goodFor(1) }), BackupMethods[method]));
      assert.deepEqual(kept(outbox), [portal.cipherText]);
      assert.equal((await backups())[0].state, "half-finished");

      const started = new Portal();
      assert.equal(await finishBackUp(started, await server({ outbox }), BackupMethods[method]), true);
      assert.deepEqual(
        [started.told, outbox.items.size, (await backups())[0].state],
        [[[true, "GDRIVE"]], 0, "complete"],
      );
      await recover(started, await server(), BackupMethods[method]);
      assert.equal(started.recovered[0].cipherText, portal.cipherText);

      // A new backup finishes the one before first, and does not begin where it cannot.
      await assert.rejects(backUp(portal, await server({ outbox, token: goodFor(1) }), BackupMethods[method]));
      const pending = portal.cipherText;
      await assert.rejects(backUp(portal, await server({ outbox, token: async () => "wrong" }), BackupMethods[method]));
      assert.deepEqual([portal.cipherText, ...kept(outbox)], [pending, pending]);
      await backUp(portal, await server({ outbox }), BackupMethods[method]);
      assert.equal(outbox.items.size, 0);

      // Where the device has no room, it is sent all the same.
      const full = {
        ...storage(),
        setItem: () => {
          throw new Error("full");
        },
      };
      await backUp(portal, await server({ outbox: full }), BackupMethods[method]);

      // Another device has backed up since: the older cipher text is not put in the newer one's place, nor thrown away.
      await assert.rejects(backUp(portal, await server({ outbox, token: goodFor(1) }), BackupMethods[method]));
      const other = new Portal();
      await backUp(other, await server(), BackupMethods[method]);
      assert.equal(await finishBackUp(started, await server({ outbox }), BackupMethods[method]), false);
      await recover(started, await server(), BackupMethods[method]);
      assert.deepEqual([started.recovered[1].cipherText, outbox.items.size], [other.cipherText, 1]);
      await backUp(portal, await server({ outbox }), BackupMethods[method]);
      assert.deepEqual([outbox.items.size, (await backups())[0].state], [0, "complete"]);
    }
  });

  it("does one piece of work after the other, and throws no newer cipher text of another tab away", async () => {
    const outbox = storage();
    const { alone } = await file("backup-server.ts");
    const [one, other] = [await server({ outbox }), await server({ outbox, token: async () => "wrong" })];
    const order = [];
    const work = (name) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push(`${name} ends`);
    };
    await Promise.all([alone(work("a")), alone(work("b"))]);
    assert.deepEqual(order, ["a begins", "a ends", "b begins", "b ends"]);

    await one.store("GDRIVE", "older");
    await assert.rejects(other.store("GDRIVE", "newer"), { status: 401 });
    await one.done("GDRIVE");
    assert.deepEqual(kept(outbox), ["newer"]);
  });

  it("stores each method's own cipher text in a browser, though the SDK gives one answer to two calls", async () => {
    const { default: Portal, BackupMethods } = await sdk("web");
    const { backUp } = await file("wallet-backup.web.ts");
    const password = { passwordStorage: { password: "a password" } };
    const raw = await Promise.all([
      new Portal().backupWallet(BackupMethods.gdrive),
      new Portal().backupWallet(BackupMethods.password, undefined, password),
    ]);
    assert.equal(raw[0].cipherText, raw[1].cipherText, "the stand-in does as the SDK does");

    // Two Portals and two servers: as two parts of one page may have.
    await Promise.all([
      backUp(new Portal(), await server(), BackupMethods.gdrive),
      backUp(new Portal(), await server(), BackupMethods.password, "a password"),
    ]);
    for (const method of ["GDRIVE", "PASSWORD"]) {
      assert.match(await (await server()).cipherText(method), new RegExp(`^cipher text of ${method},`));
    }
  });

  describe("in React Native", () => {
    let snippet, portal, outbox, Portal;
    const own = (options) => server({ outbox, ...options });
    beforeEach(async () => {
      ({ Portal } = await sdk("core"));
      snippet = await file("wallet-backup.native.ts");
      [portal, outbox] = [new Portal(), storage()];
      await snippet.backUp(portal, await own(), "gdrive");
    });

    it("tells Portal again at the next start where the connection was lost, which the SDK takes for success", async () => {
      globalThis.fakePortal.offline = true;
      await snippet.backUp(portal, await own(), "gdrive");
      assert.deepEqual(kept(outbox), [portal.cipherText], "kept until Portal knows");
      globalThis.fakePortal.offline = false;
      const started = new Portal();
      assert.equal(await snippet.finishBackUp(started, await own(), "gdrive"), true);
      assert.deepEqual([started.told, outbox.items.size], [[[true, "GDRIVE"]], 0]);
    });

    it("has the user back up again where the SDK had replaced the key and the app never got the cipher text", async () => {
      globalThis.fakePortal.statusFails = true;
      await assert.rejects(snippet.backUp(portal, await own(), "gdrive"), /^Error: 500/);
      globalThis.fakePortal.statusFails = false;
      assert.equal(outbox.items.size, 0, "there is no cipher text to keep");
      await assert.rejects(snippet.recover(portal, await own(), "gdrive"), /does not open/);

      assert.equal(await snippet.finishBackUp(new Portal(), await own(), "gdrive"), false);
      await snippet.backUp(portal, await own(), "gdrive");
      assert.equal(await snippet.finishBackUp(new Portal(), await own(), "gdrive"), true);
      await snippet.recover(portal, await own(), "gdrive");
      assert.equal((await backups())[0].state, "complete");
    });

    it("has the user back up again where the very first backup broke off before the app had its cipher text", async () => {
      globalThis.fakePortal.statusFails = true;
      await assert.rejects(snippet.backUp(portal, await own(), "password", "a password"), /^Error: 500/);
      globalThis.fakePortal.statusFails = false;
      const states = Object.fromEntries((await backups()).map(({ backupMethod, state }) => [backupMethod, state]));
      assert.deepEqual(states, { GDRIVE: "complete", PASSWORD: "no-user-share" });

      assert.equal(await snippet.finishBackUp(new Portal(), await own(), "password"), false);
      assert.equal(await snippet.finishBackUp(new Portal(), await own(), "passkey"), true, "nothing began");
      await snippet.backUp(portal, await own(), "password", "a password");
      assert.equal(await snippet.finishBackUp(new Portal(), await own(), "password"), true);
    });

    it("puts no cipher text beside the custodian shares of another device's backup, which broke off later", async () => {
      const { now } = Date;
      Date.now = () => now() - 120_000;
      await assert.rejects(snippet.backUp(portal, await own({ token: goodFor(1) }), "gdrive"), { status: 401 });
      Date.now = now;
      const fetched = async () =>
        (
          await worker.send("POST", "/webhook/backup/fetch", {
            body: { clientId: USER.clientId },
            headers: { "x-webhook-secret": SECRETS.WEBHOOK_SECRET },
          })
        ).body.backupShares.map((share) => JSON.parse(share).backupSharePairId);
      const whole = (await (await own()).cipherText("GDRIVE")).split(", ").at(-1);
      await new Portal().backupWallet("gdrive"); // And that device is never seen again.

      assert.equal(await snippet.finishBackUp(new Portal(), await own(), "gdrive"), false);
      assert.equal((await backups())[0].state, "half-finished");
      assert.ok((await fetched()).includes(whole), "the whole backup before both can still recover");
      await snippet.backUp(portal, await own(), "gdrive");
      assert.deepEqual([(await backups())[0].state, outbox.items.size], ["complete", 0]);
    });

    it("leaves the key in the Drive alone while the server does not take the credential", async () => {
      const { driveOpens } = globalThis.fakePortal;
      await assert.rejects(snippet.backUp(portal, await own({ token: goodFor(0) }), "gdrive"), { status: 401 });
      assert.equal(globalThis.fakePortal.driveOpens, driveOpens);
      await snippet.recover(portal, await own(), "gdrive");
    });
  });

  it("uses keys that every storage takes, another one for each user and method", async () => {
    const outbox = storage();
    const users = ["user 1/2", "user_1/2", "user%201/2", "anna@example.com", "a.b", "a_2eb"];
    for (const userId of users) {
      for (const method of ["GDRIVE", "PASSWORD"]) {
        await assert.rejects((await server({ userId, outbox, token: goodFor(0) })).store(method, "text"));
      }
    }
    assert.equal(outbox.items.size, 2 * users.length);
    for (const key of outbox.items.keys()) assert.match(key, /^[A-Za-z0-9._-]+$/);
    const none = { ...storage(), getItem: () => undefined };
    assert.equal(await (await server({ outbox: none })).storeAgain("GDRIVE"), "nothing");
  });

  it("finishes a backup that broke off when the app starts, and asks for a new one where that cannot help", async () => {
    const { default: Portal, BackupMethods } = await sdk("web");
    const { backUp } = await file("wallet-backup.web.ts");
    globalThis.localStorage ??= storage(); // Node has it by a flag only
    const { walletOf } = await file("app.web.ts");
    const asked = [];
    const listeners = {};
    globalThis.window = { addEventListener: (name, listener) => (listeners[name] = listener) };
    try {
      // The page names another server: what matters here is that it asks at the start, and again when it is online.
      const reached = [];
      const { fetch } = globalThis;
      globalThis.fetch = async (target, init) => {
        const { pathname, search } = new URL(target);
        reached.push(`${init.method} ${pathname.split("/").at(-1)}`);
        return fetch(new URL(pathname + search, worker.url), init);
      };
      try {
        await backUp(new Portal(), await server(), BackupMethods.password, "a password");
        reached.length = 0;
        walletOf({ userId: USER.id, clientApiKey: USER.clientApiKey }, () => asked.push("back up again"));
        await listeners.online();
        assert.deepEqual(reached, ["GET backups", "GET backups"], "at the start, and online again");
        assert.deepEqual(asked, []);
        await new Portal().backupWallet(BackupMethods.password, undefined, {
          passwordStorage: { password: "a password" },
        });
        await listeners.online();
        assert.deepEqual(asked, ["back up again"]);
      } finally {
        globalThis.fetch = fetch;
      }
    } finally {
      globalThis.window = undefined;
    }
  });

  it("asks for a fresh credential once after a 401, and does not take another user's", async () => {
    const asked = [];
    const token = async ({ fresh }) => (asked.push(fresh), fresh ? USER.clientApiKey : "expired");
    await (await server({ token })).store("GDRIVE", "cipher text");
    assert.deepEqual(asked, [false, true]);
    await assert.rejects(
      (await server({ userId: "user 2" })).store("GDRIVE", "cipher text"),
      ({ status }) => status === 401 || status === 403,
    );
  });

  it("tries again over cut connections and passing failures, and then has stored it", async () => {
    const faults = ["cut", "503", "none"];
    const proxy = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const fault = faults.shift();
      if (fault === "cut") return request.socket.destroy();
      if (fault === "503") return response.writeHead(503, { "retry-after": "1" }).end("{}");
      const { authorization } = request.headers;
      const init = {
        method: request.method,
        headers: { authorization, "content-type": "application/json" },
        body: Buffer.concat(chunks),
      };
      const answer = await worker.fetch(request.url, init);
      response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    });
    await new Promise((listening) => proxy.listen(0, "127.0.0.1", listening));
    try {
      await (await server({ url: `http://127.0.0.1:${proxy.address().port}` })).store("GDRIVE", "cipher text");
    } finally {
      proxy.close();
    }
    assert.deepEqual(faults, []);
    assert.equal(await (await server()).cipherText("GDRIVE"), "cipher text");
  });

  it("takes an answer that breaks off in its middle for none, and asks again", async () => {
    const length = (text) => ({ "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    const whole = '{"cipherText":"cipher text"}';
    let asked = 0;
    const breaking = await startServer((_, response) => {
      asked += 1;
      response.writeHead(200, length(whole));
      if (asked > 1) return response.end(whole);
      response.write(whole.slice(0, 20), () => response.destroy());
    });
    try {
      assert.equal(await (await server({ url: breaking.url })).cipherText("GDRIVE"), "cipher text");
      assert.equal(asked, 2);
    } finally {
      await breaking.stop();
    }
  });

  it("tells the user instead of waiting where the server asks for more than half a minute", {
    timeout: 20_000,
  }, async () => {
    const { url, requests, stop } = await askingToWait("31");
    try {
      await assert.rejects((await server({ url })).store("GDRIVE", "cipher text"), {
        status: 429,
        code: "rate_limited",
      });
      assert.equal(requests.length, 1);
    } finally {
      await stop();
    }
  });

  it("does not take a gateway's own 404 for the server's word that there is no backup", async () => {
    const { default: Portal, BackupMethods } = await sdk("web");
    globalThis.localStorage ??= storage(); // Node has it by a flag only
    const { walletOf } = await file("app.web.ts");
    const { fetch } = globalThis;
    globalThis.window = { addEventListener() {} };
    const recovering = (answer) => {
      globalThis.fetch = async (target, init) => answer(new URL(target), init);
      return walletOf({ userId: USER.id, clientApiKey: USER.clientApiKey }, () => {}).recover("a password");
    };
    try {
      await assert.rejects(
        recovering(({ pathname, search }, init) => fetch(new URL(pathname + search, worker.url), init)),
        /There is no backup/,
      );
      await assert.rejects(
        recovering(() => new Response("<h1>Not Found</h1>", { status: 404 })),
        { status: 404, code: "unknown" },
      );
    } finally {
      Object.assign(globalThis, { fetch, window: undefined });
    }

    // Nor, in an eject, for an older wallet without a share of the other curve: the Solana key would be left out.
    const { eject } = await file("wallet-eject.web.ts");
    const { BackupServerError } = await file("backup-server.ts");
    const ejecting = (code) => {
      const server = {
        cipherText: async () => "a cipher text",
        custodianShare: async (_, curve) => {
          if (curve === "ED25519") throw new BackupServerError(404, code, "");
          return "a share";
        },
      };
      const portal = Object.assign(new Portal(), { ejectPrivateKeys: async (_method, _configs, shares) => shares });
      return eject(portal, server, BackupMethods.password, "a password");
    };
    assert.deepEqual(await ejecting("not_found"), { SECP256K1: "a share", ED25519: undefined });
    await assert.rejects(ejecting("unknown"), { status: 404, code: "unknown" });
  });

  it("ejects in a browser's app within an operator's window, each share once", async () => {
    const { default: Portal, BackupMethods } = await sdk("web");
    const { backUp } = await file("wallet-backup.web.ts");
    const { eject } = await file("wallet-eject.web.ts");
    const [portal, own] = [new Portal(), await server()];
    await backUp(portal, own, BackupMethods.password, "a password");
    const ejecting = () => eject(portal, own, BackupMethods.password, "a password");
    const open = () =>
      worker.send("POST", `/users/${encodeURIComponent(USER.id)}/eject`, { bearer: SECRETS.ADMIN_TOKEN });

    await assert.rejects(ejecting(), { status: 403, code: "eject_not_enabled" });
    assert.equal((await open()).status, 201);
    await assert.rejects(own.custodianShare("PASSKEY", "ED25519"), { status: 404, code: "not_found" });
    assert.deepEqual(await ejecting(), { SECP256K1: "key of SECP256K1", ED25519: "key of ED25519" });
    await assert.rejects(ejecting(), { status: 403, code: "eject_not_enabled" });
    await open();
    assert.equal((await ejecting()).ED25519, "key of ED25519");
  });

  it("backs up and recovers in Kotlin", { timeout: 300_000 }, async (test) => {
    const tools = await kotlin();
    if (tools.missing) return test.skip(`NOT COMPILED: ${tools.missing}`);
    await brokenOff("PASSKEY");
    const out = join(dir, "kotlin");
    const busy = await askingToWait("3600");
    test.after(() => busy.stop());
    const stubs = ["Stubs.kt", "StubData.kt", "StubAndroid.kt", "StubAndroidx.kt", "Main.kt"].map(support);
    await tools.compile([...writeSnippets(["kotlin"], out), ...stubs], join(out, "classes"));
    const { stdout } = await tools.run(join(out, "classes"), [
      String(worker.url).replace(/\/$/, ""),
      USER.id,
      USER.clientApiKey,
      busy.url,
    ]);
    assert.deepEqual(stdout.trim().split("\n"), [
      "told [true PASSWORD]",
      "recovered cipher text made by Kotlin",
      "refused 404 not_found",
      "refused 403, told true PASSWORD",
      "refused 429 for 3600000 ms",
      "kept [cipher text]",
      "finished, told true GDRIVE, recovered cipher text, kept []",
      "a first backup broke off: finished false",
      "left the screen, told true PASSKEY, kept []",
      "not told, kept [cipher text made by Kotlin]",
      "Your wallet did not open. Is the password right?",
    ]);
  });

  it("backs up and recovers in Swift", { timeout: 300_000 }, async (test) => {
    const tools = await swift();
    if (tools.missing) return test.skip(`NOT COMPILED: ${tools.missing}`);
    await brokenOff("PASSKEY");
    const out = join(dir, "swift");
    const busy = await askingToWait("3600");
    test.after(() => busy.stop());
    const files = [...writeSnippets(["swift"], out), ...writeSnippetsOf(out, "main.swift")];
    // Outside Apple's systems Foundation keeps its networking in a module of its own.
    for (const path of files) {
      const text = readFileSync(path, "utf8");
      writeFileSync(
        path,
        text.replace(
          "import Foundation\n",
          "import Foundation\n#if canImport(FoundationNetworking)\nimport FoundationNetworking\n#endif\n",
        ),
      );
    }
    await tools.compile(files, support("PortalSwift.swift"), join(out, "build"));
    const { stdout } = await tools.run(join(out, "build"), [
      String(worker.url).replace(/\/$/, ""),
      USER.id,
      USER.clientApiKey,
      busy.url,
    ]);
    assert.deepEqual(stdout.trim().split("\n"), [
      "told stored",
      "recovered cipher text made by Swift",
      "refused 404 not_found",
      "refused 429 for 3600 s",
      'finished, told backup STORED_CLIENT_BACKUP_SHARE ["newer"], recovered cipher text',
      "a first backup broke off: finished false",
      "left the view, kept cipher text made by Swift",
    ]);
  });
});

/** A server that refuses everything for so many seconds, as one does over a quota. */
const askingToWait = (seconds) =>
  startServer((_, response) => json(response, 429, { code: "rate_limited" }, { "retry-after": seconds }));

function writeSnippetsOf(out, name) {
  const path = join(out, name);
  writeFileSync(path, readFileSync(support(name)));
  return [path];
}
