#!/usr/bin/env bash
# Spreadsheets written by Python: of a text that is longer than 32,767 characters openpyxl, XlsxWriter, polars and tablib write the beginning, without an error or a warning.
#
# openpyxl 3.1.5, XlsxWriter 3.3.1, pandas 3.1.1, polars 2.1.0, tablib 3.10.0 (PyPI); xlsx (SheetJS) 0.18.5, exceljs 4.4.0 (npm). 32,767 is what a cell holds.
# Behaviour, of a row whose second cell is a text of 40,000 characters, written as .xlsx and read again:
# - openpyxl, polars (`write_excel`) and tablib: 32,767 characters, nothing said. XlsxWriter's `write` gives -2 for it, where it gives 0 else.
# - pandas (`to_excel`): 32,767 characters and a UserWarning, with either engine.
# - tablib as .ods keeps them all. SheetJS refuses ("Text length must not exceed 32767 characters"). exceljs writes and reads all 40,000.
#
# Who is hurt: whoever keeps cipher texts or sealed lines in a sheet, to hand them over or for the day of an emergency: 24 KB of cipher text, sealed and in base64, is
# longer. The file opens, each row is there, and most of them are whole; the long ones open with no key. Keep a file each, or lines of JSON.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openpyxl==3.1.5 XlsxWriter==3.3.1 pandas==3.1.1 polars==2.1.0 tablib==3.10.0 odfpy==1.4.1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 exceljs@4.4.0 xlsx@0.18.5
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.py <<'PY'
import warnings
import openpyxl, pandas, polars, tablib, xlsxwriter

SHARE = "0123456789" * 4000
CUT = SHARE[:32_767]

def read(cell): return openpyxl.load_workbook("file.xlsx").active[cell].value

def with_openpyxl():
    book = openpyxl.Workbook()
    book.active.append(["user", "share"])
    book.active.append(["ann", SHARE])
    book.save("file.xlsx")

def with_xlsxwriter():
    with xlsxwriter.Workbook("file.xlsx") as book:
        sheet = book.add_worksheet()
        assert sheet.write("A2", "ann") == 0
        assert sheet.write("B2", SHARE) == -2

def with_tablib(kind="xlsx"):
    rows = tablib.Dataset(("ann", SHARE), headers=("user", "share"))
    with open(f"file.{kind}", "wb") as file:
        file.write(rows.export(kind))

frame = {"user": ["ann"], "share": [SHARE]}
writers = {
    "openpyxl": with_openpyxl,
    "XlsxWriter": with_xlsxwriter,
    "polars": lambda: polars.DataFrame(frame).write_excel("file.xlsx"),
    "tablib": with_tablib,
    "pandas, openpyxl": lambda: pandas.DataFrame(frame).to_excel("file.xlsx", index=False, engine="openpyxl"),
    "pandas, xlsxwriter": lambda: pandas.DataFrame(frame).to_excel("file.xlsx", index=False, engine="xlsxwriter"),
}
for name, write in writers.items():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        write()
    said = [str(warning.message) for warning in said if "too long" in str(warning.message)]
    print(f"{name}: {len(read('B2'))} of {len(SHARE)} characters, warnings: {said}")
    assert read("B2") == CUT
    assert bool(said) == name.startswith("pandas")
with_tablib("ods")
assert tablib.Dataset().load(open("file.ods", "rb"), format="ods")[0][1] == SHARE
PY
venv/bin/python run.py
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import ExcelJS from "exceljs";
import XLSX from "xlsx";
const SHARE = "0123456789".repeat(4000);
const book = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([["ann", SHARE]]));
assert.throws(() => XLSX.writeFile(book, "other.xlsx"), /must not exceed 32767/u);
const other = new ExcelJS.Workbook();
other.addWorksheet("shares").addRow(["ann", SHARE]);
await other.xlsx.writeFile("other.xlsx");
const again = new ExcelJS.Workbook();
await again.xlsx.readFile("other.xlsx");
assert.equal(again.worksheets[0].getCell("B1").value, SHARE);
console.log("SheetJS refuses, exceljs keeps all characters");
JS
node run.mjs
echo "as stated: openpyxl 3.1.5, XlsxWriter 3.3.1, pandas 3.1.1, polars 2.1.0, tablib 3.10.0, xlsx 0.18.5, exceljs 4.4.0"
