// What `npm run deploy` puts on the internet, as wrangler reads it: the safe settings are the ones that nobody has to
// remember.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { unstable_readConfig as readConfig } from "wrangler";

import { wranglerConfig } from "../../scripts/lib/paths.mjs";

const read = (env) => readConfig({ config: wranglerConfig, env }, { hideWarnings: true });
const production = read("production");
const local = read();

describe("[env.production]", () => {
  it("is reached through the operator's own route alone", () => {
    assert.equal(production.workers_dev, false);
    assert.equal(production.preview_urls, false);
  });

  it("cannot be deployed without the two secrets that it cannot do without", () => {
    assert.deepEqual(production.secrets.required, ["WEBHOOK_SECRET", "SHARE_ENCRYPTION_KEYS"]);
  });

  it("keeps logs, without query strings", () => {
    assert.equal(production.observability.enabled, true);
    assert.equal(production.observability.redact_query_string, true);
  });

  it("takes webhooks from Portal's three addresses alone", () => {
    assert.deepEqual(production.vars.PORTAL_IP_ALLOWLIST.split(","), [
      "35.203.150.117",
      "104.155.171.139",
      "35.185.20.23",
    ]);
  });

  it("limits failed credentials, apps and webhooks", () => {
    const limits = Object.fromEntries(production.ratelimits.map(({ name, simple }) => [name, simple]));
    assert.deepEqual(Object.keys(limits).sort(), ["APP_LIMITER", "AUTH_FAILURE_LIMITER", "WEBHOOK_LIMITER"]);
    assert.ok(limits.AUTH_FAILURE_LIMITER.limit <= 30);
    assert.ok(limits.APP_LIMITER.limit <= 120);
    assert.ok(limits.WEBHOOK_LIMITER.limit >= 1000, "far above Portal's real use");
    for (const { period } of Object.values(limits)) assert.equal(period, 60);
  });

  it("lets no browser in, registers nobody unasked, and trusts one kind of credential", () => {
    assert.equal(production.vars.CORS_ALLOWED_ORIGINS, "");
    assert.equal(production.vars.UNKNOWN_CLIENTS, "reject");
    assert.equal(production.vars.CLIENT_AUTH, "client-api-key");
    assert.equal(production.vars.JWT_USER_CLAIM, "sub");
    assert.equal(production.vars.PORTAL_API_URL, "https://api.portalhq.io");
  });

  it("has every variable and binding that the local environment has", () => {
    assert.deepEqual(Object.keys(production.vars).sort(), Object.keys(local.vars).sort());
    for (const kind of ["d1_databases", "ratelimits"]) {
      const names = (config) => config[kind].map((binding) => binding.name ?? binding.binding).sort();
      assert.deepEqual(names(production), names(local), kind);
    }
  });

  it("holds no secret in the file", () => {
    const secret = /SECRET|KEYS?$|TOKEN/;
    for (const config of [production, local]) {
      assert.deepEqual(
        Object.keys(config.vars).filter((name) => secret.test(name)),
        [],
      );
    }
  });
});

describe("the local environment", () => {
  it("is not reachable on workers.dev either, and takes webhooks from anywhere", () => {
    assert.equal(local.workers_dev, false);
    assert.equal(local.vars.PORTAL_IP_ALLOWLIST, "");
  });
});
