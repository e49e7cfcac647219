#!/usr/bin/env bash
# Alertmanager says "resolved" of a fault that is still there: when the scrape is refused, and when Prometheus itself ends.
#
# prometheus 2.42.0 and alertmanager 0.25.0 (Debian 12's packages 2.42.0+ds-5+deb12u1 and 0.25.0-1+b4), with a webhook that writes down what it is sent.
# Behaviour, of the alert `database_up == 0` while the database is down:
# - The scrape is refused (401: the token was changed). With the next evaluation the alert is over, and a message says "resolved". The database is down.
# - `last_over_time(database_up[1d]) == 0` goes on firing, for a day.
# - Prometheus ends (it is killed). Both alerts are sent as "resolved" a moment later: with each alert Prometheus sends a time at which it ends by itself,
#   four times the longer of `evaluation_interval` and `--rules.alert.resend-delay` ahead (4 minutes with the defaults, 4 seconds here). Alertmanager's own
#   `resolve_timeout` (here an hour) does not change that.
# - Neither message differs from the one that is sent when the database is back.
#
# Who is hurt: whoever is woken by "the database is down", and goes back to bed at "resolved". The fault lasts, and the monitoring is down as well, which is
# likely at that very hour. Alert on `up == 0 or absent(up)` too, let a check outside notice when an alert that always fires falls silent, and look at
# the service before you believe a "resolved".
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $running 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
running=
apt-get download -q -o APT::Sandbox::User=root prometheus=2.42.0+ds-5+deb12u1 prometheus-alertmanager=0.25.0-1+b4 >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
# Debian's Alertmanager reads its templates from one folder: another name of the same length stands for it.
folder=/usr/share/prometheus/alertmanager
cp "root$folder"/*.tmpl .
same=$dir$(printf '/%.0s' $(seq $((${#folder} - ${#dir}))))
sed "s|$folder|$same|g" root/usr/bin/prometheus-alertmanager >alertmanager
chmod +x alertmanager

cat >service.py <<'PY'
import http.server, json
class Service(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass
    def do_GET(self):
        mode = open("mode").read().strip()
        body = b"database_up %d\n" % (mode == "up") if mode != "refused" else b""
        self.send_response(401 if mode == "refused" else 200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        for alert in json.loads(self.rfile.read(int(self.headers["content-length"])))["alerts"]:
            print(alert["status"], alert["labels"]["alertname"], flush=True)
        self.send_response(200)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
echo down >mode
python3 service.py >messages & running+=" $!"
until [ -s port ]; do sleep 0.1; done
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
service=127.0.0.1:$(cat port) alertmanager=127.0.0.1:$(free) prometheus=127.0.0.1:$(free)
cat >alertmanager.yml <<YAML
global: { resolve_timeout: 1h }
route: { receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 12h }
receivers: [{ name: hook, webhook_configs: [{ url: "http://$service/" }] }]
YAML
cat >rules.yml <<'YAML'
groups:
  - name: finding
    rules:
      - { alert: Down, expr: 'database_up == 0' }
      - { alert: LastSeenDown, expr: 'last_over_time(database_up[1d]) == 0' }
YAML
cat >prometheus.yml <<YAML
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
scrape_configs: [{ job_name: finding, static_configs: [{ targets: ["$service"] }] }]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["$alertmanager"] }] }] }
YAML
./alertmanager --config.file=alertmanager.yml --storage.path=a --cluster.listen-address= --web.listen-address="$alertmanager" >a.log 2>&1 & running+=" $!"
root/usr/bin/prometheus --config.file=prometheus.yml --storage.tsdb.path=p --rules.alert.resend-delay=1s --web.listen-address="$prometheus" >p.log 2>&1 &
watcher=$!; running+=" $!"; disown
# told NUMBER MESSAGE: waits until there are as many of it
told() {
  for _ in $(seq 300); do
    if [ "$(grep -cx "$2" messages)" -ge "$1" ]; then echo "  $2"; return; fi
    sleep 0.1
  done
  echo "no message \"$2\""; return 1
}
echo "the database is down:"
told 1 "firing Down"; told 1 "firing LastSeenDown"
python3 - "$alertmanager" <<'PY'
import json, sys, urllib.request
from datetime import datetime
alerts = json.load(urllib.request.urlopen(f"http://{sys.argv[1]}/api/v2/alerts"))
for alert in alerts:
    at, ends = (datetime.fromisoformat(alert[name].replace("Z", "+00:00")) for name in ("updatedAt", "endsAt"))
    print(f"  {alert['labels']['alertname']} ends by itself after {(ends - at).total_seconds():.1f} s")
    assert 3 < (ends - at).total_seconds() < 4.1
PY
echo "the scrape is refused, the database is down:"
echo refused >mode
told 1 "resolved Down"
sleep 8
! grep -x "resolved LastSeenDown" messages
echo "the scrape goes on, and the database is back:"
echo up >mode
told 1 "resolved LastSeenDown"
echo "the database is down again:"
echo down >mode
told 2 "firing Down"; told 2 "firing LastSeenDown"
echo "the database is back:"
echo up >mode
told 2 "resolved Down"; told 2 "resolved LastSeenDown"
echo "the database is down for the third time:"
echo down >mode
told 3 "firing Down"; told 3 "firing LastSeenDown"
echo "Prometheus is killed, the database is down:"
kill -KILL $watcher
told 3 "resolved Down"; told 3 "resolved LastSeenDown"
echo "as stated: prometheus 2.42.0, alertmanager 0.25.0"
