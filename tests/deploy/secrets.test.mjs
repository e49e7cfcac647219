// npm run deploy: secrets that nobody can read back from Cloudflare, when their upload fails and after it.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, it } from "node:test";

import { parseOptions } from "../../scripts/lib/deploy/options.mjs";
import {
  GIVEN,
  begin,
  calls,
  deploying,
  end,
  file,
  forget,
  person,
  read,
  rejects,
  said,
  state,
} from "../support/deployment.mjs";

const FAILING = { fails: { "secret bulk": "fetch failed" } };
const uploaded = () =>
  calls()
    .filter(({ command }) => command === "secret bulk")
    .map(({ input }) => JSON.parse(input));

describe("a failed upload of the secrets", () => {
  beforeEach(begin);
  afterEach(end);
  const made = () => ["--location", "weur", "--secrets-out", file("made.env")];
  const mended = () => writeFileSync(file("state.json"), JSON.stringify({ ...state(), fails: {} }));

  it("is uncertain, and what was made must be kept", async () => {
    await rejects(
      deploying(made(), { account: FAILING, env: { ADMIN_TOKEN: GIVEN.ADMIN_TOKEN } }),
      /secret bulk` failed/,
      /not certain[\s\S]*WEBHOOK_SECRET, SHARE_ENCRYPTION_KEYS may be in use[\s\S]*Keep .*made\.env/,
    );
    mended();
    await rejects(
      deploying(["--location", "weur"], { account: { ...state(), ...FAILING }, ui: person("", "", "", "yes") }),
      /secret bulk/,
      /Keep what was shown/,
    );
  });

  it("is made up for with the same secrets: the next run takes them from the file, and makes no others", async () => {
    await rejects(deploying(made(), { account: FAILING }), /secret bulk/);
    const kept = read("made.env");
    mended();
    forget();
    await deploying(made());
    assert.match(said, /taken from .*made\.env: WEBHOOK_SECRET, SHARE_ENCRYPTION_KEYS, ADMIN_TOKEN/);
    assert.equal(read("made.env"), kept);
    const [first, second] = uploaded();
    assert.deepEqual(second, first);
    for (const value of Object.values(first)) assert.ok(!said.includes(value));
  });

  it("keeps what it makes later beside what it made before", async () => {
    await rejects(deploying(made(), { account: FAILING, env: { ADMIN_TOKEN: GIVEN.ADMIN_TOKEN } }), /secret bulk/);
    const kept = read("made.env");
    mended();
    await deploying(made());
    assert.ok(read("made.env").startsWith(kept));
    for (const [name, value] of Object.entries(state().secrets))
      assert.ok(read("made.env").includes(`${name}=${value}`));
  });
});

describe("the file of --secrets-out", () => {
  beforeEach(begin);
  afterEach(end);

  it("gives no other Worker its secrets, and is not written over", async () => {
    const args = ["--location", "weur", "--secrets-out", file("made.env")];
    await deploying(args);
    const kept = read("made.env");
    await rejects(
      deploying(["--env", "staging", ...args], { account: { ...state(), secrets: undefined } }),
      /does not hold the secrets of the Worker portal-backup-worker-staging/,
      /does not exist yet/,
    );
    assert.equal(read("made.env"), kept);
    writeFileSync(file("other.env"), "SHARE_ENCRYPTION_KEYS=k1:x\n");
    const other = [...args.slice(0, -1), file("other.env"), "--existing-database"];
    await rejects(deploying(other, { account: { ...state(), secrets: undefined } }), /does not hold the secrets/);
  });

  it("is in the folder in which somebody typed its name, as other commands' files are", () => {
    const typedIn = process.env.INIT_CWD;
    process.env.INIT_CWD = file(".");
    try {
      assert.equal(parseOptions(["--secrets-out", "made.env"], {}).secretsOut, file("made.env"));
    } finally {
      if (typedIn === undefined) delete process.env.INIT_CWD;
      else process.env.INIT_CWD = typedIn;
    }
  });

  it("is for --vars as it is: no secret has to stand in a shell's history", async () => {
    await deploying(["--location", "weur", "--secrets-out", file("made.env")]);
    const { secrets } = state();
    await deploying(["--vars", file("made.env")], { account: { ...state(), secrets: undefined } });
    assert.deepEqual(state().secrets, secrets);
    const leftOver = { WEBHOOK_SECRET: "the-shell-still-has-this-of-staging-0123456789" };
    await deploying(["--vars", file("made.env")], { account: { ...state(), secrets: undefined }, env: leftOver });
    assert.deepEqual(state().secrets, secrets, "what the command line names wins over what the shell has");
    await rejects(deploying(["--vars", file("nowhere.env")]), /There is no file .*nowhere\.env/);
  });
});
