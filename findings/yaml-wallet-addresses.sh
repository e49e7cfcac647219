#!/usr/bin/env bash
# Wallet addresses and keys in YAML without quotes: js-yaml and yaml make a number of 0x…, and two users one. ruamel.yaml writes the file back with other capitals.
#
# js-yaml 5.5.0, yaml 2.9.1, json5 2.2.3 (npm); PyYAML 6.0.4, ruamel.yaml 0.19.1 (PyPI), each with its own defaults.
# Behaviour:
# - `id: 0x19E7…` (an address of 40 digits, or a private key of 64) is hexadecimal in YAML. js-yaml, yaml and JSON5 give a floating point number: two
#   addresses that differ in their last digit are the same one, 1.4789605636174175e+47. PyYAML and ruamel.yaml give an integer, whose digits are whole.
# - ruamel.yaml, which keeps a file's form when it changes one line, writes the address back in capitals alone (`0x19E7E376E7C213B7E7E7E4…`): as a text
#   that is another user id, and its checksum is gone.
# - An id of digits with one "e" (of hexadecimal ids some are) is written without quotes by js-yaml, which reads it as a text. yaml and ruamel.yaml read
#   Infinity, and ruamel.yaml writes `.inf` back.
# - In quotes all of them are texts, everywhere.
#
# Who is hurt: whoever names users or keys in a file of settings or of jobs: whom to delete, whose eject to open, an ejected key. None of the libraries raises an
# error; a text made of the number is nobody's id, and of the key nothing can be had back. Put each one in quotes.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 js-yaml@5.5.0 yaml@2.9.1 json5@2.2.3
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check PyYAML==6.0.4 ruamel.yaml==0.19.1

export ANN=0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A BOB=0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2B
KEY=0x$(printf 'ab%.0s' {1..32}) ID=12345678901234567890e123456789012; export KEY ID
printf '%s: %s\n' ann "$ANN" bob "$BOB" key "$KEY" >plain.yaml
printf '%s: "%s"\n' ann "$ANN" bob "$BOB" key "$KEY" id "$ID" >quoted.yaml
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import JSON5 from "json5";
import * as jsYaml from "js-yaml";
import * as yaml from "yaml";
const { ANN: ann, BOB: bob, KEY: key, ID: id } = process.env;
const readers = { "js-yaml": jsYaml.load, yaml: yaml.parse };
for (const [name, read] of Object.entries(readers)) {
  const seen = read(readFileSync("plain.yaml", "utf8"));
  console.log(`${name}:`, seen);
  assert.equal(seen.ann, 1.4789605636174175e47);
  assert.equal(seen.ann, seen.bob);
  assert.equal(typeof seen.key, "number");
  assert.deepEqual(read(readFileSync("quoted.yaml", "utf8")), { ann, bob, key, id });
}
assert.equal(JSON5.parse(`{ann: ${ann}}`).ann, JSON5.parse(`{bob: ${bob}}`).bob);

const written = jsYaml.dump({ id });
console.log("js-yaml writes:", written.trim());
assert.equal(written, `id: ${id}\n`);
assert.equal(jsYaml.load(written).id, id);
assert.equal(yaml.parse(written).id, Infinity);
writeFileSync("written.yaml", written);
assert.equal(jsYaml.dump({ ann }), `ann: '${ann}'\n`);
assert.equal(yaml.parse(yaml.stringify({ ann, id })).id, id);
JS
node run.mjs
cat >run.py <<'PY'
import io, math, os
import yaml
from ruamel.yaml import YAML

def again(text):
    """What ruamel.yaml writes of what it read."""
    out = io.StringIO()
    YAML().dump(YAML().load(text), out)
    return out.getvalue()

plain, quoted, written = (open(f"{name}.yaml").read() for name in ("plain", "quoted", "written"))
whole = {name: int(os.environ[name.upper()], 16) for name in ("ann", "bob", "key")}
assert yaml.safe_load(plain) == dict(YAML().load(plain)) == whole
after = again(plain).splitlines()[0]
print("ruamel.yaml writes back:", after)
assert after == "ann: 0x" + os.environ["ANN"][2:].upper() and after.split()[1] != os.environ["ANN"]
assert yaml.safe_load(written)["id"] == os.environ["ID"]
assert math.isinf(YAML().load(written)["id"])
print("ruamel.yaml writes back:", again(written).strip())
assert again(written) == "id: .inf\n"
texts = {name: os.environ[name.upper()] for name in ("ann", "bob", "key", "id")}
assert yaml.safe_load(quoted) == dict(YAML().load(quoted)) == texts
PY
venv/bin/python run.py
echo "as stated: js-yaml 5.5.0, yaml 2.9.1, PyYAML 6.0.4, ruamel.yaml 0.19.1"
