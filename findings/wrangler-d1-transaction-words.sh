#!/usr/bin/env bash
# `wrangler d1 execute --file` and `d1 migrations apply`: words of a transaction are taken out of the data, too.
#
# wrangler 4.156.0 with Node 24.21.0, local D1, and SQLite of Node itself as the peer.
# Behaviour:
# - A file that has the words BEGIN TRANSACTION anywhere, also within a text, loses the first "BEGIN TRANSACTION;" and the first
#   "COMMIT;" wherever they stand. A row with both is stored without them. No error, no warning; a migration likewise.
# - A dump of sqlite3 (BEGIN TRANSACTION; … COMMIT;) of a table with the text "COMMIT;" loses it in the text, keeps the one at its end,
#   and is then refused, with words about the API of Durable Objects.
# - A file whose only BEGIN TRANSACTION is a part of a text without a semicolon is refused as "several transactions".
# - Without BEGIN TRANSACTION in the file, "COMMIT;" in a text stays.
#
# Who is hurt: whoever loads notes, templates or logged SQL this way has other texts than before, and is not told. Bind values as
# parameters (from a Worker, or D1's HTTP API) instead of writing them into a file.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs" CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >wrangler.toml <<'TOML'
compatibility_date = "2026-10-23"
[[d1_databases]]
binding = "DB"
database_name = "d"
database_id = "d"
TOML
texts() { wrangler d1 execute d --local --json --command "SELECT x FROM a" | node -p 'JSON.parse(fs.readFileSync(0))[0].results.map(({ x }) => x).join("|")'; }
peer() { node --no-warnings -e 'const db = new (require("node:sqlite").DatabaseSync)(":memory:"); db.exec(fs.readFileSync(process.argv[1], "utf8")); console.log(db.prepare("SELECT x FROM a").all().map(({ x }) => x).join("|"))' "$1"; }
load() { rm -rf .wrangler; wrangler d1 execute d --local --file "$1" >out.txt 2>&1; }
expect() { echo "$1: $2"; [ "$2" = "$3" ] || { echo "changed: expected $3"; exit 1; }; }
refused() { if load "$1"; then echo "changed: $1 is taken"; exit 1; fi; grep -o "$2" out.txt | head -1; }

echo "CREATE TABLE a (x TEXT); INSERT INTO a VALUES ('BEGIN TRANSACTION; first COMMIT; then push');" >both.sql
load both.sql
expect "a file" "$(texts)" " first  then push"
expect "SQLite of the same file" "$(peer both.sql)" "BEGIN TRANSACTION; first COMMIT; then push"

rm -rf .wrangler; mkdir migrations; cp both.sql migrations/0001_both.sql
wrangler d1 migrations apply d --local >out.txt 2>&1
expect "a migration" "$(texts)" " first  then push"

echo "CREATE TABLE a (x TEXT); INSERT INTO a VALUES ('first COMMIT; then push');" >commit.sql
load commit.sql
expect "without BEGIN TRANSACTION" "$(texts)" "first COMMIT; then push"

{ echo "PRAGMA foreign_keys=OFF; BEGIN TRANSACTION;"; cat commit.sql; echo "COMMIT;"; } >dump.sql
expect "SQLite of a dump" "$(peer dump.sql)" "first COMMIT; then push"
refused dump.sql "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs"
echo "CREATE TABLE a (x TEXT); INSERT INTO a VALUES ('how to BEGIN TRANSACTION');" >words.sql
expect "SQLite of words in a text" "$(peer words.sql)" "how to BEGIN TRANSACTION"
refused words.sql "it contains several transactions"
echo "as stated: wrangler 4.156.0"
