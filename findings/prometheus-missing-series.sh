#!/usr/bin/env bash
# Prometheus alerts over a series that is not there: "no backups in a day" is silent where there never was one, and all are silent once the
# scrape is refused.
#
# promtool 2.42.0 (Debian 12's package prometheus 2.42.0+ds-5+deb12u1), which evaluates rules as Prometheus does.
# Behaviour:
# - A counter that has no sample yet is no 0. `sum(increase(backups_total[1d])) == 0` gives nothing, so the alert never fires on a service
#   whose first backup never came. `(sum(increase(…)) or vector(0)) == 0` fires.
# - The first sample of a counter is no increase, however large: after 100,000 refused logins in its first scrape
#   `increase(refused_total[1h]) > 500` is silent. Only what comes after that counts.
# - Once the scrape fails (the token was changed, the server is gone) Prometheus marks each series as ended. `up == 0` of the database and
#   `time() - last_run > 3600` are then silent, however long it lasts, and "no backups" after a day. Only an alert on Prometheus's own
#   `up{job=…} == 0 or absent(up{job=…})` fires.
#
# Who is hurt: whoever has an alert for each fault that the figures show, and none for the figures themselves: the quiet of a service that is
# well is that of a scraper whose token was rotated.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get download prometheus=2.42.0+ds-5+deb12u1 >/dev/null 2>&1
dpkg-deb -x prometheus_2.42.0*.deb . && export PATH="$dir/usr/bin:$PATH"

cat >rules.yml <<'YAML'
groups:
  - name: finding
    rules:
      - { alert: NoBackups, expr: 'sum(increase(backups_total[1d])) == 0' }
      - { alert: NoBackupsOrNone, expr: '(sum(increase(backups_total[1d])) or vector(0)) == 0' }
      - { alert: Refused, expr: 'sum(increase(refused_total[1h])) > 500' }
      - { alert: DatabaseDown, expr: 'database_up == 0' }
      - { alert: ScheduleStopped, expr: 'time() - last_run_seconds > 3600' }
      - { alert: NotScraped, expr: 'up{job="finding"} == 0 or absent(up{job="finding"})', for: 15m }
YAML
cat >tests.yml <<'YAML'
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - name: a service that is scraped, and whose first backup never came
    interval: 2m
    input_series: [{ series: 'up{job="finding"}', values: '1x1000' }]
    alert_rule_test:
      - { eval_time: 30h, alertname: NoBackups, exp_alerts: [] }
      - { eval_time: 30h, alertname: NoBackupsOrNone, exp_alerts: [{}] }
  - name: the first refused logins are many
    interval: 2m
    input_series: [{ series: 'refused_total', values: '_x10 100000x20 101000x60' }]
    alert_rule_test:
      - { eval_time: 40m, alertname: Refused, exp_alerts: [] }
      - { eval_time: 70m, alertname: Refused, exp_alerts: [{}] }
  - name: all is well, then the database falls and the schedule stops, while the scrape goes on
    interval: 2m
    input_series:
      - { series: 'database_up', values: '1x10 0x1000' }
      - { series: 'last_run_seconds', values: '0x1000' }
    alert_rule_test:
      - { eval_time: 10h, alertname: DatabaseDown, exp_alerts: [{}] }
      - { eval_time: 10h, alertname: ScheduleStopped, exp_alerts: [{}] }
  - name: the same, and the scrape is refused from then on
    interval: 2m
    input_series:
      - { series: 'up{job="finding"}', values: '1x10 0x1000' }
      - { series: 'database_up', values: '1x10 stale' }
      - { series: 'last_run_seconds', values: '0x10 stale' }
      - { series: 'backups_total', values: '5x10 stale' }
    alert_rule_test:
      - { eval_time: 10h, alertname: DatabaseDown, exp_alerts: [] }
      - { eval_time: 10h, alertname: ScheduleStopped, exp_alerts: [] }
      - { eval_time: 30h, alertname: NoBackups, exp_alerts: [] }
      - { eval_time: 10h, alertname: NotScraped, exp_alerts: [{ exp_labels: { job: finding } }] }
YAML
promtool --version | head -1
promtool test rules tests.yml
echo "as stated: promtool 2.42.0"
