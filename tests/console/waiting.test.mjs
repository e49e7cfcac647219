// The operators' page in Chromium: what waits for a second operator, as each of them sees it.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { backups } from "../support/backup.mjs";
import { launch, noBrowser } from "../support/browser.mjs";
import { user } from "../support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS, assertGoodView, goTo, openConsole, settled, signIn } from "../support/console.mjs";
import { startWorker } from "../support/harness.mjs";

const worker = await startWorker({
  assets: true,
  secrets: { OPERATOR_TOKENS },
  vars: { FOUR_EYES: "eject,purge" },
});
const act = backups(worker);
const ada = user("ada");
after(() => worker.stop());

describe("in a browser", { skip: noBrowser }, () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    await worker.clear();
    await act.register(ada);
    await act.custodian(ada, "GDRIVE-SECP256K1", "c1");
  });

  /** A view of the page, as an operator has it; it is closed after `work`. */
  async function as(operator, hash, work) {
    const view = await openConsole(browser, worker);
    try {
      await signIn(view.page, operator);
      await goTo(view.page, hash);
      await work(view.page, view);
    } finally {
      await view.context.close();
    }
  }
  /** The buttons of the one request that waits. */
  const buttons = (page) => page.locator("main .card").getByRole("button").allInnerTexts();
  const badge = (page) => page.locator(".badge");

  test("a request says that it waits, is counted beside the view's name, and is approved by another operator alone", async () => {
    await as(OPERATORS.support, `#/users/${ada.id}`, async (page, view) => {
      await page.getByRole("button", { name: "Open an eject window" }).click();
      await page.getByText("It waits until another operator approves it, for 24 hours.").waitFor();
      await page.getByLabel("Reason").fill("asked for in person");
      await page.getByRole("button", { name: "Open", exact: true }).click();
      await page.getByText("It waits for the approval of another operator").waitFor();
      await page.getByRole("link", { name: "What waits" }).click();
      await settled(page);
      assert.deepEqual(await buttons(page), ["Withdraw"]);
      await page.getByText("Nobody approves their own request.").waitFor();
      await badge(page).waitFor();
      assert.match(await badge(page).innerText(), /^1/);
      await assertGoodView(view, worker, "what waits");
    });
    await as(OPERATORS.viewer, "#/approvals", async (page) => {
      assert.deepEqual(await buttons(page), []);
      await page.getByText("It takes the role support to decide this.").waitFor();
      assert.match(await page.locator("main").innerText(), /asked for in person/);
    });
    await as(OPERATORS.second, "#/approvals", async (page) => {
      assert.deepEqual(await buttons(page), ["Approve", "Refuse"]);
      await page.getByRole("button", { name: "Approve" }).click();
      await page.getByText("Nothing waits.").waitFor();
      await goTo(page, `#/users/${ada.id}`);
      await page.getByRole("timer").waitFor();
    });
    const events = await worker.sql(
      "SELECT outcome, operator, approved_by FROM audit_events WHERE action = 'open_eject' ORDER BY at",
    );
    assert.deepEqual(events, [
      { outcome: "waiting", operator: "sam", approved_by: null },
      { outcome: "opened", operator: "sam", approved_by: "sue" },
    ]);
  });

  test("an admin's request is not offered to lower roles, and a refused one is not carried out", async () => {
    await act.admin("DELETE", `${act.path(ada)}?purge=${ada.clientId}`);
    await as(OPERATORS.support, "#/approvals", async (page) => {
      assert.deepEqual(await buttons(page), []);
      await page.getByText("It takes the role admin to decide this.").waitFor();
    });
    await as(OPERATORS.chief, "#/approvals", async (page) => {
      await page.getByRole("button", { name: "Refuse" }).click();
      await page.getByText("Nothing waits.").waitFor();
    });
    assert.equal((await act.admin("GET", act.path(ada))).status, 200);
  });

  test("more requests than a page holds are all there", async () => {
    const many = Array.from({ length: 130 }, (_, n) => user(`many-${n}`));
    await act.register(...many);
    for (const who of many) await act.admin("POST", `${act.path(who)}/eject`, { minutes: 5 });
    await as(OPERATORS.viewer, "#/approvals", async (page) => {
      const cards = page.locator("main .card");
      assert.equal(await cards.count(), 100);
      await page.getByRole("button", { name: "More" }).click();
      await cards.nth(129).waitFor();
    });
  });
});
