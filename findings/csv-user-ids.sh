#!/usr/bin/env bash
# User ids in CSV: where all of a file look like numbers, `007` comes out as 7 from sqlite-utils, csvkit, polars, pandas and SheetJS, without an error.
#
# sqlite-utils 4.2.1, csvkit 2.2.0, polars 2.1.0, pandas 3.1.1, duckdb 2.0.1 (PyPI); xlsx 0.18.5, papaparse 5.5.3, csv-parse 7.0.2, csvtojson 2.0.14 (npm) with Node
# 24.21.0; Miller 6.6.0 of Debian 12. Each with its own defaults.
# Behaviour, of a column of ids:
# - 007 and 7: sqlite-utils, csvkit, polars, pandas and xlsx give 7 twice. duckdb and Miller keep the zeros.
# - two of 20 digits that differ in the last one: sqlite-utils, csvkit and xlsx give one number for both. polars, pandas and duckdb keep the digits, as numbers.
# - 1e5 and 100000: these six give one number for both, duckdb and Miller too.
# - NA and null: csvkit and pandas give nothing for both, the others the texts.
# - papaparse, csv-parse and csvtojson leave all of them as they are.
#
# Who is hurt: whoever brings users from a spreadsheet or an export into lines of JSON or SQLite. One user's shares go to another one's id, or to one that no app
# asks for; with ids as in the test (all with letters) nothing is seen. Read CSV with types switched off (`--no-detect-types`, `csvjson -I`, `infer_schema=False`,
# `dtype=str, keep_default_na=False`).
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts xlsx@0.18.5 papaparse@5.5.3 csv-parse@7.0.2 csvtojson@2.0.14
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check sqlite-utils==4.2.1 csvkit==2.2.0 polars==2.1.0 pandas==3.1.1 duckdb==2.0.1
apt-get download -q -o APT::Sandbox::User=root miller >/dev/null
dpkg-deb -x miller_*.deb root

cat >read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import csvtojson from "csvtojson";
import papaparse from "papaparse";
import xlsx from "xlsx";
const text = readFileSync(process.argv[2], "utf8");
const book = xlsx.read(text, { type: "string" });
const rows = {
  xlsx: xlsx.utils.sheet_to_json(book.Sheets[book.SheetNames[0]]),
  papaparse: papaparse.parse(text, { header: true, skipEmptyLines: true }).data,
  "csv-parse": parse(text, { columns: true }),
  csvtojson: await csvtojson().fromString(text),
};
console.log(JSON.stringify(Object.fromEntries(Object.entries(rows).map(([name, list]) => [name, list.map((row) => row.userId)]))));
JS
cat >run.py <<'PY'
import json, os, pathlib, subprocess
import duckdb, pandas, polars
out = lambda *command: subprocess.run(command, check=True, capture_output=True, text=True).stdout
ids = lambda rows: [row.get("userId") for row in rows]
def sqlite_utils(file):
    pathlib.Path("rows.db").unlink(missing_ok=True)
    out("py/bin/sqlite-utils", "insert", "rows.db", "users", file, "--csv")
    return ids(json.loads(out("py/bin/sqlite-utils", "rows", "rows.db", "users")))
def miller(file):
    text = out("root/usr/bin/mlr", "--icsv", "--ojson", "cat", file)
    try:
        return ids(json.loads(text))
    except json.JSONDecodeError:
        return "no JSON"
readers = {
    "sqlite-utils": sqlite_utils,
    "csvkit": lambda file: ids(json.loads(out("py/bin/csvjson", file))),
    "polars": lambda file: polars.read_csv(file)["userId"].to_list(),
    "pandas": lambda file: [None if pandas.isna(one) else one for one in pandas.read_csv(file)["userId"].tolist()],
    "duckdb": lambda file: [row[0] for row in duckdb.sql(f"select userId from read_csv('{file}')").fetchall()],
    "Miller": miller,
}
cases = {"zeros": ["007", "7"], "long": ["12345678901234567891", "12345678901234567892"], "words": ["NA", "null"], "powers": ["1e5", "100000"]}
seen = {}
for case, given in cases.items():
    file = f"{case}.csv"
    pathlib.Path(file).write_text("userId,backupMethod\n" + "".join(f"{one},GDRIVE\n" for one in given))
    found = {name: read(file) for name, read in readers.items()} | json.loads(out("node", "read.mjs", file))
    for name, got in found.items():
        print(f"{case}: {name}: {got}")
        seen.setdefault(name, {})[case] = got
digits, words = ["12345678901234567891", "12345678901234567892"], ["NA", "null"]
as_given = {"zeros": ["007", "7"], "long": digits, "words": words, "powers": ["1e5", "100000"]}
one = {"zeros": [7, 7], "long": [12345678901234567891.0] * 2, "words": words, "powers": [100000, 100000]}
kept = one | {"long": [int(text) for text in digits]}
assert seen == {
    "sqlite-utils": one,
    "csvkit": one | {"words": [None, None]},
    "polars": kept,
    "pandas": kept | {"words": [None, None]},
    "duckdb": kept | {"zeros": ["007", "7"]},
    "Miller": {"zeros": ["007", 7], "long": digits, "words": words, "powers": [100000, 100000]},
    "xlsx": one | {"long": [12345678901234567000] * 2},
    "papaparse": as_given,
    "csv-parse": as_given,
    "csvtojson": as_given,
}
PY
py/bin/python run.py
echo "as stated: sqlite-utils, csvkit, polars, pandas, duckdb, xlsx, papaparse, csv-parse, csvtojson, Miller"
