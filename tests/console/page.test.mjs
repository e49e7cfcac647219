// The operators' page in Chromium, against the built Worker: every flow, in every role, in both themes and on a small screen.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { backups } from "../support/backup.mjs";
import { launch, noBrowser } from "../support/browser.mjs";
import { user } from "../support/client.mjs";
import {
  OPERATORS,
  OPERATOR_TOKENS,
  assertGoodView,
  assertNothingKept,
  goTo,
  openConsole,
  settled,
  signIn,
} from "../support/console.mjs";
import { startServer, json, toLoopback } from "../support/identity.mjs";
import { startWorker } from "../support/harness.mjs";

const portal = await startServer((_, response) =>
  json(response, 200, { id: "client-ada", clientSessionToken: "session-token-of-ada", isAccountAbstracted: false }),
);
const worker = await startWorker({
  assets: true,
  secrets: { OPERATOR_TOKENS, PORTAL_API_KEY: "portal-key" },
  vars: { PORTAL_API_URL: portal.url, PURGE_DELAY_HOURS: "72" },
  outbound: toLoopback,
});
const act = backups(worker);
const ada = user("ada");

after(async () => {
  await worker.stop();
  await portal.stop();
});

test("the page is static, lets nothing in but its own files, and cannot be framed", async () => {
  const { headers, status, text } = await worker.send("GET", "/console");
  assert.equal(status, 200);
  const policy = headers.get("content-security-policy");
  for (const part of ["default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';"])
    assert.ok(policy.includes(part), part);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)|\son\w+=|<style|\sstyle=/i);
});

test("the page's script is at most 60 KiB, gzipped", async () => {
  let bytes = 0;
  for (const name of ["page.js", "draw.js"]) {
    const { status, text } = await worker.send("GET", `/console/${name}`);
    assert.equal(status, 200, name);
    bytes += gzipSync(text).length;
  }
  assert.ok(bytes <= 60 * 1024, `${bytes} bytes`);
});

