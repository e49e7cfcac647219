#!/usr/bin/env bash
# Prometheus: of figures that are scraped every ten minutes an alert with `for: 15m` never fires, however long the fault lasts.
#
# promtool 2.42.0 (Debian 12's package prometheus 2.42.0+ds-5+deb12u1), which evaluates rules as Prometheus does, each minute.
# Behaviour, of a fault that lasts for hours:
# - A sample is a figure for five minutes. With a scrape every ten or fifteen minutes the series is then gone until the next one, so what `for: 15m` waits for
#   begins anew each time.
# - An alert without `for` fires and is "resolved" six times an hour: of ten minutes it is there in six.
# - `rate(counter[10m])` needs two samples, and finds them in one minute of ten. `increase(counter[1h])` is right.
# - `max_over_time(figure[25m])` in place of the figure fires with `for`, scraped every ten minutes.
# - Every four and every five minutes all is as one expects.
#
# Who is hurt: whoever scrapes a service seldom since each scrape costs requests and rows, with rules that were written for every minute. The graphs look well, with
# gaps. A database that has been down all night raises no alarm. Scrape every five minutes or more often, or let each rule look back over two scrapes.
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
      - { alert: DownFor, expr: 'database_up == 0', for: 15m }
      - { alert: DownNow, expr: 'database_up == 0' }
      - { alert: Errors, expr: 'rate(errors_total[10m]) > 0' }
      - { alert: ErrorsOfAnHour, expr: 'increase(errors_total[1h]) > 0' }
      - { alert: LookingBack, expr: 'max_over_time(database_up[25m]) == 0', for: 15m }
YAML
# Of the sixty minutes of an hour, eight hours into the fault: in how many does the alert fire?
minutes() {
  local every=$1 alert=$2 count=0 minute
  { echo 'rule_files: [rules.yml]'; echo 'evaluation_interval: 1m'; echo 'tests:'
    echo "  - interval: $every"
    echo '    input_series:'
    echo "      - { series: 'database_up', values: '1x2 0x400' }"
    echo "      - { series: 'errors_total', values: '0+5x400' }"
    echo '    alert_rule_test:'
    for minute in $(seq 0 59); do echo "      - { eval_time: 8h${minute}m, alertname: $alert, exp_alerts: [] }"; done
  } >tests.yml
  promtool test rules tests.yml >out.txt 2>&1 || true
  count=$(grep -c "alertname: $alert, time:" out.txt || true)
  echo "scraped every $every, $alert: fires in $count minutes of 60"
  [ "$count" = "$3" ] || { echo "changed: $3 were expected"; tail -20 out.txt; exit 1; }
}
for every in 4m 5m; do
  for alert in DownFor DownNow Errors ErrorsOfAnHour LookingBack; do minutes $every $alert 60; done
done
minutes 10m DownFor 0
minutes 10m DownNow 36
minutes 10m Errors 6
minutes 10m ErrorsOfAnHour 60
minutes 10m LookingBack 60
minutes 15m DownFor 0
echo "as stated: promtool 2.42.0"
