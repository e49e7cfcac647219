#!/usr/bin/env bash
# restic forget: where the file has the day in its name, or the host is a new container each day, no rule ever forgets a copy. The exit code is 0.
#
# restic 0.14.0 (Debian 12).
# Behaviour, of five copies of five days, the newest of today, the oldest of last year:
# - `restic forget --keep-last 2`, `--keep-daily 2` and `--keep-within 30d` count for each host and each path by itself. Of files named after their day
#   (`export-05.age`), and of one file from five hosts, all five snapshots stay. The exit code is 0, and `--prune` removes nothing.
# - `--keep-within 30d` counts from the newest snapshot of the host and path, not from today: last year's stays.
# - Of one file's name and one host two stay, or what is younger than 30 days.
# - `--group-by ''` counts all together, and keeps as many.
# - `restic backup --stdin` of a command that breaks off makes a good snapshot of the half, with exit code 0, unless the shell has `pipefail`; with it, the
#   snapshot is there as well, and is `latest`.
#
# Who is hurt: whoever erases a person's shares, and promises that the copies go after 30 days: every nightly export of the last years is still there, and
# opens. Name the file the same each day, give `--host`, or forget with `--group-by ''`; then count `restic snapshots`.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export HOME="$dir" RESTIC_PASSWORD=finding RESTIC_CACHE_DIR="$dir/cache"
unset RESTIC_PASSWORD_FILE RESTIC_PASSWORD_COMMAND RESTIC_REPOSITORY_FILE
apt-get download -q -o APT::Sandbox::User=root restic >/dev/null
dpkg-deb -x restic_*.deb root
restic() { root/usr/bin/restic "$@"; }
restic version | grep "^restic 0.14.0 "
days=("400 days ago" "90 days ago" "40 days ago" "1 day ago" "now")
snapshots() { restic snapshots --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))'; }
# repository NAME FILE HOST: five snapshots; FILE and HOST may name the day
repository() {
  export RESTIC_REPOSITORY="$dir/$1"
  restic init --quiet
  for day in 0 1 2 3 4; do
    local file host; file=$(eval "echo $2") host=$(eval "echo $3")
    echo "export of day $day" >"$file"
    restic backup --quiet --host "$host" --time "$(date -d "${days[$day]}" '+%F %T')" "$file"
  done
}
# left NAME EXPECTED RULE…: a copy of the repository, and how many snapshots the rule leaves
left() {
  local name=$1 expected=$2 code=0; shift 2
  rm -rf try cache; cp -r "$name" try; export RESTIC_REPOSITORY="$dir/try"
  restic forget --quiet --prune "$@" >/dev/null || code=$?
  echo "$name, forget $*: exit code $code, $(snapshots) of 5 are left"
  [ "$code" = 0 ] && [ "$(snapshots)" = "$expected" ]
}
repository names 'export-$day.age' server
repository hosts export.age 'container-$day'
repository same export.age server
for name in names hosts; do
  left $name 5 --keep-last 2
  left $name 5 --keep-daily 2
  left $name 5 --keep-within 30d
  left $name 2 --keep-last 2 --group-by ''
  left $name 2 --keep-within 30d --group-by ''
done
left same 2 --keep-last 2
left same 2 --keep-daily 2
left same 2 --keep-within 30d

export RESTIC_REPOSITORY="$dir/stdin"
restic init --quiet
halfway() { echo "the first half"; return 1; }
echo "a whole export" | restic backup --quiet --stdin --stdin-filename export
set +o pipefail; code=0; halfway | restic backup --quiet --stdin --stdin-filename export || code=$?
echo "the half from a pipe: exit code $code, latest is \"$(restic dump latest export)\""
[ "$code" = 0 ] && [ "$(restic dump latest export)" = "the first half" ] && [ "$(snapshots)" = 2 ]
set -o pipefail; code=0; halfway | restic backup --quiet --stdin --stdin-filename export || code=$?
echo "with pipefail: exit code $code, $(snapshots) snapshots"
[ "$code" = 1 ] && [ "$(snapshots)" = 3 ]
echo "as stated: restic 0.14.0"
