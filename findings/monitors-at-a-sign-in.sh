#!/usr/bin/env bash
# Monitors at a sign-in page: where the health check has come behind a login, check_http, `curl --fail` and the blackbox exporter go on saying that all is well.
#
# check_http of monitoring-plugins 2.3.3, prometheus-blackbox-exporter 0.23.0, curl 7.88.1 (Debian 12), against a server whose /healthz answers 302 to a
# sign-in page, as one behind Cloudflare Access or another login does.
# Behaviour:
# - `check_http -u /healthz` is "HTTP OK: HTTP/1.1 302 Found", exit code 0; so it is if the sign-in page does not answer at all. With `-f follow` it is
#   OK by the sign-in page's 200. With `-e 200`, and with `-f critical`, it is CRITICAL.
# - `check_http` of a 401, 403 or 404 is a WARNING, exit code 1, not CRITICAL. 503 is CRITICAL.
# - `curl --fail` and `curl --fail-with-body` end with 0.
# - the blackbox exporter's module `prober: http` follows, and says `probe_success 1`. With `follow_redirects: false` it is 0.
#
# Who is hurt: whoever puts a login in front of a whole host name, also of the paths that monitors and Portal's webhook ask for. Every backup fails from then on, and
# the monitor stays green. Ask for the status 200 and for a word of the answer.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
apt-get download -q -o APT::Sandbox::User=root monitoring-plugins-basic prometheus-blackbox-exporter curl libcurl4 >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
check_http() { root/usr/lib/nagios/plugins/check_http "$@"; }
curl_of_debian() { LD_LIBRARY_PATH=root/usr/lib/x86_64-linux-gnu root/usr/bin/curl "$@"; }
{ check_http -V || true; } | grep -q "2.3.3"
curl_of_debian --version | head -1 | grep -q "curl 7.88.1"
read -r port probe < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')
cat >server.mjs <<'JS'
import { createServer } from "node:http";
const port = Number(process.argv[2]);
createServer(({ url }, response) => {
  if (url === "/healthz") response.writeHead(302, { location: `http://127.0.0.1:${port}/sign-in` });
  else if (url === "/gone") response.writeHead(302, { location: "http://127.0.0.1:1/sign-in" });
  else if (url !== "/sign-in") response.writeHead(Number(url.slice(1)));
  response.end(url === "/sign-in" ? "Please sign in." : "");
}).listen(port, "127.0.0.1");
JS
cat >blackbox.yml <<'YAML'
modules:
  plain: { prober: http }
  no_redirects: { prober: http, http: { follow_redirects: false } }
YAML
node server.mjs "$port" & server=$!
root/usr/bin/prometheus-blackbox-exporter --config.file=blackbox.yml --web.listen-address="127.0.0.1:$probe" 2>log & exporter=$!
trap 'kill $server $exporter; rm -rf "$dir"' EXIT
for one in "$port/sign-in" "$probe/"; do
  for _ in $(seq 100); do curl_of_debian -s -o /dev/null "http://127.0.0.1:$one" && break; sleep 0.1; done
done
# expect CODE WHAT COMMAND…: its exit code.
expect() {
  wanted=$1 what=$2; shift 2
  code=0; "$@" >out 2>&1 || code=$?
  echo "$what: exit code $code $(head -1 out | cut -d'|' -f1)"
  [ "$code" = "$wanted" ]
}
plugin=(check_http -H 127.0.0.1 -p "$port")
expect 0 "check_http" "${plugin[@]}" -u /healthz
grep -q "HTTP OK: HTTP/1.1 302 Found" out
expect 0 "check_http, a sign-in page that is down" "${plugin[@]}" -u /gone
expect 0 "check_http -f follow" "${plugin[@]}" -u /healthz -f follow
expect 2 "check_http -f critical" "${plugin[@]}" -u /healthz -f critical
expect 2 "check_http -e 200" "${plugin[@]}" -u /healthz -e 200
for status in 401 403 404; do expect 1 "check_http, $status" "${plugin[@]}" -u "/$status"; done
expect 2 "check_http, 503" "${plugin[@]}" -u /503
expect 0 "curl --fail" curl_of_debian -sS --fail "http://127.0.0.1:$port/healthz"
expect 0 "curl --fail-with-body" curl_of_debian -sS --fail-with-body "http://127.0.0.1:$port/healthz"
for module in plain no_redirects; do
  curl_of_debian -s "http://127.0.0.1:$probe/probe?module=$module&target=http://127.0.0.1:$port/healthz" >metrics
  echo "blackbox exporter, $module: $(grep '^probe_success' metrics), $(grep '^probe_http_status_code' metrics)"
  case $module in plain) grep -q '^probe_success 1' metrics ;; *) grep -q '^probe_success 0' metrics ;; esac
done
echo "as stated: monitoring-plugins 2.3.3, blackbox exporter 0.23.0, curl 7.88.1"
