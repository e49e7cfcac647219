#!/usr/bin/env bash
# VictoriaMetrics under Prometheus's alert rules: a counter's small first value is an increase, a large one is not, and after a gap in the scrape
# the whole count is one once more.
#
# victoria-metrics 1.79.5 (Debian 12's package 1.79.5+ds1-2+b5) beside Prometheus 2.42.0 (2.42.0+ds-5+deb12u1; its promtool), on the same samples.
# Behaviour of `increase(…)`, of a counter that is scraped each minute:
# - it appears with 5 and stays at 5: 5 for an hour in VictoriaMetrics, 0 in Prometheus;
# - it appears with 100,000 and stays there: 0 in both;
# - it is 7, has been 7 for hours, and the scrape fails for 50 minutes: after these, `increase(…[10m])` is 7 in VictoriaMetrics, 0 in Prometheus;
# - it rises from 5 to 6 within the hour: 1 in both.
#
# Who is hurt: an alert over a counter of bad events (`increase(…[10m]) > 0`: a share that did not open, a wrong sign-in) fires for each old one after every
# gap, and the one for the day without a backup (`increase(…[1d]) == 0`) is silent because of them. A rule that promtool has tried
# is another rule here.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64), curl and Python 3; nothing is installed.
set -euo pipefail
dir=$(mktemp -d); server=; trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT; cd "$dir"
apt-get download victoria-metrics=1.79.5+ds1-2+b5 prometheus=2.42.0+ds-5+deb12u1 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" .; done
export PATH="$dir/usr/bin:$PATH"

cat >tests.yml <<'YAML'
rule_files: []
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - { series: small_total, values: '_x59 5x239' }
      - { series: large_total, values: '_x59 100000x239' }
      - { series: gap_total, values: '7x100 _x48 7x149' }
      - { series: step_total, values: '5x149 6x149' }
    promql_expr_test:
      - { expr: 'increase(small_total[1h])', eval_time: 110m, exp_samples: [{ labels: '{}', value: 0 }] }
      - { expr: 'increase(large_total[1h])', eval_time: 110m, exp_samples: [{ labels: '{}', value: 0 }] }
      - { expr: 'increase(gap_total[10m])', eval_time: 155m, exp_samples: [{ labels: '{}', value: 0 }] }
      - { expr: 'increase(step_total[1h])', eval_time: 180m, exp_samples: [{ labels: '{}', value: 1 }] }
YAML
promtool test rules tests.yml

cat >run.py <<'PYTHON'
import json, subprocess, sys, time, urllib.parse, urllib.request

base = sys.argv[1]
begin = int(time.time()) - 5 * 3600
samples = {
    "small_total": [(i, 5) for i in range(60, 299)],
    "large_total": [(i, 100000) for i in range(60, 299)],
    "gap_total": [(i, 7) for i in range(0, 299) if not 100 < i < 150],
    "step_total": [(i, 5 if i < 150 else 6) for i in range(0, 299)],
}
lines = [f"{name} {value} {(begin + i * 60) * 1000}" for name, values in samples.items() for i, value in values]

def call(path, data=None):
    for _ in range(50):
        try:
            return urllib.request.urlopen(base + path, data).read()
        except OSError:
            time.sleep(0.2)
    sys.exit("VictoriaMetrics does not answer")

call("/api/v1/import/prometheus", "\n".join(lines).encode())
call("/internal/force_flush")
seen = {}
for query, minute, expected in [
    ("increase(small_total[1h])", 110, 5),
    ("increase(small_total[1h])", 130, 0),
    ("increase(large_total[1h])", 110, 0),
    ("increase(gap_total[10m])", 95, 0),
    ("increase(gap_total[10m])", 155, 7),
    ("increase(gap_total[10m])", 165, 0),
    ("increase(step_total[1h])", 180, 1),
]:
    answer = json.loads(call("/api/v1/query?" + urllib.parse.urlencode({"query": query, "time": begin + minute * 60})))
    values = [float(result["value"][1]) for result in answer["data"]["result"]]
    print(f"{query} at minute {minute}: {values}")
    assert values == [expected], values
PYTHON
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
victoria-metrics -storageDataPath=data -httpListenAddr="127.0.0.1:$port" -search.latencyOffset=0s -loggerLevel=ERROR &
server=$!
python3 run.py "http://127.0.0.1:$port"
echo "as stated: victoria-metrics 1.79.5, promtool 2.42.0"
