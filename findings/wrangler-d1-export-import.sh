#!/usr/bin/env bash
# `wrangler d1 export` and `d1 execute`: what comes back is not what was there.
#
# wrangler 4.156.0 with Node 24.21.0, local D1, and Debian's or any other sqlite3 as the peer, where there is one.
# Behaviour:
# - A text with a line feed and a literal backslash-n comes back with two line feeds: the export writes both as \n inside one
#   replace(). No error.
# - 2^53+1 comes back as 2^53; 1.0 of a column without a type comes back as the integer 1.
# - Tables stand in the order in which they were made. With a child before its parent the import fails ("no such table:
#   main.parent"), though the file begins with PRAGMA defer_foreign_keys.
#
# Who is hurt: whoever moves or restores a database this way has changed texts without a word, or cannot import at all. Keep
# what must be exact as base64 or as text without line feeds, and make parents first.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

echo 'compatibility_date = "2026-10-23"' >wrangler.toml
for name in from to orphan broken; do
  printf '[[d1_databases]]\nbinding = "%s"\ndatabase_name = "%s"\ndatabase_id = "%s"\n' "$(echo "$name" | tr a-z A-Z)" "$name" "$name" >>wrangler.toml
done
execute() { wrangler d1 execute "$@" --local >out.txt 2>&1; }
value() { wrangler d1 execute "$1" --local --json --command "SELECT ($2) AS value" | node -p 'JSON.parse(fs.readFileSync(0))[0].results[0].value'; }
expect() { echo "$1: $2"; [ "$2" = "$3" ] || { echo "changed: expected $3"; exit 1; }; }

cat >seed.sql <<'SQL'
CREATE TABLE parent (id INTEGER PRIMARY KEY, note TEXT, big INTEGER, any);
INSERT INTO parent VALUES (1, 'line one' || char(10) || 'C:\new', 9007199254740993, 1.0);
SQL
execute from --file seed.sql
wrangler d1 export from --local --output from.sql >out.txt 2>&1
execute to --file from.sql
for column in "hex(substr(note, 9))" "CAST(big AS TEXT)" "typeof(any)"; do
  before=$(value from "SELECT $column FROM parent"); after=$(value to "SELECT $column FROM parent")
  case $column in
    hex*) expect "$column" "$before -> $after" "0A433A5C6E6577 -> 0A433A0A6577" ;;
    CAST*) expect "$column" "$before -> $after" "9007199254740993 -> 9007199254740992" ;;
    *) expect "$column" "$before -> $after" "real -> integer" ;;
  esac
done

cat >seed.sql <<'SQL'
CREATE TABLE child (parent INTEGER REFERENCES parent(id));
CREATE TABLE parent (id INTEGER PRIMARY KEY);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1);
SQL
execute orphan --file seed.sql
wrangler d1 export orphan --local --output orphan.sql >out.txt 2>&1
if execute broken --file orphan.sql; then echo "changed: a child before its parent is imported"; exit 1; fi
grep -o "no such table: main.parent" out.txt
if command -v sqlite3 >/dev/null; then expect "sqlite3 takes the same file" "$(sqlite3 peer.db <orphan.sql && sqlite3 peer.db 'SELECT count(*) FROM child')" 1; fi
echo "as stated: wrangler 4.156.0"
