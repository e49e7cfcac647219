#!/usr/bin/env bash
# Post-quantum age files: what age-encryption writes for age1pq1… neither rage's library nor Debian's age opens.
#
# age-encryption 0.3.1 (npm) with Node 24.21.0, and pyrage 1.4.0 (PyPI, rage's library). The age command line tool 1.1.1 (Debian 12) and
# rage 0.11.1 (crates.io), tried by hand, do as pyrage does.
# Behaviour:
# - pyrage takes neither the identity (AGE-SECRET-KEY-PQ-1…: "incorrect HRP") nor the recipient (age1pq1…), also not as the `tagpq` that it
#   has. Of a file for such a recipient alone it says that no key matches.
# - age 1.1.1 and rage 0.11.1 refuse a whole file of identities if one line of it is a post-quantum one: with it, they open none of the
#   older files either.
# - age-encryption lets a file have a post-quantum and an X25519 recipient. It opens with either identity, so that it is as strong
#   as X25519, and its name does not tell.
# - A recipient has 1,959 characters, and a file of seven bytes for it has 1.7 KB instead of 0.2.
#
# Who is hurt: whoever puts the keys into the safe for a post-quantum identity, and stands with the machine of the bad day before a file
# that its age does not know. Write beside the identity which program opens it, keep that program, and keep post-quantum
# identities in a file of their own.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 age-encryption@0.3.1
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check pyrage==1.4.0

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { Decrypter, Encrypter, generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
const identities = { pq: await generateHybridIdentity(), x25519: await generateX25519Identity() };
const recipients = {};
for (const [name, identity] of Object.entries(identities)) {
  recipients[name] = await identityToRecipient(identity);
  writeFileSync(`${name}.identity`, identity);
  writeFileSync(`${name}.recipient`, recipients[name]);
}
assert.match(identities.pq, /^AGE-SECRET-KEY-PQ-1/);
assert.deepEqual([recipients.pq.slice(0, 7), recipients.pq.length], ["age1pq1", 1959]);
const seal = async (name, ...names) => {
  const encrypter = new Encrypter();
  for (const each of names) encrypter.addRecipient(recipients[each]);
  const file = await encrypter.encrypt("a share");
  writeFileSync(`${name}.age`, file);
  const opens = {};
  for (const [each, identity] of Object.entries(identities)) {
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    opens[each] = await decrypter.decrypt(file, "text").catch(() => "refused");
  }
  console.log(`age-encryption, a file for ${names.join(" and ")}, ${file.length} bytes:`, opens);
  return { ...opens, large: file.length > 1500 };
};
assert.deepEqual(await seal("x25519", "x25519"), { pq: "refused", x25519: "a share", large: false });
assert.deepEqual(await seal("pq", "pq"), { pq: "a share", x25519: "refused", large: true });
assert.deepEqual(await seal("both", "pq", "x25519"), { pq: "a share", x25519: "a share", large: true });
JS
node run.mjs

cat >run.py <<'PY'
import pyrage
def said(work, *args):
    try:
        return work(*args)
    except Exception as refused:
        return f"{type(refused).__name__}: {refused}"
read = lambda name: open(name).read()
x25519 = pyrage.x25519.Identity.from_str(read("x25519.identity"))
seen = {
    "identity": said(pyrage.x25519.Identity.from_str, read("pq.identity")),
    "recipient": said(pyrage.x25519.Recipient.from_str, read("pq.recipient")),
    "recipient, tagpq": said(pyrage.tagpq.Recipient.from_str, read("pq.recipient")),
    "file for pq": said(pyrage.decrypt, open("pq.age", "rb").read(), [x25519]),
    "file for both": said(pyrage.decrypt, open("both.age", "rb").read(), [x25519]),
}
print("pyrage:", seen)
hrp = "Error: incorrect HRP"
assert seen == {
    "identity": f"Identity{hrp}",
    "recipient": f"Recipient{hrp}",
    "recipient, tagpq": f"Recipient{hrp}",
    "file for pq": "DecryptError: No matching keys found",
    "file for both": b"a share",
}, seen
PY
py/bin/python run.py
echo "as stated: age-encryption 0.3.1, pyrage 1.4.0"
