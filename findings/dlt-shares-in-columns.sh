#!/usr/bin/env bash
# dlt (data load tool): of a share with "x" and "X" one is left, of `userId` and `user_id` too. The load reports no error.
#
# dlt 1.31.0 with duckdb 2.0.1 (PyPI), with dlt's defaults, and with `max_table_nesting=0`.
# Behaviour, of rows with a user and a share, loaded by `pipeline.run(rows, table_name="shares")`:
# - A share that is an object becomes columns (`share__m__a`), and its lists become other tables. A column's name is in small letters, so "x" and "X",
#   which cryptography has for a secret and its public point, are one column: it holds the one that stood later. The other is nowhere in the database.
# - A row with `userId` and `user_id` has one column of them, with the later value.
# - Where some shares are texts and others objects there is a column `share`, and it is NULL for the objects.
# - If the first user's id is a number, the column is one: the user "007" of a later row is 7.
# - `dlt.resource(rows, name="shares", max_table_nesting=0)` keeps an object whole, as JSON. Names at the top, and numbers, are as before.
# - What has no such pair of names, and is a text, comes through as it is.
#
# Who is hurt: whoever loads the rows of their own backup server, or an export, into a warehouse or into the database that they move to. The load is
# complete, row by row, and what the share recovers with was replaced by what everybody may know. Keep a share in a text, load with
# `max_table_nesting=0`, and compare some shares byte by byte.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export RUNTIME__DLTHUB_TELEMETRY=false RUNTIME__LOG_LEVEL=WARNING DLT_DATA_DIR="$dir/dlt" HOME="$dir"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check 'dlt[duckdb]==1.31.0' duckdb==2.0.1

cat >run.py <<'PY'
import json

import dlt, duckdb

runs = 0
def loaded(rows, **options):
    """The columns of shares, its rows, and the names of all tables."""
    global runs
    runs += 1
    pipeline = dlt.pipeline(f"p{runs}", destination=dlt.destinations.duckdb(f"{runs}.duckdb"), dataset_name="finding", pipelines_dir="pipelines")
    pipeline.run(dlt.resource(rows, name="shares", **options)).raise_on_failed_jobs()
    with duckdb.connect(f"{runs}.duckdb") as database:
        shares = database.sql("SELECT * EXCLUDE (_dlt_load_id, _dlt_id) FROM finding.shares")
        tables = [name for name, in database.sql("SELECT table_name FROM information_schema.tables").fetchall() if not name.startswith("_dlt")]
        return shares.columns, shares.fetchall(), sorted(tables)

share = {"x": "the secret", "X": "the public point", "m": {"a": "1"}, "list": ["2"]}
columns, rows, tables = loaded([{"userId": "ann", "share": share}])
print(columns, rows, tables)
assert columns == ["user_id", "share__x", "share__m__a"] and rows == [("ann", "the public point", "1")]
assert tables == ["shares", "shares__share__list"]
with duckdb.connect("1.duckdb") as database:
    for table, in database.sql("SELECT DISTINCT table_name FROM information_schema.tables WHERE table_schema = 'finding'").fetchall():
        assert "the secret" not in str(database.sql(f'SELECT * FROM finding."{table}"').fetchall()), table

turned = {"X": "the public point", "x": "the secret"}
assert loaded([{"userId": "ann", "share": turned}])[1] == [("ann", "the secret")]

columns, rows, _ = loaded([{"userId": "ann", "user_id": "bob", "share": "a share"}])
print(columns, rows)
assert (columns, rows) == (["user_id", "share"], [("bob", "a share")])

text = json.dumps(share)
columns, rows, _ = loaded([{"userId": "ann", "share": text}, {"userId": "bob", "share": share}])
print(columns, rows)
assert [row[columns.index("share")] for row in rows] == [text, None]

columns, rows, _ = loaded([{"userId": 1}, {"userId": "007"}])
print(columns, rows)
assert rows == [(1,), (7,)]
assert loaded([{"userId": "1"}, {"userId": "007"}])[1] == [("1",), ("007",)]

columns, rows, tables = loaded([{"userId": "ann", "share": share}], max_table_nesting=0)
print("max_table_nesting=0:", columns, rows, tables)
assert columns == ["user_id", "share"] and json.loads(rows[0][1]) == share and tables == ["shares"]
assert loaded([{"userId": "ann", "user_id": "bob"}], max_table_nesting=0)[1] == [("bob",)]
assert loaded([{"userId": 1}, {"userId": "007"}], max_table_nesting=0)[1] == [(1,), (7,)]
PY
py/bin/python run.py 2>said
if [ -s said ]; then cat said; echo "changed: it says something"; exit 1; fi
echo "as stated: dlt 1.31.0, duckdb 2.0.1"
