#!/usr/bin/env bash
# `wrangler d1 export` of a database with a trigger on a view: the dump cannot be loaded, by wrangler or by SQLite.
#
# wrangler 4.156.0 with Node 24.21.0, local D1, and any sqlite3 as the peer, where there is one.
# Behaviour: the dump holds the tables first, then indexes, triggers and views, by kind. An INSTEAD OF trigger stands before its view:
# "no such table: main.doors". The export itself says nothing. A trigger that only reads a view in its body is no trouble: SQLite looks
# it up when the trigger runs.
#
# Who is hurt: whoever keeps such dumps as a backup learns of it on the day when it is needed. Put INSTEAD OF triggers on no view that
# has to be in a dump: a BEFORE INSERT trigger on an empty table that ends with RAISE(IGNORE) does the same.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0
export PATH="$dir/node_modules/.bin:$PATH"

echo 'compatibility_date = "2026-10-23"' >wrangler.toml
for name in view copy1 table copy2; do
  printf '[[d1_databases]]\nbinding = "%s"\ndatabase_name = "%s"\ndatabase_id = "%s"\n' "$(echo "$name" | tr a-z A-Z)" "$name" "$name" >>wrangler.toml
done
execute() { wrangler d1 execute "$@" --local >out.txt 2>&1; }

cat >view.sql <<'SQL'
CREATE TABLE log (note TEXT);
CREATE VIEW doors AS SELECT '' AS note WHERE false;
CREATE TRIGGER knocked INSTEAD OF INSERT ON doors BEGIN INSERT INTO log VALUES (NEW.note); END;
SQL
cat >table.sql <<'SQL'
CREATE TABLE log (note TEXT);
CREATE TABLE doors (note TEXT);
CREATE VIEW notes AS SELECT note FROM log;
CREATE TRIGGER knocked BEFORE INSERT ON doors WHEN NOT EXISTS (SELECT 1 FROM notes WHERE note = NEW.note)
BEGIN INSERT INTO log VALUES (NEW.note); SELECT RAISE(IGNORE); END;
SQL
for name in view table; do
  execute "$name" --file "$name.sql"
  execute "$name" --command "INSERT INTO doors (note) VALUES ('knock')"
  wrangler d1 export "$name" --local --output "$name.dump.sql" >out.txt 2>&1
done

if execute copy1 --file view.dump.sql; then echo "changed: a trigger before its view is loaded"; exit 1; fi
grep -o "no such table: main.doors" out.txt
if command -v sqlite3 >/dev/null; then
  if sqlite3 peer.db <view.dump.sql 2>err.txt; then echo "changed: sqlite3 loads it"; exit 1; fi
  grep -o "no such table: main.doors" err.txt
fi
execute copy2 --file table.dump.sql
execute copy2 --command "INSERT INTO doors (note) VALUES ('knock again')"
found=$(wrangler d1 execute copy2 --local --json --command "SELECT (SELECT count(*) FROM log) || ' ' || (SELECT count(*) FROM doors) AS n" | node -p 'JSON.parse(fs.readFileSync(0))[0].results[0].n')
echo "the table's dump: $found"; [ "$found" = "2 0" ]
echo "as stated: wrangler 4.156.0"
