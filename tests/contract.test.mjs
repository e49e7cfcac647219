// The contract: schemathesis sends what openapi.yaml allows and what it forbids, and checks every answer against it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { run } from "../scripts/lib/run.mjs";
import { schemathesisBin } from "../scripts/lib/test-tools.mjs";
import { callers, user } from "./support/client.mjs";
import { PORTAL_API_KEY, startFakePortal } from "./support/fake-portal.mjs";
import { SECRETS, startWorker } from "./support/harness.mjs";

const skip =
  !existsSync(schemathesisBin) &&
  "SKIPPED: schemathesis is not installed. npm test installs it where Python 3.10 or newer is.";

test("schemathesis finds nothing, and no input makes a 5xx", { skip, timeout: 600_000 }, async (t) => {
  const portal = await startFakePortal();
  t.after(() => portal.stop());
  const worker = await startWorker({ assets: true, secrets: { PORTAL_API_KEY }, outbound: portal.outbound });
  t.after(() => worker.stop());
  const ada = user("ada");
  await callers(worker).register(ada);
  const { code, output } = await run(
    schemathesisBin,
    [
      "--config-file",
      inRoot("tests", "contract", "schemathesis.toml"),
      "run",
      inRoot("openapi.yaml"),
      "--url",
      worker.url.href.replace(/\/$/, ""),
      "--no-color",
    ],
    {
      env: {
        ...process.env,
        CONTRACT_HOOKS: inRoot("tests", "contract", "hooks.py"),
        CONTRACT_USER_ID: ada.id,
        CONTRACT_CLIENT_ID: ada.clientId,
        CONTRACT_WEBHOOK_SECRET: SECRETS.WEBHOOK_SECRET,
        CONTRACT_CLIENT_API_KEY: ada.clientApiKey,
        CONTRACT_ADMIN_TOKEN: SECRETS.ADMIN_TOKEN,
      },
    },
  );
  assert.equal(code, 0, output);
});
