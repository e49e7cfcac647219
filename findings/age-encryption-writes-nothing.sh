#!/usr/bin/env bash
# age-encryption for JavaScript: it encrypts an ArrayBuffer as nothing, and for nobody.
#
# age-encryption 0.3.1 (npm) with Node 24.21.0; pyrage 1.4.0 (PyPI) as the peer.
# Behaviour:
# - `encrypt(arrayBuffer)`, what `response.arrayBuffer()` and `crypto.subtle.encrypt()` give, resolves with a valid file whose
#   content is empty. A number gives an empty file too. (TypeScript warns; JavaScript does not.)
# - An `Encrypter` without any recipient resolves with a file that no identity opens. pyrage refuses: "Missing recipients."
# - `decrypt(file, "text")` drops a byte order mark, and puts U+FFFD for bytes that are no UTF-8, without an error.
#
# Who is hurt: a nightly backup of sealing keys or shares that was never opened again: it is there, it has the right form and
# nobody can get anything out of it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 age-encryption@0.3.1
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check pyrage==1.4.0

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from "age-encryption";
const identity = await generateIdentity();
const decrypter = new Decrypter();
decrypter.addIdentity(identity);
const encrypter = new Encrypter();
encrypter.addRecipient(await identityToRecipient(identity));
const there = async (content, as) => decrypter.decrypt(await encrypter.encrypt(content), as);

const bytes = new TextEncoder().encode("a share");
assert.equal(await there(bytes, "text"), "a share");
const lost = await there(bytes.buffer.slice(0), "text");
assert.equal(lost, "");
assert.equal(await there(5, "text"), "");

const forNobody = await new Encrypter().encrypt("a share");
await assert.rejects(decrypter.decrypt(forNobody), /no identity matched/);

assert.equal(await there(new Uint8Array([0xef, 0xbb, 0xbf, 0x41]), "text"), "A");
assert.equal(await there(new Uint8Array([0xff, 0x41]), "text"), "\ufffdA");
console.log({ fromAnArrayBuffer: lost, forNobody: `${forNobody.length} bytes` });
JS
node run.mjs
py/bin/python - <<'PY'
import pyrage
try:
    pyrage.encrypt(b"a share", [])
    raise SystemExit("changed: pyrage encrypts for nobody")
except pyrage.EncryptError as refused:
    print("pyrage:", refused)
PY
echo "as stated: age-encryption 0.3.1, pyrage 1.4.0"
