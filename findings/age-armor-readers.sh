#!/usr/bin/env bash
# Armored age files: what one reader opens another refuses.
#
# age-encryption 0.3.1 (npm) with Node 24.21.0, and pyrage 1.4.0 (PyPI). The age command line tool 1.1.1 (Debian 12), tried by hand, does as pyrage does.
# Behaviour, of one armored file in several dresses:
# - as it is, with CRLF, without its last line feed, with blank lines behind it: both open it;
# - with blank lines, or a byte order mark, before BEGIN: age-encryption opens it, pyrage says that the header is invalid;
# - pyrage finds out by itself whether a file is armored; age-encryption must be told: `Decrypter` given the armored bytes says
#   "invalid version -----BEGIN AGE ENCRYPTED FILE-----", `armor.decode` given a file that is not armored fails too.
#
# Who is hurt: a file that went through a mail, a ticket or an editor opens on the machine where it was tried, and not with the
# tool at hand on the bad day. Take what stands before BEGIN away before you say that a file is damaged.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 age-encryption@0.3.1
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check pyrage==1.4.0

cat >read.py <<'PY'
import pyrage, sys
identity = pyrage.x25519.Identity.from_str(open("identity").read())
try:
    print(pyrage.decrypt(open(sys.argv[1], "rb").read(), [identity]).decode(), end="")
except pyrage.DecryptError as refused:
    print(f"refused: {refused}", end="")
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { Decrypter, Encrypter, armor, generateIdentity, identityToRecipient } from "age-encryption";
const identity = await generateIdentity();
writeFileSync("identity", identity);
const decrypter = new Decrypter();
decrypter.addIdentity(identity);
const encrypter = new Encrypter();
encrypter.addRecipient(await identityToRecipient(identity));
const file = await encrypter.encrypt("a share");
const armored = armor.encode(file);

const both = async (text) => {
  writeFileSync("file.age", text);
  const js = await decrypter.decrypt(armor.decode(text), "text");
  const python = execFileSync("py/bin/python", ["read.py", "file.age"]).toString();
  return [js, python.slice(0, 8)];
};
const opened = ["a share", "a share"];
assert.deepEqual(await both(armored), opened);
assert.deepEqual(await both(armored.replaceAll("\n", "\r\n")), opened);
assert.deepEqual(await both(armored.trimEnd()), opened);
assert.deepEqual(await both(`${armored}\n\n`), opened);
for (const before of ["\n", "\ufeff"]) {
  const seen = await both(before + armored);
  console.log(JSON.stringify(before), seen);
  assert.deepEqual(seen, ["a share", "refused:"]);
}
await assert.rejects(decrypter.decrypt(new TextEncoder().encode(armored)), /invalid version -----BEGIN AGE/);
assert.throws(() => armor.decode(new TextDecoder("latin1").decode(file)));
JS
node run.mjs
echo "as stated: age-encryption 0.3.1, pyrage 1.4.0"
