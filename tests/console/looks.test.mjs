// The operators' page in Chromium: do the shares open, what does Portal list, and moving a person to another database.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { launch, noBrowser } from "../support/browser.mjs";
import { user } from "../support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS, assertGoodView, goTo, openConsole, settled, signIn } from "../support/console.mjs";
import { PORTAL_API_KEY, startFakePortal } from "../support/fake-portal.mjs";
import { startWorker } from "../support/harness.mjs";

const portal = await startFakePortal();
const worker = await startWorker({
  assets: true,
  homes: 3,
  secrets: { OPERATOR_TOKENS, PORTAL_API_KEY },
  outbound: portal.outbound,
});
const act = backups(worker);
const ada = user("ada");

after(async () => {
  await worker.stop();
  await portal.stop();
});

describe("in a browser", { skip: noBrowser }, () => {
  let browser;
  let view;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    portal.reset();
    await worker.clear();
    await act.register(ada);
    await act.custodian(ada, "GDRIVE-SECP256K1", "c1", { pair: "pair-1" });
    await act.custodian(ada, "GDRIVE-ED25519", "c2", { pair: "pair-2" });
    await act.cipherText(ada, "GDRIVE", "u1", { pair: "pair-1" });
    await act.custodian(ada, "PASSKEY-SECP256K1", "c3", { pair: "pair-3" });
  });
  afterEach(() => view?.context.close());

  /** Ada's page, or that of another id, as an operator sees it. */
  async function person(operator, { id = ada.id, ...options } = {}) {
    view = await openConsole(browser, worker, options);
    await signIn(view.page, operator);
    await goTo(view.page, `#/users/${encodeURIComponent(id)}`);
    return view.page;
  }
  /** Presses a button of the page, then the one in the dialog that it opens; resolves with what came of it. */
  async function carriedOut(page, name, verb) {
    await page.getByRole("button", { name, exact: true }).click();
    const dialog = page.getByRole("dialog", { name });
    await dialog.getByRole("button", { name: verb, exact: true }).click();
    const outcome = dialog.getByRole("status");
    await outcome.waitFor();
    await assertGoodView(view, worker, name);
    if (process.env.SCREENSHOTS) {
      mkdirSync(process.env.SCREENSHOTS, { recursive: true });
      const path = join(process.env.SCREENSHOTS, `${name.replace(/\W+/g, "-")}-${page.viewportSize().width}.png`);
      await page.screenshot({ path });
    }
    return outcome.innerText();
  }
  const opened = (page) => carriedOut(page, "Do the shares open?", "Open them");
  const listed = (page) => carriedOut(page, "What does Portal list?", "Ask Portal");

  for (const { role, may } of [
    { role: "viewer", may: false },
    { role: "support", may: false },
    { role: "admin", may: true },
  ]) {
    test(`a ${role} may look, and ${may ? "move" : "not move"} a person`, async () => {
      const page = await person(OPERATORS[role]);
      const count = (name) => page.getByRole("button", { name, exact: true }).count();
      assert.deepEqual(
        [
          await count("Do the shares open?"),
          await count("What does Portal list?"),
          await count("Move to another database"),
        ],
        [1, 1, may ? 1 : 0],
      );
    });
  }

  test("a viewer has the shares opened: it is said that all do, or which do not and why, and it is an event", async () => {
    const page = await person(OPERATORS.viewer);
    assert.equal(await opened(page), "All 4 shares open.");
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await worker.sql("UPDATE custodian_backup_shares SET sealed_share = 'AAAA' WHERE method = 'GDRIVE-ED25519'");
    await settled(page);
    const text = await opened(page);
    assert.match(text, /1 of 4 shares does not open\./);
    assert.match(text, /GDRIVE-ED25519, the custodian share \(ED25519\) of .*, under the key k1: damaged or moved/);
    const events = await worker.sql("SELECT operator FROM audit_events WHERE action = 'check_backups'");
    assert.deepEqual(events, [{ operator: "vera" }, { operator: "vera" }]);
  });

  test("what did not open stays in the first sentence and on the card, until the share is replaced", async () => {
    await worker.sql("UPDATE custodian_backup_shares SET sealed_share = 'AAAA' WHERE method = 'GDRIVE-ED25519'");
    const page = await person(OPERATORS.support);
    const sentence = page.locator(".sentence");
    const card = page.locator(".cards").getByRole("listitem").filter({ hasText: "GDRIVE" });
    assert.match(await sentence.innerText(), /^Can recover with GDRIVE\./, "nobody has tried");
    assert.match(await opened(page), /1 of 4 shares does not open\./);
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await settled(page);
    const SHUT = /^Cannot recover now\. What is stored for GDRIVE does not open here: damaged or moved\./;
    assert.match(await sentence.innerText(), SHUT);
    assert.match(await card.innerText(), /ED25519, under the key k1: damaged or moved/);

    // Another action loads everything anew.
    await page.getByRole("button", { name: "Release the quota" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Release", exact: true }).click();
    await page.getByRole("dialog").getByRole("status").waitFor();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await settled(page);
    assert.match(await sentence.innerText(), SHUT);

    for (const curve of ["SECP256K1", "ED25519"])
      await act.custodian(ada, `GDRIVE-${curve}`, `c4 ${curve}`, { pair: "pair-4" });
    await act.cipherText(ada, "GDRIVE", "u2", { pair: "pair-4" });
    await page.getByRole("button", { name: "What does Portal list?" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Ask Portal" }).click();
    await page.getByRole("dialog").getByRole("status").waitFor();
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await page.getByText("Can recover with GDRIVE.").waitFor();
    assert.doesNotMatch(await sentence.innerText(), /does not open/);
  });

  test("Portal's list stands beside what is here; a completed pair that is not here comes first", async () => {
    portal.knows(ada.clientId, { id: "pair-1" }, { id: "pair-2", curve: "ED25519" });
    const page = await person(OPERATORS.viewer, { width: 360 });
    const whole = await listed(page);
    assert.match(whole, /^Every backup that Portal counts as completed is here\./);
    assert.match(whole, /GDRIVE and ED25519 completed, pair pair-2 of .*: is here/);
    assert.match(whole, /Portal does not list these, which are here: PASSKEY-SECP256K1\./);
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await settled(page);
    portal.reset();
    portal.knows(ada.clientId, { id: "lost" }, { id: "begun", status: "incomplete" });
    const lost = await listed(page);
    assert.match(lost, /^Portal counts a backup as completed whose custodian share is not here\./);
    assert.match(lost, /completed, pair lost of .*: is not here\n/);
    assert.match(lost, /incomplete, pair begun of .*: is not here, and need not be/);
  });

  test("that Portal has no such client, or does not answer, is said in a sentence", async () => {
    const page = await person(OPERATORS.viewer);
    assert.match(await listed(page), /^Portal has no such client\./);
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await settled(page);
    portal.fault = (_, respond) => respond(500, { error: "broken" });
    assert.match(await listed(page), /^Portal did not tell\. \S/);
  });

  test("of an id that only Portal knows the page says so", async () => {
    portal.knows("client-of-portal", { id: "p" });
    const page = await person(OPERATORS.viewer, { id: "client-of-portal" });
    assert.match(await page.getByRole("alert").innerText(), /Portal has a client of this id/);
  });

  test("an admin moves a person to another database, and everything is there", async () => {
    const homeOf = async () => {
      const found = await Promise.all(
        worker.homes.map((db) => db.prepare("SELECT 1 FROM users WHERE id = ?").bind(ada.id).first()),
      );
      return found.flatMap((row, home) => (row ? [home] : []));
    };
    const [before] = await homeOf();
    const to = (before + 1) % 3;
    const page = await person(OPERATORS.admin);
    const sentence = await page.locator(".sentence").innerText();
    await page.getByRole("button", { name: "Move to another database" }).click();
    const dialog = page.getByRole("dialog");
    const move = dialog.getByRole("button", { name: "Move", exact: true });
    assert.ok(await move.isDisabled(), "none is chosen yet");
    await dialog.getByLabel("The database").selectOption(String(to));
    await assertGoodView(view, worker, "moving");
    await move.click();
    await dialog.getByRole("status").waitFor();
    assert.match(
      await dialog.getByRole("status").innerText(),
      new RegExp(`^user-ada is in database ${to} now\\. It was in database ${before}; \\d+ rows were moved\\.$`),
    );
    await dialog.getByRole("button", { name: "Close", exact: true }).click();
    await settled(page);
    assert.deepEqual(await homeOf(), [to]);
    assert.equal(await page.locator(".sentence").innerText(), sentence);
    assert.equal(await act.recovered(ada, { backupMethod: "GDRIVE" }), "u1");
  });
});
