#!/usr/bin/env bash
# OpenMetrics read by parsers of Prometheus's older text format: no error, and counters that are empty.
#
# parse-prometheus-text-format 1.1.1 (npm) with Node 24.21.0; prometheus_client 0.26.0 (PyPI), whose `parser` is of the text
# format and whose `openmetrics.parser` is of OpenMetrics.
# Behaviour, of a page of OpenMetrics 1.0:
# - A counter `x` has samples `x_total`. The OpenMetrics parser gives the counter with its samples. Both others give a counter `x`
#   without any sample, and beside it `x_total` of an unknown type.
# - A time of a sample is in seconds. Both others take it for milliseconds: it is of January 1970.
# - Both others read past `# UNIT` and `# EOF`, so a page that broke off half way is as good to them as a whole one. The
#   OpenMetrics parser refuses it.
# - In JavaScript every value is a text: the sum of 3 and 4 is "034".
#
# Who is hurt: whoever writes an alarm of their own from the figures asks the counter by its name, finds no sample, and takes it
# for zero: no refused logins today. Prometheus itself tells the two formats apart by their Content-Type.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 parse-prometheus-text-format@1.1.1
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check prometheus_client==0.26.0

cat >whole.txt <<'TEXT'
# TYPE logins counter
# HELP logins Logins, by outcome.
logins_total{outcome="refused"} 3 1790000000
logins_total{outcome="taken"} 4 1790000000
# TYPE age_seconds gauge
# UNIT age_seconds seconds
# HELP age_seconds How old the figures are.
age_seconds 5
# EOF
TEXT
head -3 whole.txt >half.txt

cat >run.cjs <<'JS'
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const parse = require("parse-prometheus-text-format");
const [counter, samples, gauge] = parse(readFileSync("whole.txt", "utf8"));
console.log("npm:", counter, samples);
assert.deepEqual([counter.name, counter.type, counter.metrics], ["logins", "COUNTER", []]);
assert.deepEqual([samples.name, samples.type, samples.metrics.length], ["logins_total", "UNTYPED", 2]);
assert.equal(samples.metrics.reduce((sum, { value }) => sum + value, 0), "034");
assert.equal(new Date(Number(samples.metrics[0].timestamp_ms)).getUTCFullYear(), 1970);
assert.deepEqual([gauge.name, gauge.metrics[0].value], ["age_seconds", "5"]);
assert.equal(parse(readFileSync("half.txt", "utf8"))[1].metrics.length, 1);
JS
cat >run.py <<'PY'
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text

whole, half = open("whole.txt").read(), open("half.txt").read()
def seen(parser, page):
    return [(family.name, family.type, len(family.samples)) for family in parser.text_string_to_metric_families(page)]

print("PyPI, text:", seen(text, whole))
assert {family for family in seen(text, whole)} == {("logins", "counter", 0), ("logins_total", "unknown", 1), ("age_seconds", "gauge", 1)}
assert sum(samples for name, _, samples in seen(text, whole) if name == "logins_total") == 2
times = [sample.timestamp for family in text.text_string_to_metric_families(whole) for sample in family.samples if sample.timestamp]
assert set(times) == {1790000.0}, times
assert sum(samples for _, _, samples in seen(text, half)) == 1

print("PyPI, OpenMetrics:", seen(openmetrics, whole))
assert seen(openmetrics, whole) == [("logins", "counter", 2), ("age_seconds", "gauge", 1)]
try:
    seen(openmetrics, half)
    raise SystemExit("changed: OpenMetrics without # EOF is taken")
except ValueError as refused:
    print("half a page:", refused)
PY
node run.cjs
py/bin/python run.py
echo "as stated: parse-prometheus-text-format 1.1.1, prometheus_client 0.26.0"
