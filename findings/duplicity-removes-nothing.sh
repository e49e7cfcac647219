#!/usr/bin/env bash
# duplicity remove-older-than 30D: a nightly job that never says "full" removes nothing, ever, and where it could, it only says so. The exit code is 0.
#
# duplicity 0.8.22 (Debian 12).
# Behaviour, of copies of one file, 60, 50, 40, 5 and 1 days old:
# - `duplicity source target` makes a full copy the first time, and what changed since (an increment) from then on. An increment needs all copies before it, back
#   to the full one. So `remove-older-than 30D` removes nothing: also with `--force`, with exit code 0. The file of 50 days ago can be restored.
# - With full copies it removes a chain once the newest copy of it is older than 30 days. A full copy of 40 days ago stays for as long as an increment of
#   yesterday needs it.
# - Without `--force` it removes nothing in that case either: it says so, and ends with 0.
# - `remove-all-but-n-full 1` counts chains, too.
#
# Who is hurt: whoever erases a person's shares, and promises that the copies go after 30 days: the first copy is there for ever, and opens. Make full copies
# (`--full-if-older-than 7D`), give `--force`, and count by `collection-status`, not by the exit code.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64), and its Python (/usr/bin/python3); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export HOME="$dir" LC_ALL=C.UTF-8
apt-get download -q -o APT::Sandbox::User=root duplicity librsync2 libb2-1 python3-fasteners python3-monotonic python3-future python3-lockfile >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export PYTHONPATH="$dir/root/usr/lib/python3/dist-packages" LD_LIBRARY_PATH; LD_LIBRARY_PATH=$(echo "$dir"/root/usr/lib/*-linux-gnu)
duplicity() { /usr/bin/python3 root/usr/bin/duplicity --archive-dir "$dir/cache" "$@" 2>/dev/null; }
duplicity --version | grep "^duplicity 0.8.22"

# copies NAME HOW…: five copies, each as on its day; HOW is full, incr, or "" for what duplicity chooses
copies() {
  local name=$1 how; shift
  rm -rf cache source; mkdir -p source "$name"
  for ago in 60 50 40 5 1; do
    how=$1; shift
    echo "the shares of $ago days ago" >source/export
    duplicity $how --no-encryption --current-time "$(date -d "$ago days ago" +%s)" source "file://$dir/$name" >/dev/null
  done
}
kept() { duplicity collection-status "file://$dir/$1" | grep -cE '^ +(Full|Incremental) '; }
# removes NAME EXPECTED COMMAND…: how many of the five copies are left
removes() {
  local name=$1 expected=$2 code=0; shift 2
  duplicity "$@" "file://$dir/$name" >said || code=$?
  echo "$name, $*: exit code $code, $(kept "$name") of 5 copies are left; it says: $(tail -1 said)"
  [ "$code" = 0 ] && [ "$(kept "$name")" = "$expected" ]
}
copies nightly "" "" "" "" ""
removes nightly 5 remove-older-than 30D
removes nightly 5 remove-older-than 30D --force
removes nightly 5 remove-all-but-n-full 1 --force
duplicity restore --no-encryption --time 50D "file://$dir/nightly" old >/dev/null
cat old/export
[ "$(cat old/export)" = "the shares of 50 days ago" ]

copies full full full full full full
removes full 5 remove-older-than 30D
removes full 2 remove-older-than 30D --force
copies chains full incr full incr incr
removes chains 3 remove-older-than 30D --force
echo "as stated: duplicity 0.8.22"
