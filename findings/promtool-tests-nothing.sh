#!/usr/bin/env bash
# `promtool test rules`: a test that an alert does not fire passes for an alert that does not exist, and for a file of rules that is not there. It says SUCCESS, with 0.
#
# promtool 2.42.0 (Debian 12's package prometheus 2.42.0+ds-5+deb12u1).
# Behaviour, of tests with `exp_alerts: []`, "is silent while all is well":
# - An `alertname` that no rule has: SUCCESS.
# - A `rule_files` entry that matches no file: SUCCESS, with a warning on stderr. All tests of that file then are of no rule.
# - `promtool check rules` of rules whose metric has a slip (`databse_up`), or asks for a label that it never has: SUCCESS, and each test of silence passes.
# - A test whose `eval_time` lies behind the last value of its series asks about no data: SUCCESS.
# - A test that an alert does fire fails in each of these cases.
#
# Who is hurt: whoever renames an alert, moves the rules to another folder, or renames a metric: CI stays green, since most tests of alarms say what should be silent. Then
# the alarm of a database that is down is one that nobody has ever seen fire. Beside each test of silence have one, with the same name and series, that fires.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get download prometheus=2.42.0+ds-5+deb12u1 >/dev/null 2>&1
dpkg-deb -x prometheus_2.42.0*.deb . && export PATH="$dir/usr/bin:$PATH"

rules() { printf 'groups:\n  - name: finding\n    rules:\n      - { alert: DatabaseDown, expr: "%s", for: 5m }\n' "$2" >"$1"; }
rules right.yml 'database_up == 0'
rules slip.yml 'databse_up == 0'
rules label.yml 'database_up{job=\"backups\"} == 0'
for file in right slip label; do promtool check rules $file.yml | grep '1 rules found'; done

# RESULT, file of rules, alert, minute, what is expected there, the series' values.
tested() {
  cat >tests.yml <<YAML
rule_files: [$2]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series: [{ series: 'database_up{job="backup"}', values: '$6' }]
    alert_rule_test: [{ eval_time: $4, alertname: $3, exp_alerts: $5 }]
YAML
  local code=0
  promtool test rules tests.yml >out.txt 2>&1 || code=$?
  echo "$2, $3 at $4, expected $5: $(grep -oE 'SUCCESS|FAILED' out.txt | head -1), exit code $code $(grep -o 'WARNING.*' out.txt || true)"
  [ "$code" = "$1" ] || { echo "changed"; cat out.txt; exit 1; }
}
up='1x60'; down='1x5 0x60'
fires='[{ exp_labels: { job: backup } }]'
tested 0 right.yml DatabaseDown 30m "$fires" "$down"
tested 1 right.yml DatabaseDown 30m '[]' "$down"
# What looks like a test, of nothing. The database is down in each.
tested 0 right.yml DatabaseIsDown 30m '[]' "$down"
tested 0 rules/right.yml DatabaseDown 30m '[]' "$down"
grep -q 'no file match pattern rules/right.yml' out.txt
tested 0 slip.yml DatabaseDown 30m '[]' "$down"
tested 0 label.yml DatabaseDown 30m '[]' "$down"
tested 0 right.yml DatabaseDown 3h '[]' "$down"
# The same, expected to fire.
tested 1 right.yml DatabaseIsDown 30m "$fires" "$down"
tested 1 rules/right.yml DatabaseDown 30m "$fires" "$down"
tested 1 slip.yml DatabaseDown 30m "$fires" "$down"
tested 1 label.yml DatabaseDown 30m "$fires" "$down"
tested 1 right.yml DatabaseDown 3h "$fires" "$down"
tested 0 right.yml DatabaseDown 30m '[]' "$up"
echo "as stated: promtool 2.42.0"
