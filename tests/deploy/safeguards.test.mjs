// npm run deploy: where it stops, before harm is done, and goes on from there.

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";

import { deployAll } from "../../scripts/lib/deploy/deploy.mjs";
import { parseOptions } from "../../scripts/lib/deploy/options.mjs";
import {
  GIVEN,
  OLD,
  ORDER,
  begin,
  commands,
  deploying,
  end,
  file,
  person,
  read,
  rejects,
  said,
  state,
  withDatabase,
} from "../support/deployment.mjs";

describe("npm run deploy", () => {
  beforeEach(begin);
  afterEach(end);

  it("makes no new sealing key for a database that holds shares of another one, or of which that cannot be seen", async () => {
    withDatabase(OLD);
    const databases = [{ uuid: OLD, name: "portal-backup" }];
    for (const [holds, told] of [
      [1, /portal-backup has been used with a key already/],
      ["Authentication error [code: 10000]", /cannot be seen whether the database portal-backup holds shares/],
      // Of a schema that is older than the history.
      ["no such table: backup_share_versions: SQLITE_ERROR", /cannot be seen whether/],
    ]) {
      const account = { databases, sealed: { DB: holds } };
      await rejects(deploying(["--secrets-out", file("made.env")], { account }), told, /sealed what is there/);
      assert.equal(state().secrets, undefined);
      assert.ok(!existsSync(file("made.env")));
    }
    await deploying(["--secrets-out", file("made.env")], { account: { databases, sealed: { DB: 0 } } });
    assert.ok("SHARE_ENCRYPTION_KEYS" in state().secrets);
  });

  it("makes no new sealing key where another home holds shares, though the first one is new", async () => {
    const home = `\n[[env.production.d1_databases]]\nbinding = "DB_1"\ndatabase_name = "portal-backup-1"\ndatabase_id = "${OLD}"\n`;
    writeFileSync(file("wrangler.toml"), read("wrangler.toml") + home);
    const account = { databases: [{ uuid: OLD, name: "portal-backup-1" }], sealed: { DB_1: 1 } };
    await rejects(
      deploying(["--location", "weur", "--secrets-out", file("made.env")], { account }),
      /portal-backup-1 has been used with a key already/,
    );
    assert.equal(state().secrets, undefined);
  });

  it("stops where nobody can be asked, before anything is changed there", async () => {
    await rejects(deploying([]), /Where should the database/, /--location/);
    await rejects(deploying(["--location", "weur"]), /WEBHOOK_SECRET is not set/, /--secrets-out/);
    assert.ok(!commands().includes("secret bulk"));
    assert.ok(!commands().includes("deploy"));
  });

  it("takes no address that would carry the operator's token in the open, before anything is done", async () => {
    for (const [url, message, remedy] of [
      [
        "http://backup.example.com",
        /secrets are not sent to http:\/\/backup\.example\.com: it is not encrypted/,
        /Use https/,
      ],
      ["backup.example.com", /whole address, with https/, /--url https:/],
      ["https://someone:secret@backup.example.com", /must not hold a password/],
      ["backup.example.com:8443", /whole address, with https/],
      ["", /Say where the service is/],
    ])
      await rejects(deploying(["--location", "weur", "--url", url], { env: GIVEN }), message, remedy);
    assert.deepEqual(commands(), []);
    assert.ok(!said.includes("secret@"));
    assert.equal(parseOptions(["--url", "https://backup.example.com/webhook"], {}).url, "https://backup.example.com");
  });

  it("refuses a secret of the wrong form", async () => {
    const env = { ...GIVEN, SHARE_ENCRYPTION_KEYS: "k1:short" };
    await rejects(
      deploying(["--location", "weur"], { env }),
      /SHARE_ENCRYPTION_KEYS is not of the right form/,
      /base64-of-32-bytes/,
    );
    assert.ok(!commands().includes("secret bulk"));
  });

  it("refuses a secret that is still encrypted, though it is long enough", async () => {
    const env = { ...GIVEN, ADMIN_TOKEN: `encrypted:${"A".repeat(200)}` };
    await rejects(deploying(["--location", "weur"], { env }), /ADMIN_TOKEN is still encrypted/, /dotenvx/);
    assert.ok(!commands().includes("secret bulk"));
  });

  it("takes a database of that name only if told that it is the right one", async () => {
    const account = { databases: [{ uuid: OLD, name: "portal-backup" }], secrets: GIVEN };
    await rejects(deploying([], { account }), /has a database named portal-backup already/, /--existing-database/);
    await rejects(deploying([], { account, ui: person("n") }), /has a database named portal-backup already/);
    await deploying(["--existing-database"], { account });
    assert.ok(read("wrangler.toml").includes(`database_id = "${OLD}"`));
    assert.ok(!commands().some((command) => command.startsWith("d1 create")));
  });

  it("stops where the configured database is not in this account", async () => {
    withDatabase(OLD);
    await rejects(deploying([], { account: { secrets: GIVEN } }), /not in this account/, /CLOUDFLARE_ACCOUNT_ID/);
  });

  it("makes no database on a build server, whose checkout is thrown away", async () => {
    await rejects(
      deploying(["--location", "weur"], { env: { ...GIVEN, CI: "true" } }),
      /not the place/,
      /commit wrangler.toml/,
    );
  });

  it("waits for another deployment of the folder: a secret that both find missing is not set twice", async () => {
    let other;
    const begins = async () => {
      other ??= deployAll({
        options: parseOptions(["--no-doctor", "--location", "weur"], {}),
        file: file("wrangler.toml"),
        lock: file("deploy.lock"),
        env: { ...GIVEN, ADMIN_TOKEN: "the-other-one-0123456789-0123456789" },
        cli: file("wrangler.mjs"),
        buildWorker: async () => false,
      });
      return false;
    };
    await deploying(["--location", "weur"], { env: GIVEN, buildWorker: begins });
    await other;
    assert.equal(commands().filter((command) => command === "secret bulk").length, 1);
    assert.deepEqual(state().secrets, GIVEN);
    assert.equal(state().databases.length, 1);
  });

  it("touches nothing where wrangler would deploy a Worker of another name than it looks at", async () => {
    const named = { ...GIVEN, WRANGLER_CI_OVERRIDE_NAME: "portal-backup-of-the-dashboard" };
    for (const args of [["--location", "weur"], ["--dry-run"]])
      await rejects(
        deploying(args, { env: named }),
        /is portal-backup-worker in wrangler\.toml, and portal-backup-of-the-dashboard in WRANGLER_CI_OVERRIDE_NAME/,
        /name = "portal-backup-of-the-dashboard" into \[env\.production\]/,
      );
    assert.deepEqual(commands(), []);
    await deploying(["--location", "weur"], { env: { ...GIVEN, WRANGLER_CI_OVERRIDE_NAME: "portal-backup-worker" } });
    assert.ok(commands().includes("deploy"));
  });

  it("says how to log in, and believes a token that cannot tell whose it is", async () => {
    await rejects(deploying([], { account: { loggedIn: false } }), /Nobody is logged in/, /wrangler login/);
    assert.deepEqual(commands(), ["whoami --json"]);
    await deploying(["--location", "weur"], {
      account: { loggedIn: false },
      env: { ...GIVEN, CLOUDFLARE_API_TOKEN: "t" },
    });
    assert.ok(commands().includes("deploy"));
  });

  it("does not say that nobody is logged in where Cloudflare cannot be reached", async () => {
    const fails = { "whoami --json": "Unable to resolve Cloudflare's API hostname (api.cloudflare.com)." };
    await rejects(
      deploying([], { account: { fails } }),
      /cannot be seen who[\s\S]*Unable to resolve/,
      /can be reached/,
    );
  });

  it("takes no other 404 than Cloudflare's word for a Worker that has no secrets", async () => {
    withDatabase(OLD);
    const fails = { "secret list --format=json": "Received a malformed response from the API: 404 Not Found" };
    const databases = [{ uuid: OLD, name: "portal-backup" }];
    await rejects(deploying([], { account: { databases, fails }, env: GIVEN }), /cannot list the secrets[\s\S]*404/);
    assert.ok(!commands().includes("secret bulk"));
  });

  it("asks which account where the login reaches several", async () => {
    const account = {
      accounts: [
        { id: "a1", name: "One" },
        { id: "a2", name: "Two" },
      ],
    };
    await rejects(deploying([], { account }), /2 accounts/, /CLOUDFLARE_ACCOUNT_ID[\s\S]*a2 {2}Two/);
    writeFileSync(file("wrangler.toml"), `account_id = "a2"\n${read("wrangler.toml")}`);
    await deploying(["--location", "weur"], { account, env: GIVEN });
    assert.match(said, /operator@example\.com, Two\n/, "account_id of wrangler.toml says which");
  });

  it("says what to do where the Worker does not answer", async () => {
    const args = ["--location", "weur", "--url", "http://127.0.0.1:9"];
    await rejects(
      deploying(args, { env: GIVEN, patience: 1 }),
      /127\.0\.0\.1:9 does not answer/,
      /DNS and certificate/,
    );
  });

  for (const failing of new Set(ORDER.slice(1))) {
    it(`shows why \`wrangler ${failing}\` failed, goes no further, and ends the work on the next run`, async () => {
      const account = { fails: { [failing]: "Cloudflare says no" } };
      await rejects(deploying(["--location", "weur"], { account, env: GIVEN }), /Cloudflare says no/);
      assert.equal(commands().at(-1), failing);
      writeFileSync(file("state.json"), JSON.stringify({ ...state(), fails: {} }));
      await deploying(["--location", "weur"], { env: GIVEN });
      assert.equal(state().deployed, 1);
      assert.equal(state().databases.length, 1);
      assert.deepEqual(state().secrets, GIVEN);
    });
  }

  it("deploys nothing that does not build", async () => {
    const buildWorker = async () => {
      throw new Error("error[E0308]: mismatched types");
    };
    await assert.rejects(deploying(["--location", "weur"], { env: GIVEN, buildWorker }), /E0308/);
    assert.deepEqual(commands(), ["whoami --json"]);
  });

  it("refuses arguments that it does not know or that exclude each other", () => {
    assert.throws(() => parseOptions(["--location", "mars"], {}), /mars is unknown/);
    assert.throws(() => parseOptions(["--location", "weur", "--jurisdiction", "eu"], {}), /exclude each other/);
    assert.throws(() => parseOptions(["--domain", "https://x"], {}), /not a host name/);
  });
});
