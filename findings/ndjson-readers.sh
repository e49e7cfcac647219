#!/usr/bin/env bash
# JSON lines in data frames: a field that comes late is left out by polars, and pandas makes numbers of texts.
#
# polars 2.1.0, pandas 3.1.1, duckdb 2.0.1 and pyarrow 26.0.1 (PyPI), each with its own defaults.
# Behaviour, of a file of JSON lines whose first 150 rows are current shares, and whose last row has two more fields,
# `supersededAt` and `reason`, as an export of this service has them for a share of the history:
# - polars (`read_ndjson`, `scan_ndjson`) takes the fields from the first 100 rows. The row is there, its `supersededAt` is not: no column,
#   no error. `infer_schema_length=None` has it.
# - duckdb takes the fields from the first 20,480 rows. A new one behind them is an error that names it. `sample_size=-1` has it.
# - pandas and pyarrow have every field.
# - pandas (`read_json(lines=True)`) makes a number of a text if each text of its column is one: the user "007" is 7. If the field is
#   missing in one row, the column is floating point: the users "1234567890123456789" and "1234567890123456788" become one, 1234567890123456768.
#   `dtype=False` leaves texts alone. polars, duckdb and pyarrow keep them.
#
# Who is hurt: whoever carries an export back into a database of their own, and keeps the rows without `supersededAt`. With polars every
# superseded share is then a current one, and may replace the newer one. With pandas a share is another user's.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check polars==2.1.0 pandas==3.1.1 duckdb==2.0.1 pyarrow==26.0.1

cat >run.py <<'PY'
import json
import duckdb, pandas, polars, pyarrow.json

def write(name, rows):
    with open(name, "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)

def share(number, **more):
    return {"type": "userBackupShare", "id": f"id-{number}", "userId": f"user-{number}", "cipherText": "text", "storedAt": "2026-01-31T12:00:00.000Z", **more}

late = share(0, supersededAt="2026-02-28T12:00:00.000Z", reason="replaced")
write("late.ndjson", [share(number) for number in range(150)] + [late])
write("later.ndjson", [share(number) for number in range(20_480)] + [late])
known, all_of_them = 5, 7

print("polars:", polars.read_ndjson("late.ndjson").columns, "rows:", polars.read_ndjson("late.ndjson").height)
assert len(polars.read_ndjson("late.ndjson").columns) == len(polars.scan_ndjson("late.ndjson").collect().columns) == known
assert polars.read_ndjson("late.ndjson").height == 151
assert len(polars.read_ndjson("late.ndjson", infer_schema_length=None).columns) == all_of_them

assert len(duckdb.sql("SELECT * FROM 'late.ndjson'").columns) == all_of_them
try:
    duckdb.sql("SELECT * FROM 'later.ndjson'").fetchall()
    raise SystemExit("duckdb took it")
except duckdb.InvalidInputException as error:
    print("duckdb:", str(error).splitlines()[0])
    assert 'unknown key "supersededAt"' in str(error)
assert len(duckdb.sql("SELECT * FROM read_ndjson('later.ndjson', sample_size = -1)").fetchall()) == 20_481

assert len(pandas.read_json("later.ndjson", lines=True).columns) == all_of_them
assert pyarrow.json.read_json("later.ndjson").num_columns == all_of_them

write("ids.ndjson", [{"userId": "007"}, {"userId": "008"}])
write("large.ndjson", [{"type": "user"}, {"userId": "1234567890123456789"}, {"userId": "1234567890123456788"}])
small, large = (pandas.read_json(name, lines=True).userId for name in ("ids.ndjson", "large.ndjson"))
print("pandas:", small.tolist(), [int(value) for value in large[1:]])
assert small.tolist() == [7, 8]
assert [int(value) for value in large[1:]] == [1234567890123456768] * 2
assert pandas.read_json("ids.ndjson", lines=True, dtype=False).userId.tolist() == ["007", "008"]
assert pandas.read_json("large.ndjson", lines=True, dtype=False).userId.tolist()[1:] == ["1234567890123456789", "1234567890123456788"]
texts = ["007", "008"]
assert polars.read_ndjson("ids.ndjson")["userId"].to_list() == texts
assert [value for value, in duckdb.sql("SELECT userId FROM 'ids.ndjson'").fetchall()] == texts
assert pyarrow.json.read_json("ids.ndjson")["userId"].to_pylist() == texts
PY
venv/bin/python run.py
echo "as stated: polars 2.1.0, pandas 3.1.1, duckdb 2.0.1, pyarrow 26.0.1"
