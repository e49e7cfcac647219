// deploy/terraform, by Terraform or OpenTofu themselves where one is installed.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { parseOptions } from "../../scripts/lib/deploy/options.mjs";
import { inRoot } from "../../scripts/lib/paths.mjs";
import { ask, run } from "../../scripts/lib/run.mjs";

const folder = inRoot("deploy", "terraform");
const { TF_CLI_CONFIG_FILE: _, ...env } = { ...process.env, CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" };
let tool;
for (const name of ["terraform", "tofu"]) tool ??= (await ask(name, ["version"], { env })) === null ? undefined : name;
const missing = tool === undefined && "NO TERRAFORM or tofu on this machine: its files were not looked at by it";

/** Whether nobody could download the provider: no registry, or no network. */
const NO_PROVIDER =
  /Failed to query available provider packages|could not connect|no such host|Failed to install provider/i;

describe("deploy/terraform", () => {
  it("is formatted, and so is HCL", { skip: missing }, async () => {
    const { code, output } = await run(tool, ["fmt", "-check", "-diff", folder], { env });
    assert.equal(code, 0, output);
  });

  it("is valid by the provider's own schema", { skip: missing, timeout: 300_000 }, async (t) => {
    const copy = mkdtempSync(join(tmpdir(), "terraform-test-"));
    try {
      cpSync(folder, copy, { recursive: true });
      const init = await run(tool, [`-chdir=${copy}`, "init", "-backend=false", "-input=false", "-no-color"], { env });
      if (init.code !== 0 && NO_PROVIDER.test(init.output))
        return t.skip("SKIPPED: Cloudflare's provider cannot be downloaded here");
      assert.equal(init.code, 0, init.output);
      const { code, output } = await run(tool, [`-chdir=${copy}`, "validate", "-no-color"], { env });
      assert.equal(code, 0, output);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });

  it("calls npm run deploy with options that it has", () => {
    const main = readFileSync(join(folder, "main.tf"), "utf8");
    const [list] = /deploy = concat\([\s\S]*?\n {2}\)/.exec(main);
    const words = [...list.matchAll(/"([^"]+)"|var\.[\w.]+(?![\w.]| ==| \?)/g)].map(([all, text]) => text ?? all);
    const values = {
      "var.environment": "production",
      "var.domain": "backup.example.com",
      "var.jurisdiction": "eu",
      "var.operators.domain": "ops.example.com",
    };
    const args = words.slice(words.indexOf("--") + 1);
    const options = parseOptions(
      args.map((word) => values[word] ?? word.replaceAll(/\$\{[^}]*\}/g, "x")),
      {},
    );
    assert.equal(options.existingDatabase && options.copy && !options.doctor, true);
    assert.equal(options.takeOverDomain, true);
    assert.equal(options.jurisdiction, "eu", "the copy's bucket is looked for where Terraform made it");
    assert.deepEqual([options.domain, options.operatorsDomain], ["backup.example.com", "ops.example.com"]);
    assert.deepEqual(
      options.vars.map(({ name }) => name),
      ["ACCESS_TEAM_DOMAIN", "ACCESS_AUD", "ACCESS_ROLES"],
    );
  });

  it("has no secret in it, and none in its state", () => {
    for (const name of ["main.tf", "variables.tf", "outputs.tf"])
      assert.doesNotMatch(
        readFileSync(join(folder, name), "utf8").replaceAll(/#.*|description.*/g, ""),
        /WEBHOOK_SECRET|SHARE_ENCRYPTION_KEYS|ADMIN_TOKEN|secret_text|sensitive/,
        name,
      );
  });
});
