#!/usr/bin/env bash
# sqlite-utils transform, which renames or drops a column: the table's triggers are gone, as are COLLATE NOCASE and generated columns. The exit code
# is 0.
#
# sqlite-utils 4.2.1 (PyPI), with the SQLite of Python 3.11.
# Behaviour of `sqlite-utils transform FILE shares --rename at stored_at`, and of `table.transform()` in Python:
# - it makes the table anew and drops the old one, and its triggers with it; they are not made again, and nothing says so;
# - a column with COLLATE NOCASE is without it, so a UNIQUE over it takes "gdrive" beside "GDRIVE";
# - a generated column is not there any more. A partial index is refused, with an error.
# - STRICT, CHECK, NOT NULL, DEFAULT, UNIQUE and the foreign keys stay; the rows, too.
#
# Who is hurt: whoever puts a column right in a copy of a database whose triggers keep each replaced share, or forbid to delete one. From then on a newer share
# replaces the older one for good, one user has two shares of one method, and the schema's tables look as before. Read the schema before and
# after (`sqlite-utils schema FILE`), or use SQLite's own `ALTER TABLE … RENAME COLUMN`, which keeps all of it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sqlite-utils==4.2.1
export PATH="$dir/venv/bin:$PATH"

cat >run.py <<'PYTHON'
import re, sqlite3, subprocess
import sqlite_utils

SCHEMA = """
CREATE TABLE users (id TEXT PRIMARY KEY) STRICT;
CREATE TABLE history (id TEXT, share TEXT) STRICT;
CREATE TABLE shares (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  method TEXT NOT NULL COLLATE NOCASE DEFAULT 'UNKNOWN',
  share TEXT NOT NULL CHECK (length(share) > 0),
  at INTEGER NOT NULL,
  shown TEXT GENERATED ALWAYS AS (upper(method)) VIRTUAL,
  UNIQUE (user_id, method)
) STRICT;
CREATE TRIGGER keep BEFORE UPDATE ON shares BEGIN INSERT INTO history VALUES (old.id, old.share); END;
INSERT INTO users VALUES ('ann');
INSERT INTO shares (id, user_id, method, share, at) VALUES ('1', 'ann', 'GDRIVE', 'first', 5);
"""

def rename_by_command(file):
    done = subprocess.run(["sqlite-utils", "transform", file, "shares", "--rename", "at", "stored_at"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

def rename_in_python(file):
    db = sqlite_utils.Database(file)
    db["shares"].transform(rename={"at": "stored_at"})
    db.close()

def rename_in_sql(file):
    db = sqlite3.connect(file)
    db.execute("ALTER TABLE shares RENAME COLUMN at TO stored_at")
    db.close()

def look(name, rename):
    db = sqlite3.connect(name)
    db.executescript(SCHEMA)
    db.close()
    rename(name)
    db = sqlite3.connect(name)
    db.execute("PRAGMA foreign_keys = ON")
    triggers = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")]
    db.execute("UPDATE shares SET share = 'second' WHERE id = '1'")
    history = db.execute("SELECT id, share FROM history").fetchall()
    try:
        db.execute("INSERT INTO shares (id, user_id, method, share, stored_at) VALUES ('2', 'ann', 'gdrive', 'third', 6)")
        twice = True
    except sqlite3.IntegrityError:
        twice = False
    sql = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'shares'").fetchone()[0]
    kept = [word for word in ("STRICT", "CHECK", "CASCADE", "DEFAULT 'UNKNOWN'", "UNIQUE") if word in sql]
    seen = {"triggers": triggers, "history": history, "method twice": twice, "generated": "shown" in sql, "kept": kept}
    print(name, seen)
    return seen

kept = ["STRICT", "CHECK", "CASCADE", "DEFAULT 'UNKNOWN'", "UNIQUE"]
lost = {"triggers": [], "history": [], "method twice": True, "generated": False, "kept": kept}
assert look("command.db", rename_by_command) == lost
assert look("python.db", rename_in_python) == lost
whole = {"triggers": ["keep"], "history": [("1", "first")], "method twice": False, "generated": True, "kept": kept}
assert look("sql.db", rename_in_sql) == whole

db = sqlite3.connect("partial.db")
db.executescript(SCHEMA + "CREATE INDEX newest ON shares (at) WHERE method = 'GDRIVE';")
db.close()
refused = subprocess.run(["sqlite-utils", "transform", "partial.db", "shares", "--rename", "at", "stored_at"], capture_output=True, text=True)
assert refused.returncode == 1 and re.search("partial or expression index", refused.stderr)
PYTHON
python3 run.py
echo "as stated: sqlite-utils 4.2.1"
