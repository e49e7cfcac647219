#!/usr/bin/env bash
# Alertmanager's inhibit rules: a label of `equal` that neither alert has counts as equal, so one critical alert, of whatever service, silences all warnings.
#
# alertmanager 0.25.0 (Debian 12's package 0.25.0-1+b4), with a webhook that writes down what it is sent.
# Behaviour of `source_matchers: [severity="critical"]`, `target_matchers: [severity="warning"]`, `equal: [cluster]`, as examples have it:
# - A warning without the label `cluster` is not sent while any critical alert without it fires, of another service, too.
# - One with a `cluster` is sent, as long as no critical alert has the same one.
# - A label that is there and empty counts as one that is not.
# - `amtool alert query` does not show the warning, `amtool alert query --inhibited` does.
# - `equal: [job]`, a label that every alert of Prometheus has, holds them apart.
#
# Who is hurt: whoever adds the alerts of a backup server to an Alertmanager that other services share: "no backup in a day" is a warning, a disk elsewhere is full for a
# week, and nobody is told in that week. Nothing is in the list of alerts, either. Put into `equal` only labels that your alerts have, and
# try it: send both alerts with `amtool alert add`.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $running 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
running=
export HOME="$dir"
apt-get download -q -o APT::Sandbox::User=root prometheus-alertmanager=0.25.0-1+b4 >/dev/null
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
    def do_POST(self):
        for alert in json.loads(self.rfile.read(int(self.headers["content-length"])))["alerts"]:
            print(alert["labels"]["alertname"], flush=True)
        self.send_response(200)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 service.py >>messages & running+=" $!"
until [ -s port ]; do sleep 0.1; done
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

names() { grep -o '"alertname":"[A-Za-z]*"' | cut -d'"' -f4 | sort | tr '\n' ' ' || true; }

# sent LABEL: with this label in `equal`, the messages that were sent
sent() {
  local own=127.0.0.1:$(free) pid
  cat >alertmanager.yml <<YAML
route: { receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 12h }
receivers: [{ name: hook, webhook_configs: [{ url: "http://127.0.0.1:$(cat port)/" }] }]
inhibit_rules: [{ source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [$1] }]
YAML
  rm -rf data; : >messages
  ./alertmanager --config.file alertmanager.yml --storage.path data --web.listen-address "$own" --cluster.listen-address= >log 2>&1 & pid=$!; running+=" $pid"
  amtool() { root/usr/bin/amtool --alertmanager.url "http://$own" "$@"; }
  until amtool alert query >/dev/null 2>&1; do sleep 0.2; done
  amtool alert add DiskFull severity=critical job=shop
  until grep -q DiskFull messages; do sleep 0.2; done
  amtool alert add NoBackupInADay severity=warning job=backup
  amtool alert add EmptyLabel severity=warning job=backup cluster=
  amtool alert add OfACluster severity=warning job=backup cluster=eu
  sleep 4
  shown=$(amtool alert query --output json | names) inhibited=$(amtool alert query --inhibited --output json | names)
  kill "$pid"
  got=$(sort -u messages | tr '\n' ' ')
  echo "equal: [$1]: sent: $got; amtool shows: $shown; with --inhibited: $inhibited"
}
sent cluster
[ "$got" = "DiskFull OfACluster " ] && [ "$shown" = "DiskFull OfACluster " ]
[[ "$inhibited" = *NoBackupInADay* ]] && [[ "$inhibited" = *EmptyLabel* ]]
sent job
[ "$got" = "DiskFull EmptyLabel NoBackupInADay OfACluster " ]
echo "as stated: alertmanager 0.25.0"
