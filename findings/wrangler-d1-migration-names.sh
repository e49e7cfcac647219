#!/usr/bin/env bash
# `wrangler d1 migrations apply` knows migrations by their names alone: one that got another name runs again, one with a smaller number runs last, and those of Prisma's folders are
# "No migrations to apply!".
#
# wrangler 4.156.0 with Node 24.21.0, a local D1.
# Behaviour, where 1_init, 2_users and 9_shares have been applied:
# - A new 3_more, from a branch that was merged late, runs after 9_shares; on an empty database it runs before it. So two databases have had two orders.
# - 2_users is renamed to 0002_users: it runs a second time. What it inserts is there twice; what it deletes or resets is deleted or reset again.
# - A file that was changed after it was applied is not applied, and nothing says so.
# - A folder `20270101_more/migration.sql`, as Prisma makes it, and a file `10_more.SQL`, are not seen: "No migrations to apply!", exit code 0.
# - The order is that of the numbers (9 before 10); names without one come last, by their letters. A migration that fails halfway leaves nothing, and those after it do not run.
#
# Who is hurt: whoever tidies the names of migrations, say to four digits, with the database live: each of them runs again, down to the first; one that clears a table before it fills
# it clears it. Whoever brings Prisma's folders along deploys a Worker whose columns are not there. Never rename a migration that was applied, and look at `d1 migrations list` before.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

printf 'name = "finding"\ncompatibility_date = "2026-10-23"\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "finding"\ndatabase_id = "finding"\n' >wrangler.toml
mkdir migrations
migration() { echo "CREATE TABLE IF NOT EXISTS ran (id INTEGER PRIMARY KEY, what TEXT); INSERT INTO ran (what) VALUES ('${2:-$1}');" >"migrations/$1"; }
query='SELECT group_concat(what) AS ran FROM (SELECT what FROM ran ORDER BY id)'
# What has run, in order; further options.
applied() {
  local expected=$1 code=0 ran; shift
  wrangler d1 migrations apply finding --local "$@" >out.txt 2>&1 </dev/null || code=$?
  ran=$(wrangler d1 execute finding --local "$@" --json --command "$query" </dev/null | sed -n 's/.*"ran": "\(.*\)".*/\1/p')
  echo "exit code $code, ran: $ran"
  [ "$code $ran" = "$expected" ] || { echo "changed: expected $expected"; cat out.txt; exit 1; }
}
for file in 9_shares.sql 1_init.sql 2_users.sql; do migration $file; done
first="1_init.sql,2_users.sql,9_shares.sql"
applied "0 $first"
migration 3_more.sql
applied "0 $first,3_more.sql"
applied "0 1_init.sql,2_users.sql,3_more.sql,9_shares.sql" --persist-to empty
mv migrations/2_users.sql migrations/0002_users.sql
applied "0 $first,3_more.sql,2_users.sql"
migration 1_init.sql changed
mkdir migrations/20270101_more
echo "INSERT INTO ran (what) VALUES ('folder');" >migrations/20270101_more/migration.sql
echo "INSERT INTO ran (what) VALUES ('capitals');" >migrations/10_more.SQL
applied "0 $first,3_more.sql,2_users.sql"
grep 'No migrations to apply' out.txt
printf "INSERT INTO ran (what) VALUES ('half');\nINSERT INTO nothing VALUES (1);\n" >migrations/11_half.sql
migration 12_after.sql
applied "1 $first,3_more.sql,2_users.sql"
rm migrations/11_half.sql; migration zebra.sql; migration init.sql
applied "0 $first,3_more.sql,2_users.sql,12_after.sql,init.sql,zebra.sql"
echo "as stated: wrangler 4.156.0"
