#!/usr/bin/env bash
# rsnapshot: each night that fails turns the copies on all the same. After as many failed nights as it keeps copies they are all one night's, and the older ones are deleted.
#
# rsnapshot 1.4.5 (Debian 12's package) with rsync; `retain nightly 3`.
# Behaviour, with three good nights kept, and then three in which the source cannot be had:
# - a `backup_script`, such as one that asks a server for its export, ends with 1: "Rolling back", exit code 1. Before that the oldest copy was deleted and the others
#   moved up; what is rolled back to is the newest one once more. After the second such night all three are the third night's.
# - rsync over a connection that fails: the same.
# - a folder on this machine that is not there, or a configuration with a slip: refused before anything moves.
# - With `sync_first 1`, and `rsnapshot sync && rsnapshot nightly`, a failed night moves nothing.
#
# Who is hurt: whoever keeps copies by the night so that a fault that is noticed late can be undone: a week of a changed token, with mails that nobody reads, and the week's
# copies are seven of the same file. Set `sync_first 1`, and let `nightly` run only after a `sync` that ended with 0.
#
# Needs Debian 12's apt-get and dpkg-deb, perl and rsync; nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get download rsnapshot=1.4.5-1 >/dev/null 2>&1
dpkg-deb -x rsnapshot_*.deb .
mkdir source copies
printf '#!/bin/sh\ncp %s/source/export .\n' "$dir" >good.sh
printf '#!/bin/sh\nexit 1\n' >fails.sh
# In ssh's place: the command on this machine, or a connection that is refused.
printf '#!/bin/sh\nwhile [ "$1" != rsync ]; do shift; done\nexec "$@"\n' >ssh-good.sh
printf '#!/bin/sh\nexit 255\n' >ssh-fails.sh
chmod +x ./*.sh
# FILE, the source, what stands for ssh, further lines.
config() {
  { printf 'config_version\t1.2\nsnapshot_root\t%s/copies/\nno_create_root\t1\ncmd_cp\t/bin/cp\ncmd_rm\t/bin/rm\ncmd_rsync\t%s\n' "$dir" "$(command -v rsync)"
    printf 'cmd_ssh\t%s/%s\nretain\tnightly\t3\nlockfile\t%s/pid\n%b' "$dir" "$3" "$dir" "$4"; printf '%b\n' "$2"; } >"$1"
}
config script.conf "backup_script\t$dir/good.sh\texport/" ssh-good.sh ''
config script-fails.conf "backup_script\t$dir/fails.sh\texport/" ssh-good.sh ''
config remote.conf "backup\troot@server:$dir/source/\texport/" ssh-good.sh ''
config remote-fails.conf "backup\troot@server:$dir/source/\texport/" ssh-fails.sh ''
config absent.conf "backup\t$dir/absent/\texport/" ssh-good.sh ''
config sync-fails.conf "backup_script\t$dir/fails.sh\texport/" ssh-good.sh 'sync_first\t1\n'
run() { perl usr/bin/rsnapshot -c "$@" >out.txt 2>&1; }
kept() { for copy in 0 1 2; do find "copies/nightly.$copy" -type f -exec cat {} +; done | paste -sd' '; }
three_nights() {
  rm -rf copies/*
  for night in first second third; do echo "$night" >source/export; run "$1" nightly || { cat out.txt; exit 1; }; done
  [ "$(kept)" = "third second first" ] || { kept; exit 1; }
}
# CONFIGURATION, kept after one failed night and after two.
fails() {
  for expected in "$2" "$3"; do
    if run "$1" nightly; then echo "changed: the exit code is 0"; exit 1; fi
    echo "$1, a failed night: kept are $(kept)"
    [ "$(kept)" = "$expected" ] || { echo "changed"; cat out.txt; exit 1; }
  done
}
three_nights script.conf
fails script-fails.conf "third third second" "third third third"
grep 'Rolling back' out.txt
three_nights remote.conf
fails remote-fails.conf "third third second" "third third third"
three_nights script.conf
fails absent.conf "third second first" "third second first"
if run sync-fails.conf sync; then echo "changed: sync ends with 0"; exit 1; fi
echo "sync_first, a sync that failed: kept are $(kept)"
[ "$(kept)" = "third second first" ]
echo "as stated: rsnapshot 1.4.5"