describe("in a browser", { skip: noBrowser }, () => {
  let browser;
  let open;
  const views = [];
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    await worker.clear();
    await act.register(ada);
    for (const n of [1, 2]) {
      for (const curve of ["SECP256K1", "ED25519"]) {
        await act.custodian(ada, `GDRIVE-${curve}`, `c${n} ${curve}`, { pair: `pair-${n}` });
      }
      await act.cipherText(ada, "GDRIVE", `u${n}`, { pair: `pair-${n}` });
    }
    await act.custodian(ada, "PASSKEY-SECP256K1", "alone");
  });
  afterEach(async () => {
    for (const view of views.splice(0)) {
      await assertNothingKept(
        view,
        Object.values(OPERATORS).map(({ token }) => token),
      );
      await view.context.close();
    }
  });
  open = async (operator, options) => {
    const view = await openConsole(browser, worker, options);
    views.push(view);
    if (operator) await signIn(view.page, operator);
    return view;
  };
  const person = async (operator, options) => {
    const view = await open(operator, options);
    await goTo(view.page, `#/users/${ada.id}`);
    return view;
  };
  const bob = user("bob");
  const imports = async (record, query = "") => {
    const answer = await worker.send("POST", `/admin/import${query}`, {
      bearer: OPERATORS.admin.token,
      headers: { "content-type": "application/x-ndjson" },
      body: JSON.stringify({ userId: bob.id, ...record }),
    });
    assert.equal(answer.body.results[0].outcome, "new", answer.text);
  };
  /** Answers a path of the API with what `change` makes of the Worker's own answer. */
  const answering = (page, path, change) =>
    page.route(path, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: change(await response.json()) });
    });
  const shot = async (page, name) => {
    if (!process.env.SCREENSHOTS) return;
    mkdirSync(process.env.SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
  };

  for (const theme of ["light", "dark"]) {
    for (const width of [1280, 360]) {
      test(`every view is good for everybody: ${theme}, ${width} px`, async () => {
        await worker.scheduled();
        const view = await open(undefined, { theme, width });
        const { page } = view;
        await assertGoodView(view, worker, "signing in");
        await shot(page, `sign-in-${theme}-${width}`);
        await signIn(page, OPERATORS.admin);
        for (const [name, hash] of [
          ["find", "#/"],
          ["person", `#/users/${ada.id}`],
          ["whole", "#/whole"],
          ["approvals", "#/approvals"],
        ]) {
          await goTo(page, hash);
          if (name === "person")
            await page
              .getByRole("button", { name: /^Cipher text GDRIVE/ })
              .first()
              .click();
          await settled(page);
          await assertGoodView(view, worker, name);
          await shot(page, `${name}-${theme}-${width}`);
        }
        await goTo(page, `#/users/${ada.id}`);
        await page.getByRole("button", { name: "Purge" }).click();
        await assertGoodView(view, worker, "a dialog");
        await shot(page, `dialog-${theme}-${width}`);
      });
    }
  }

  test("an address that changes as soon as the page is drawn is followed", async () => {
    const { page } = await open();
    await page.evaluate((hash) => {
      const observer = new MutationObserver(() => {
        if (!document.body.innerText.includes("(viewer)")) return;
        observer.disconnect();
        location.hash = hash;
      });
      observer.observe(document.body, { childList: true, subtree: true });
    }, `#/users/${ada.id}`);
    await signIn(page, OPERATORS.viewer);
    await page.getByRole("heading", { name: ada.id }).waitFor();
  });

  test("a person is found by the beginning of the user id or of the client id", async () => {
    const { page } = await open(OPERATORS.viewer);
    for (const text of ["user-a", "client-a"]) {
      await page.getByRole("searchbox").fill(text);
      await page.getByRole("link", { name: ada.id }).first().waitFor();
    }
    await page.getByRole("searchbox").fill("nobody");
    await page.getByText("Nobody registered").waitFor();
  });

  test("the first sentence says whether the person can recover, and each card what to do", async () => {
    const { page } = await person(OPERATORS.viewer);
    assert.equal(
      await page.locator(".sentence").innerText(),
      "Can recover with GDRIVE. PASSKEY was never finished: only Portal's share came.",
    );
    const card = page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: /^PASSKEY/ }) });
    assert.match(await card.innerText(), /Only the custodian share came/);
  });

  test("a backup whose cipher text is another method's, or took another's place alone, is not said to recover", async () => {
    await act.custodian(ada, "PASSWORD-SECP256K1", "c3", { pair: "pair-3" });
    await act.cipherText(ada, "PASSWORD", "u2", { pair: "pair-3" });
    const same = await person(OPERATORS.viewer);
    assert.match(
      await same.page.locator(".sentence").innerText(),
      /PASSWORD has both halves, but its cipher text is also that of GDRIVE/,
    );
    assert.doesNotMatch(await same.page.locator(".sentence").innerText(), /Can recover with[^.]*PASSWORD/);
    assert.match(await same.page.locator(".cards").innerText(), /GDRIVE has the same one, byte for byte/);
    await act.cipherText(ada, "GDRIVE", "junk", { pair: "pair-2" });
    const alone = await person(OPERATORS.viewer);
    assert.match(
      await alone.page.locator(".sentence").innerText(),
      /GDRIVE has both halves, but its cipher text took the place of another alone/,
    );
    assert.doesNotMatch(await alone.page.locator(".sentence").innerText(), /Can recover with[^.]*GDRIVE/);
  });

  test("a person of whom nothing is current, but older shares are kept, is to be restored", async () => {
    for (const table of ["custodian_backup_shares", "user_backup_shares"]) await worker.sql(`DELETE FROM ${table}`);
    const { page } = await person(OPERATORS.viewer);
    assert.match(await page.locator(".sentence").innerText(), /Older ones are kept: restore them in the timeline/);
    assert.equal(await page.getByText("Ask the person to back up").count(), 0);
  });

  test("an action that is under way cannot be cancelled: its dialog stays, and the page shows what was done", async () => {
    const { page } = await person(OPERATORS.admin);
    let answer;
    const held = new Promise((resolve) => {
      answer = resolve;
    });
    await page.route("**/eject", async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole("button", { name: "Open an eject window" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Open", exact: true }).click();
    assert.equal(await dialog.getByRole("button", { name: "Cancel" }).isDisabled(), true);
    await page.keyboard.press("Escape");
    assert.equal(await dialog.isVisible(), true);
    answer();
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.getByRole("cell", { name: "open eject" }).waitFor();
  });

  test("that shares do not open comes first, with the reason; the whole view names the key, and who is half-finished", async () => {
    await act.custodian(ada, "GDRIVE-SECP256K1", "c9");
    const half = await person(OPERATORS.viewer);
    await goTo(half.page, "#/whole");
    await half.page.getByRole("link", { name: ada.id }).first().waitFor();
    await worker.sql("UPDATE custodian_backup_shares SET key_id = 'k9'");
    const { page } = await person(OPERATORS.viewer);
    assert.match(
      await page.locator(".sentence").innerText(),
      /^Cannot recover now\. What is stored for .*GDRIVE.* does not open here: its key is not configured\./,
    );
    assert.match(await page.locator(".cards").innerText(), /under the key k9: its key is not configured/);
    await goTo(page, "#/whole");
    await page.getByText("Shares need keys that are not configured: k9").waitFor();
  });

  test("the whole view draws its charts, and says so where what draws them does not load", async () => {
    const { page } = await person(OPERATORS.viewer);
    await goTo(page, "#/whole");
    await page.locator("figure.chart canvas").first().waitFor();
    const without = await person(OPERATORS.viewer);
    await without.page.route("**/console/draw.js", (route) => route.abort());
    await goTo(without.page, "#/whole");
    await without.page.getByText("The chart could not be loaded").first().waitFor();
    assert.ok((await without.page.locator("figure.chart table").count()) > 0, "the figures are there all the same");
  });

  /** The whole view, with these in the place of what the Worker says. */
  const whole = async (status, metrics = {}) => {
    const { page } = await open(OPERATORS.viewer);
    await answering(page, "**/admin/status", (answer) => ({ ...answer, ...status }));
    await answering(page, "**/admin/metrics*", (answer) => ({ ...answer, ...metrics }));
    await goTo(page, "#/whole");
    return page.locator("main").innerText();
  };

  test("the whole view says so where the second copy lacked shares, or had some that do not open", async () => {
    const copy = { pending: 0, oldestPendingAt: null, lagSeconds: 0, lastCopiedAt: null, epoch: 1, objects: 9 };
    const withSampled = (sampled, pending = 0) => whole({ copy: { ...copy, pending, sampled } });
    assert.match(await withSampled({ checked: 1200, missing: 0, unopened: 0 }), /Second copy\n+has every change\n/);
    const lacking = await withSampled({ checked: 1200, missing: 3, unopened: 0 });
    assert.doesNotMatch(lacking, /has every change/);
    assert.match(lacking, /Of 1,200 shares that the schedule looked up there, 3 were missing and 0 did not open\./);
    assert.match(
      await withSampled({ checked: 1200, missing: 0, unopened: 2 }, 5),
      /5 changes wait.*and 2 did not open\./,
    );
  });

  test("the whole view says that the schedule stands where its last run is more than an hour ago", async () => {
    const at = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
    const seen = (minutes) => whole({ scrub: { at: at(minutes), checked: 5, failed: 0 } }, { countedAt: at(minutes) });
    const STANDS = /the schedule does not run/g;
    assert.equal((await seen(30)).match(STANDS), null);
    assert.equal((await seen(240)).match(STANDS)?.length, 2, "at the scrub and at the figures");
  });

  test("no share is ever on the page", async () => {
    const { page } = await person(OPERATORS.admin);
    const text = await page.content();
    for (const share of ["c1 SECP256K1", "c2 ED25519", ">u1<", ">u2<", "alone"])
      assert.ok(!text.includes(share), share);
  });

  test("a version says what its restore would change, and the restore changes just that", async () => {
    const { page } = await person(OPERATORS.support);
    const superseded = page.getByRole("button", { name: /^Cipher text GDRIVE.*superseded/ });
    await superseded.first().click();
    const changes = page.locator(".changes");
    await changes.waitFor();
    const text = await changes.innerText();
    assert.match(text, /Portal would be given the custodian share GDRIVE-SECP256K1/);
    assert.match(text, /The app would be given the cipher text GDRIVE/);
    assert.match(text, /The app would no longer be given the cipher text GDRIVE/);
    await page.getByLabel("Reason").fill("the phone was restored from a backup");
    await page.getByRole("button", { name: "Restore this version" }).click();
    await page.getByText("GDRIVE is half-finished").waitFor();
    assert.equal(await act.recovered(ada, { backupMethod: "GDRIVE" }), "u1");
    const [event] = await worker.sql("SELECT * FROM audit_events WHERE action = 'restore_version'");
    assert.deepEqual([event.operator, event.reason], ["sam", "the phone was restored from a backup"]);
  });

  test("a custodian share and a cipher text of one id are two versions: each is chosen, joined and given by itself", async () => {
    await act.register(bob);
    // As a source has them whose tables each count from 1.
    const share = { type: "custodianBackupShare", backupMethod: "GDRIVE-SECP256K1" };
    await imports({ ...share, id: "1", share: "c1", storedAt: "2026-01-01T00:00:00.000Z" });
    await imports({ ...share, id: "2", share: "c2", storedAt: "2026-02-01T00:00:00.000Z" }, "?replaceOlder=true");
    const cipherText = { type: "userBackupShare", backupMethod: "GDRIVE", cipherText: "u1" };
    await imports({ ...cipherText, id: "1", storedAt: "2026-02-02T00:00:00.000Z" });
    assert.deepEqual(await act.fetched(bob), ["c2"]);

    const { page } = await open(OPERATORS.viewer);
    await goTo(page, `#/users/${bob.id}`);
    const superseded = page.getByRole("button", { name: /^Custodian share GDRIVE-SECP256K1, stored .*, superseded/ });
    assert.doesNotMatch(await superseded.getAttribute("aria-label"), /given to Portal/);
    await superseded.click();
    const panel = page.getByRole("complementary", { name: "The chosen version" });
    assert.match(await panel.innerText(), /^Custodian share GDRIVE-SECP256K1/);
    assert.equal(await page.locator(".timeline button[aria-pressed=true]").count(), 1);
    await page.getByRole("button", { name: /^Cipher text GDRIVE/ }).click();
    assert.match(await panel.innerText(), /^Cipher text GDRIVE/);
    assert.equal(await page.locator(".timeline path").count(), 1, "the cipher text is the second share's");
    const { from, to } = await page.locator(".timeline path").evaluate((line) => ({
      from: line.getPointAtLength(0).y,
      to: line.getPointAtLength(line.getTotalLength()).y,
    }));
    assert.notEqual(from, to, "it leads to the lane of the custodian shares");

    // The other way round: the share of the cipher text's backup has the cipher text's id.
    await worker.sql("UPDATE custodian_backup_shares SET id = '1' WHERE user_id = ?", bob.id);
    await worker.sql("UPDATE backup_share_versions SET id = '9' WHERE user_id = ?", bob.id);
    await goTo(page, "#/");
    await goTo(page, `#/users/${bob.id}`);
    await page.getByRole("button", { name: /^Custodian share .*, current, given to Portal now/ }).waitFor();
    await page.getByRole("button", { name: /^Cipher text .*, current, given to the app now/ }).waitFor();
    const line = await page.locator(".timeline path").evaluate((line) => ({
      from: line.getPointAtLength(0).y,
      to: line.getPointAtLength(line.getTotalLength()).y,
    }));
    assert.notEqual(line.from, line.to, "it leads to the lane of the custodian shares");
  });

  for (const timezoneId of ["America/Los_Angeles", "Pacific/Auckland"]) {
    test(`a day of the figures is that day everywhere, and one of the timeline is that of its marks: ${timezoneId}`, async () => {
      await worker.scheduled();
      const { page } = await open(OPERATORS.viewer, { timezoneId });
      await answering(page, "**/admin/metrics*", (metrics) => ({
        ...metrics,
        databases: metrics.databases.map((one) => ({ ...one, fullOn: "2027-03-01" })),
        alarms: [{ day: "2026-03-01", message: "An alarm.", count: 1 }],
      }));
      await goTo(page, "#/whole");
      await page.getByText("it is full on March 1, 2027.").first().waitFor();
      await page.getByText("(1 on March 1, 2026)").waitFor();

      await act.register(bob);
      // Of 31 January in Los Angeles, of 1 February in Auckland.
      const storedAt = timezoneId.startsWith("America") ? "2026-02-01T03:00:00.000Z" : "2026-01-31T18:00:00.000Z";
      await imports({ type: "userBackupShare", id: "1", backupMethod: "GDRIVE", cipherText: "u1", storedAt });
      await goTo(page, `#/users/${bob.id}`);
      const [spoken, below] = timezoneId.startsWith("America") ? ["Jan 31", "2026-01-31"] : ["Feb 1", "2026-02-01"];
      await page.getByRole("button", { name: `Cipher text GDRIVE, stored ${spoken}, 2026` }).waitFor();
      assert.equal(await page.locator(".dates").innerText(), below);
    });
  }

  test("the timeline is used with the keyboard alone", async () => {
    const { page } = await person(OPERATORS.viewer);
    const marks = page.getByRole("toolbar", { name: /GDRIVE/ }).getByRole("button");
    await marks.last().focus();
    await page.keyboard.press("Home");
    const first = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    assert.equal(first, await marks.first().getAttribute("aria-label"));
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "The chosen version" }).waitFor();
  });

  test("an eject window is opened, counts down, and is closed", async () => {
    const { page } = await person(OPERATORS.support);
    await page.getByRole("button", { name: "Open an eject window" }).click();
    await page.getByLabel("Minutes").fill("7");
    await page.getByLabel("Reason").fill("asked for");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByText("The window is open until").waitFor();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    const timer = page.getByRole("timer");
    await timer.waitFor();
    assert.match(await timer.innerText(), /^[67]:\d\d$/);
    await page.getByRole("button", { name: "Close the eject window" }).click();
    await page.getByRole("button", { name: "Close the window" }).click();
    await page.getByText("The window is closed.").waitFor();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await timer.waitFor({ state: "detached" });
  });

  test("another API key is shown once, and works", async () => {
    const view = await person(OPERATORS.support);
    const { page } = view;
    await page.getByRole("button", { name: "Replace the API key" }).click();
    await page.getByRole("button", { name: "Make a random one" }).click();
    await page.getByRole("button", { name: "Replace", exact: true }).click();
    const key = await page.locator(".secret code").innerText();
    assert.ok(key.length >= 40);
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await settled(page);
    await assertNothingKept(view, [key]);
    assert.equal(await act.recovered({ ...ada, clientApiKey: key }, { backupMethod: "GDRIVE" }), "u2");
    assert.equal((await act.fetchCipherText(ada, { backupMethod: "GDRIVE" })).status, 401);
  });

  test("a new session's token is shown once", async () => {
    const { page } = await person(OPERATORS.support);
    await page.getByRole("button", { name: "New session" }).click();
    await page.getByRole("button", { name: "Make a session" }).click();
    assert.equal(await page.locator(".secret code").innerText(), "session-token-of-ada");
  });

  test("a user is deleted and restored", async () => {
    const { page } = await person(OPERATORS.admin);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByLabel("Reason").fill("a mistake");
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText(`${ada.id} is deleted`).waitFor();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByText("Was deleted on").waitFor();
    await page.getByRole("button", { name: "Restore the user" }).click();
    await page.getByRole("button", { name: "Restore", exact: true }).click();
    await page.getByText("is there again").waitFor();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByText("Can recover with GDRIVE.").waitFor();
  });

  test("a purge asks for the client id, letter by letter", async () => {
    const { page } = await person(OPERATORS.admin);
    await page.getByRole("button", { name: "Purge" }).click();
    const erase = page.getByRole("button", { name: "Erase for good" });
    await page.getByLabel("Type the client id").fill("client-ad");
    assert.ok(await erase.isDisabled());
    await page.getByLabel("Type the client id").fill(ada.clientId);
    await erase.click();
    await page.getByText("will be erased for good").waitFor();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByText("A purge waits").waitFor();
    await page.getByRole("button", { name: "Cancel the purge" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the purge" }).click();
    await page.getByText("is no longer going to be erased").waitFor();
  });

  const LOOKS = ["Do the shares open?", "What does Portal list?"];
  const HELPS = ["Open an eject window", "Replace the API key", "New session", "Release the quota"];
  const MOVES = worker.homes.length > 1 ? ["Move to another database"] : [];
  const ALL = [...LOOKS, ...HELPS, "Move to another database", "Delete", "Purge"];
  const ACTIONS = {
    viewer: LOOKS,
    support: [...LOOKS, ...HELPS],
    admin: [...LOOKS, ...HELPS, ...MOVES, "Delete", "Purge"],
  };
  for (const [role, actions] of Object.entries(ACTIONS)) {
    test(`a ${role} is shown what the role allows, and no other button`, async () => {
      const { page } = await person(OPERATORS[role]);
      for (const name of ALL) {
        const button = page.getByRole("button", { name, exact: true });
        assert.equal(await button.count(), actions.includes(name) ? 1 : 0, name);
      }
      await page
        .getByRole("button", { name: /^Cipher text GDRIVE.*superseded/ })
        .first()
        .click();
      await page.locator(".changes").waitFor();
      assert.equal(await page.getByRole("button", { name: "Restore this version" }).count(), role === "viewer" ? 0 : 1);
    });
  }

  const FAILURES = [
    ["without a server", (route) => route.abort(), /cannot be reached/],
    [
      "answered by a sign-in page",
      (route) => route.fulfill({ contentType: "text/html", body: "<h1>Sign in</h1>" }),
      /perhaps a sign-in page/,
    ],
    ["answered by a proxy, without a body", (route) => route.fulfill({ status: 502 }), /The server answered 502/],
  ];
  for (const [name, answer, words] of FAILURES) {
    test(`a call that fails, ${name}, says what failed and offers to try again`, async () => {
      const { page } = await open(OPERATORS.viewer);
      await page.route("**/users/*/timeline*", answer);
      await goTo(page, `#/users/${ada.id}`);
      await page.getByRole("alert").waitFor();
      assert.match(await page.getByRole("alert").innerText(), words);
      await page.unroute("**/users/*/timeline*");
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByText("Can recover with GDRIVE.").waitFor();
    });
  }

  test("a wrong token gets nobody in, and a reload forgets the right one", async () => {
    const { page } = await open(undefined);
    await page.getByLabel("Your operator token").fill("wrong".repeat(10));
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").waitFor();
    await signIn(page, OPERATORS.viewer);
    await page.reload();
    await page.getByLabel("Your operator token").waitFor();
  });

  test("a credential that is refused ends the session, and a late refusal of another one's does not", async () => {
    const { page } = await open(OPERATORS.viewer);
    const held = Promise.withResolvers();
    const refused = { status: 401, contentType: "application/problem+json", body: "{}" };
    await page.route("**/users/*/timeline*", async (route) => {
      await held.promise;
      await route.fulfill(refused);
    });
    const late = page.waitForRequest("**/users/*/timeline*");
    await page.evaluate((id) => (location.hash = `#/users/${id}`), ada.id);
    const answered = (await late).response();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.evaluate(() => (location.hash = "#/"));
    await signIn(page, OPERATORS.support);
    held.resolve();
    await (await answered).finished();
    await settled(page);
    await page.getByText("(support)").waitFor();
    await goTo(page, "#/whole");
    await page.getByText("(support)").waitFor();

    await page.route("**/admin/half-finished*", (route) => route.fulfill(refused));
    await page.evaluate(() => (location.hash = "#/"));
    await page.getByText("You were signed out: the server no longer takes your credential.").waitFor();
  });

  test("ten thousand versions of one user come in pages", async () => {
    await worker.sql(
      `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000)
       INSERT INTO backup_share_versions (id, user_id, client_id, kind, backup_method, key_id, created_at, stored_at,
         superseded_at, reason, sealed_share)
       SELECT 'old-' || n, ?, ?, iif(n % 3, 'custodian', 'user'), iif(n % 3, 'GDRIVE-SECP256K1', 'GDRIVE'), 'k1',
         strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + n * 60, 'unixepoch'),
         strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + n * 60, 'unixepoch'),
         strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + (n + 3) * 60, 'unixepoch'), 'replaced', 'x' FROM n`,
      ada.id,
      ada.clientId,
    );
    const { page } = await person(OPERATORS.viewer);
    const marks = page.getByRole("toolbar", { name: /GDRIVE/ }).getByRole("button");
    assert.ok((await marks.count()) <= 210);
    const newest = await marks.last().getAttribute("aria-label");
    await page.getByRole("button", { name: "Older versions" }).click();
    await page.getByRole("button", { name: "Newer versions" }).click();
    await settled(page);
    assert.equal(await marks.last().getAttribute("aria-label"), newest);
  });
});
