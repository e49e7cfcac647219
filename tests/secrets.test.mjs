// No script ever prints an address' user part or query, or a secret, whatever goes wrong.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

import { inRoot } from "../scripts/lib/paths.mjs";
import { redacted } from "../scripts/lib/log.mjs";
import { runScript } from "./support/cli.mjs";

const dir = mkdtempSync(join(tmpdir(), "pbw-secrets-"));
after(() => rmSync(dir, { recursive: true, force: true }));

const MARK = "MARKED";
const secret = (name) => `${MARK}-${name}-0123456789abcdef0123456789abcdef`;
const SECRETS = Object.fromEntries(
  [
    "ADMIN_TOKEN",
    "WEBHOOK_SECRET",
    "WEBHOOK_SECRET_PREVIOUS",
    "PORTAL_API_KEY",
    "OPERATOR_TOKENS",
    "AGE_PASSPHRASE",
    "CLOUDFLARE_API_TOKEN",
    "DOCTOR_CLIENT_TOKEN",
    "SHARE_ENCRYPTION_KEYS",
  ].map((name) => [name, secret(name)]),
);
const scripts = readdirSync(inRoot("scripts"))
  .filter((name) => name.endsWith(".mjs"))
  .map((name) => name.replace(/\.mjs$/, ""));

async function assertSilent(name, args, env = {}) {
  const { stdout, stderr } = await runScript(name, args, { env: { ...SECRETS, ...env }, cwd: dir });
  assert.ok(stdout + stderr !== "", `${name} ${args.length} says something`);
  assert.doesNotMatch(stdout + stderr, new RegExp(MARK), `${name}: ${stdout}${stderr}`);
}

// Each ends before it does anything: what was asked for is shown, or not understood.
for (const name of scripts) {
  test(`npm run ${name}: --help, an unknown option, an address in the wrong place`, async () => {
    await assertSilent(name, ["--help"]);
    if (["dev", "setup"].includes(name)) return; // they take no arguments, and would begin
    await assertSilent(name, [`--no-such-option=${MARK}`]);
    // Some take an argument there, and read it as a file's name or an address.
    await assertSilent(name, [`postgres://${MARK}:${MARK}@db.invalid/app?password=${MARK}`, "--no-such-option"]);
  });
}

describe("addresses of every form, given to npm run import", () => {
  const user = `${MARK}-user:${MARK}-password`;
  for (const address of [
    `postgres://${user}@127.0.0.1:1/app?options=${MARK}`,
    `postgresql+psycopg2://${user}@127.0.0.1:1/app`,
    `prisma+postgres://accelerate.invalid/?api_key=${MARK}`,
    `"postgres://${user}@127.0.0.1:1/app"`,
    `'mysql://${user}@127.0.0.1:1/app?ssl-ca=${MARK}'`,
    `mariadb+pymysql://${user}@127.0.0.1:1/app`,
    `mysql://${user}@127.0.0.1:1`,
    `sqlserver://127.0.0.1:1;user=${MARK};password=${MARK}`,
    `mongodb+srv://${user}@cluster.invalid/app`,
    `jdbc:postgresql://127.0.0.1:1/app?user=${MARK}&password=${MARK}`,
    `postgres:${user}@127.0.0.1/app`,
    `host=127.0.0.1 port=1 user=${MARK} password=${MARK}`,
    `${user}@127.0.0.1/app`,
    `postgres://${MARK}:pass word/${MARK}@127.0.0.1:1/app`,
    `postgres://${MARK}:${MARK}%@127.0.0.1:1/app`,
  ]) {
    test(address.replaceAll(MARK, "…"), async () => {
      const { port, close } = await service();
      try {
        const to = ["--url", `http://127.0.0.1:${port}`];
        await assertSilent("import", to, { SOURCE_URL: address });
        await assertSilent("import", [address, ...to]);
      } finally {
        close();
      }
    });
  }
});

for (const url of [
  `https://${MARK}:${MARK}@backup.invalid`,
  `http://${MARK}@127.0.0.1:1/?token=${MARK}`,
  `https://${MARK}:${MARK} x@h`,
  `ftp://${MARK}@h`,
]) {
  test(`the service's address: ${url.replaceAll(MARK, "…")}`, async () => {
    writeFileSync(join(dir, "x.ndjson"), "{}");
    await assertSilent("import", [join(dir, "x.ndjson"), "--url", url]);
    await assertSilent("export", [join(dir, "x.age"), "--url", url]);
    await assertSilent("doctor", [url]);
  });
}

test("secrets that are wrong are named, not shown", async () => {
  await assertSilent("export", [join(dir, "x.age"), "--url", "http://127.0.0.1:1"]);
  await assertSilent("doctor", ["http://127.0.0.1:1"]);
});

test("what is said goes through one place, which knows addresses in the middle of a text", () => {
  assert.equal(
    redacted("connecting to postgres://a:b@c@h:1/d?e=f failed"),
    "connecting to postgres://…@h:1/d?… failed",
  );
  assert.equal(redacted("GET https://h/path?page=2&api_key=abc now"), "GET https://h/path?page=2&api_key=… now");
  assert.equal(
    redacted("npm run dev serves http://127.0.0.1:8787/docs"),
    "npm run dev serves http://127.0.0.1:8787/docs",
  );
});

/** Answers like the service to an empty import. */
async function service() {
  const { createServer } = await import("node:http");
  const server = createServer((_, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end('{"results":[]}'),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, close: () => server.close() };
}
