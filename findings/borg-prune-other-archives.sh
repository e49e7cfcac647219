#!/usr/bin/env bash
# borg: "keep the last three" counts all archives of a repository, so the export that is made more often pushes the others out; and what is deleted stays on the disk.
#
# borg 1.2.4 (Debian 12).
# Behaviour, of a repository with five archives of a daily export of users, `users-5` to `users-1`, and five of an hourly one, `audit-…`:
# - `borg prune --keep-last 3` keeps three hourly ones, and no archive of the users. So does any rule: it looks at no name. restic counts by host and
#   path, borg counts all together. The exit code is 0.
# - `--glob-archives 'users-*'` counts these alone.
# - After `prune` and after `delete` of an archive the repository is as large as before, and has the deleted file's content (here without encryption: the text is
#   there). Only `borg compact` takes it away. `delete` says so in no line.
# - Where only `borg list` is looked at, all of this is invisible: the archive is gone from it at once.
#
# Who is hurt: whoever keeps exports of two databases in one repository: the night on which the second one is added, the first one's copies begin to go,
# and are all gone with the next `compact`. And whoever erases a person's shares and deletes the old copies: they stay. Give each export a repository of its
# own, or a glob; end each job with `borg compact`, and count the archives of each export afterwards.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64), and its Python (/usr/bin/python3); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export HOME="$dir" BORG_BASE_DIR="$dir" BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes LC_ALL=C.UTF-8
unset BORG_PASSPHRASE BORG_PASSCOMMAND BORG_CACHE_DIR BORG_CONFIG_DIR
apt-get download -q -o APT::Sandbox::User=root borgbackup python3-msgpack python3-packaging >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export PYTHONPATH="$dir/root/usr/lib/python3/dist-packages"
borg() { /usr/bin/python3 root/usr/bin/borg "$@"; }
[ "$(borg --version)" = "borg 1.2.4" ]

# repository NAME: with the ten archives
repository() {
  export BORG_REPO="$dir/$1"
  borg init --encryption none
  for ago in 5 4 3 2 1; do
    for export in users audit; do
      unit=days; [ $export = users ] || unit=hours
      { echo "export $export-$ago of a person"; head -c 1000000 /dev/urandom; } >export
      borg create --compression none --timestamp "$(date -d "$ago $unit ago" +%FT%T)" "::$export-$ago" export
    done
  done
}
names() { borg list --short | tr '\n' ' '; }
# How many megabytes it has, and of how many of the ten exports the first line is there
holds() { echo "$(du -sm "$BORG_REPO" | cut -f1) MB, $(cat "$BORG_REPO"/data/0/* | grep -aoE 'export (users|audit)-[1-5] of a person' | sort -u | wc -l) exports"; }

repository all
code=0; borg prune --keep-last 3 || code=$?
echo "prune --keep-last 3: exit code $code, left: $(names)"
[ "$code" = 0 ] && [ "$(names)" = "audit-3 audit-2 audit-1 " ]
pruned=$(holds)
borg compact
echo "after it: $pruned; after compact: $(holds)"
[ "${pruned#* MB, }" = "10 exports" ] && [[ "$(holds)" = *" MB, 3 exports" ]]

repository users
borg prune --keep-last 3 --glob-archives 'users-*'
echo "with a glob, left: $(names)"
[[ "$(names)" = *"users-3 users-2 users-1"* ]] && [ "$(names | wc -w)" = 8 ]
said=$(borg delete ::users-1 2>&1)
deleted=$(holds)
borg compact
echo "delete says \"$said\"; after it: $deleted; after compact: $(holds)"
[ "$said" = "" ] && [ "${deleted#* MB, }" = "10 exports" ] && [[ "$(holds)" = *" MB, 7 exports" ]]
echo "as stated: borg 1.2.4"
