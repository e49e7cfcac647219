#!/usr/bin/env bash
# jq and its peers over lines with a share that is an object: its numbers, and what they are, change. Each tool changes others.
#
# jq 1.6, gojq 0.12.11 and Miller 6.6.0 (Debian 12), jq 1.13.0 (PyPI, the binding) and jq-wasm 1.0.1 (npm, a newer jq) with Node 24.21.0.
# Behaviour, of a line whose `share` is an object as a dump of a JSON column has it, with a number of 77 digits, 1.0 and 1e2, passed through
# unchanged (`jq -c .`, `.text()`, `mlr --ijsonl --ojsonl cat`):
# - jq 1.6: the number is 9.876543210987655e+76, 1.0 is 1, 1e2 is 100.
# - PyPI's jq: the number has 77 digits again; from the 17th on they are others.
# - Miller: the number is a text, in quotes. 1.0 and 1e2 stay.
# - gojq: the number stays, 1.0 is 1, 1e2 is 100, and the fields stand in the order of their names, so it is another text.
# - jq-wasm: the number and 1.0 stay, 1e2 is 1E+2. But whatever counts with the number rounds it, `. + 0` too.
# - A share that is a text, with the same JSON within, comes through all five as it is.
#
# Who is hurt: whoever makes lines of a dump before an import, `jq -c '.[]'` for one: the lines are good JSON, the import takes the object as it stands
# there, and the share recovers nothing. Keep a share in a text, or use jq 1.7 or newer and look at one long number.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts jq-wasm@1.0.1
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jq==1.13.0
apt-get download -q -o APT::Sandbox::User=root jq libjq1 libonig5 gojq miller >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
libraries=$(echo "$dir"/root/usr/lib/*-linux-gnu)
tool() { LD_LIBRARY_PATH=$libraries "$dir/root/usr/bin/$@"; }
[ "$(tool jq --version)" = jq-1.6 ]
tool gojq --version | grep -q "0\.12\.11"
tool mlr --version | grep -q "6\.6\.0"

digits=98765432109876543210987654321098765432109876543210987654321098765432109876543
line='{"userId":"u1","share":{"n":'$digits',"a":1.0,"b":1e2}}'
text='{"userId":"u1","share":"{\"n\":'$digits',\"a\":1.0,\"b\":1e2}"}'
cat >wasm.mjs <<'JS'
import * as jq from "jq-wasm";
console.log(await jq.raw(process.argv[2], process.argv[3] ?? ".", ["-c"]));
JS
seen() {
  local name=$1 expected=$2 got; shift 2
  got=$("$@")
  echo "$name: $got"
  [ "$got" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
}
jq16() { tool jq -c . <<<"$1"; }
gojq() { tool gojq -c . <<<"$1"; }
miller() { tool mlr --ijsonl --ojsonl cat <<<"$1"; }
pypi() { venv/bin/python -c 'import jq, sys; print(jq.compile(".").input_text(sys.argv[1]).text())' "$1"; }
wasm() { node wasm.mjs "$@"; }

seen "jq 1.6" '{"userId":"u1","share":{"n":9.876543210987655e+76,"a":1,"b":100}}' jq16 "$line"
seen "PyPI's jq" '{"userId": "u1", "share": {"n": 98765432109876545814251863559286097675073796580824015436951907443189231910912, "a": 1, "b": 100}}' pypi "$line"
seen "Miller" '{"userId": "u1", "share": {"n": "'$digits'", "a": 1.0, "b": 1e2}}' miller "$line"
seen "gojq" '{"share":{"a":1,"b":100,"n":'$digits'},"userId":"u1"}' gojq "$line"
seen "jq-wasm" '{"userId":"u1","share":{"n":'$digits',"a":1.0,"b":1E+2}}' wasm "$line"
seen "jq-wasm, . + 0" 9.876543210987655e+76 wasm "$line" '.share.n + 0'
for reader in jq16 gojq miller pypi wasm; do
  [ "$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["share"])' "$($reader "$text")")" = '{"n":'$digits',"a":1.0,"b":1e2}' ]
done
echo "as stated: jq 1.6, gojq 0.12.11, Miller 6.6.0, PyPI's jq 1.13.0, jq-wasm 1.0.1"
