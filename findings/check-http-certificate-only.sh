#!/usr/bin/env bash
# check_http with -C (warn before the certificate ends): it looks at the certificate and asks for no page. The server answers 503 to all, and the check says OK.
#
# check_http 2.3.3 (Debian 12's package monitoring-plugins-basic 2.3.3-5+deb12u2), against an HTTPS server on this machine that answers 503.
# Behaviour of `check_http --ssl -u /readyz`:
# - alone: "HTTP CRITICAL: HTTP/1.0 503", exit code 2.
# - with `-C 30`: "OK - Certificate … will expire on …", exit code 0. The server sees no request. `-u`, `-e 200`, `-s ok` and `-r ok` beside it are taken, and do nothing.
# - with `--continue-after-certificate` as well it says both, and the exit code is 2.
#
# Who is hurt: whoever adds the days to the check that they have, so that one check tells both: from then on it is blind to everything but the certificate, which Cloudflare
# renews by itself. Make two checks of it, or add `--continue-after-certificate`, and see the check fail once.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64), openssl and Python 3; nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
apt-get download monitoring-plugins-basic=2.3.3-5+deb12u2 >/dev/null 2>&1
dpkg-deb -x monitoring-plugins-basic_*.deb .
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 400 -subj /CN=localhost 2>/dev/null
cat >server.py <<'PY'
import http.server, ssl
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("asked.txt", "a") as file: file.write("x")
        self.send_response(503); self.end_headers(); self.wfile.write(b'{"status":"down"}')
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Server)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 server.py 2>/dev/null & server=$!
until [ -s port ]; do sleep 0.1; done
# EXIT CODE, requests that the server saw, then further options.
check() {
  local expected="$1 $2" code=0; shift 2
  : >asked.txt
  usr/lib/nagios/plugins/check_http --ssl -H localhost -I 127.0.0.1 -p "$(cat port)" -u /readyz "$@" >out.txt 2>&1 || code=$?
  echo "-u /readyz $*: exit code $code, $(wc -c <asked.txt) requests"; sed 's/^/    /; s/ |.*//' out.txt
  [ "$code $(wc -c <asked.txt)" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
}
check 2 1
check 0 0 -C 30
check 0 0 -C 30 -e 200
check 0 0 -C 30 -s ok
check 0 0 -C 30 -r ok
grep -q '^OK - Certificate' out.txt
check 2 1 -C 30 --continue-after-certificate
echo "as stated: check_http 2.3.3"
