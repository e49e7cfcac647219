#!/usr/bin/env bash
# dotenvx: where the key of an encrypted .env is missing or another one, the program starts with the cipher text for each secret. The exit code is 0.
#
# @dotenvx/dotenvx 2.38.2 and dotenv 18.0.10 with Node 24.21.0.
# Behaviour, of an .env that `dotenvx encrypt` has made, without DOTENV_PRIVATE_KEY, or with the key of another file:
# - `dotenvx run -- program` writes a line to its standard error, runs the program, and gives its exit code. Each variable that was encrypted is
#   the text "encrypted:…" as it stands in the file. So it is after `config()` in JavaScript, and with dotenv, which knows no such thing
#   and says nothing.
# - `dotenvx get NAME` prints the same text, and ends with 1. In `$(dotenvx get NAME)` as an argument, or in a pipe, the 1 is not seen.
# - `dotenvx run --strict` ends with 1, and runs nothing.
#
# Who is hurt: the encrypted file is made to be committed. A deployment from a machine without its key gives a Worker the cipher text for its
# ADMIN_TOKEN and WEBHOOK_SECRET: texts that are long enough, that all who read the repository know, and that Portal does not send. Use
# `--strict`, and look for "encrypted:" before anything is uploaded.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts @dotenvx/dotenvx@2.38.2 dotenv@18.0.10

mkdir one other
for place in one other; do
  echo 'ADMIN_TOKEN="a-token-of-more-than-32-characters-for-the-operators"' >"$place/.env"
  (cd "$place" && dotenvx encrypt >/dev/null 2>&1)
done
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";

const keyOf = (place) => /^DOTENV_PRIVATE_KEY="?(\w+)/m.exec(readFileSync(`${place}/.env.keys`, "utf8"))[1];
const keys = { own: keyOf("one"), other: keyOf("other") };
rmSync("one/.env.keys");
const token = "a-token-of-more-than-32-characters-for-the-operators";
const cipher = /^ADMIN_TOKEN="?(encrypted:[^"\n]+)/m.exec(readFileSync("one/.env", "utf8"))[1];
const { ADMIN_TOKEN: _, DOTENV_PRIVATE_KEY: __, ...clean } = process.env;
const call = (command, key) => {
  const env = key ? { ...clean, DOTENV_PRIVATE_KEY: key } : clean;
  const { status, stdout } = spawnSync(command[0], command.slice(1), { cwd: "one", env, encoding: "utf8" });
  return [status, stdout.trim()];
};
const show = ["node", "-p", "process.env.ADMIN_TOKEN"];
const inCode = (module) => ["node", "-e", `require("${module}").config({ quiet: true }); console.log(process.env.ADMIN_TOKEN)`];

for (const [name, key] of [["no key", undefined], ["another file's key", keys.other]]) {
  const ran = call(["dotenvx", "run", "--", ...show], key);
  console.log(`${name}: dotenvx run ends with ${ran[0]}, and the program sees ${ran[1].slice(0, 24)}…`);
  assert.deepEqual(ran, [0, cipher]);
  assert.deepEqual(call(["dotenvx", "get", "ADMIN_TOKEN"], key), [1, cipher]);
  assert.deepEqual(call(inCode("@dotenvx/dotenvx"), key), [0, cipher]);
  assert.deepEqual(call(["dotenvx", "run", "--strict", "--", ...show], key), [1, ""]);
}
assert.deepEqual(call(["dotenvx", "run", "--", ...show], keys.own), [0, token]);
assert.deepEqual(call(["dotenvx", "get", "ADMIN_TOKEN"], keys.own), [0, token]);
assert.deepEqual(call(inCode("dotenv"), keys.own), [0, cipher]);
console.log("dotenv, with the right key: the cipher text as well");
JS
node run.mjs
echo "as stated: @dotenvx/dotenvx 2.38.2, dotenv 18.0.10"
