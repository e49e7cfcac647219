#!/usr/bin/env bash
# Apprise (one command for a hundred chat and mail services): an address that it cannot read is left out, and one with a tag is not asked. The alarm goes to fewer, or to
# nobody.
#
# apprise 2.2.0 (PyPI), against a server on this machine.
# Behaviour of `apprise -b TEXT` with addresses, or with a file of them (`-c`):
# - Two addresses, of which one has a slip (`slak://`) or a token of the wrong form: a line on stderr, the other one gets the text, and the exit code is 0. So it
#   is with a line of the file. A file that is not there, beside an address on the command line, is passed over without a word.
# - In the file `ops=json://…`, an address with a tag: `apprise -c FILE -b TEXT` sends nothing and prints nothing. The exit code is 3. So does `-g opps`, with a slip.
#   `-g ops`, or `-g all`, sends. In Python `notify()` without a tag sends to all of them.
# - A service that answers 404 or 500 is exit code 1.
# - In Python `add()` of such an address gives False and raises nothing; `notify()` to the rest is a success.
#
# Who is hurt: whoever sends alarms through it from a script that looks at the exit code for 0, or not at all: after a token was renewed, or somebody put a tag into the file, the
# pager is silent and the mail still comes. Send a test with each service alone, with `-g all`, and take every exit code but 0, and each line on stderr, for a failure.
#
# Needs Python 3 with venv.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check apprise==2.2.0

cat >server.py <<'PY'
from http.server import BaseHTTPRequestHandler, HTTPServer
class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        with open("got.txt", "a") as file: file.write("x")
        self.send_response(int(self.path[1:4])); self.end_headers()
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 0), Server)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 server.py & server=$!
until [ -s port ]; do sleep 0.1; done
good="json://127.0.0.1:$(cat port)/200"
echo "ops=$good" >tagged.conf
printf '%s\nslack://token\n' "$good" >slip.conf
# EXIT CODE, messages that arrive, then what comes after `apprise -b TEXT`.
sent() {
  local expected="$1 $2" code=0; shift 2
  : >got.txt
  venv/bin/apprise -b "the database is down" "$@" >out.txt 2>&1 || code=$?
  echo "$* : exit code $code, $(wc -c <got.txt) sent; it says: $(cut -d- -f5- out.txt | tail -1)" | sed "s/$(cat port)/PORT/g"
  [ "$code $(wc -c <got.txt)" = "$expected" ] || { echo "changed: expected $expected"; cat out.txt; exit 1; }
}
sent 0 1 "$good"
sent 0 1 "$good" slak://TokenA/TokenB/TokenC
sent 0 1 "$good" slack://token
sent 0 1 -c slip.conf
sent 0 1 -c absent.conf "$good"
sent 3 0 -c tagged.conf
[ ! -s out.txt ]
sent 3 0 -c tagged.conf -g opps
sent 0 1 -c tagged.conf -g ops
sent 0 1 -c tagged.conf -g all
sent 1 1 "${good%200}404"
sent 1 1 "${good%200}500"
venv/bin/python - "$good" <<'PY'
import logging, sys, apprise
logging.disable()
one = apprise.Apprise()
added = [one.add(sys.argv[1]), one.add("slack://token")]
sent = one.notify("the database is down")
tagged = apprise.Apprise()
config = apprise.AppriseConfig(); config.add("tagged.conf"); tagged.add(config)
every = tagged.notify("the database is down")
nobody = tagged.notify("the database is down", tag="opps")
print("Python:", added, sent, every, nobody)
assert (added, bool(sent), bool(every), bool(nobody)) == ([True, False], True, True, False)
PY
echo "as stated: apprise 2.2.0"
