#!/usr/bin/env bash
# UUIDv7: the Python package named uuid7 writes another layout than RFC 9562. Its ids come after all others, from the year 2203.
#
# uuid7 0.1.0 (PyPI; the module is `uuid_extensions`), and as its peers uuid7-standard 1.1.2 (the module is `uuid7`), uuid6 2025.0.1 and
# uuid-utils 1.2.0 (PyPI), uuid 14.0.3 and uuidv7 1.2.1 (npm) with Node 24.21.0.
# Behaviour:
# - RFC 9562 (5.7) begins with 48 bits of milliseconds. uuid7 begins with 36 bits of seconds, as an early draft had it, and says version 7.
# - By itself each library's ids are in the order in which they were made, 20,000 at once too.
# - An id of uuid7 sorts after one that any other library makes an hour later. Read by the RFC, one of November 2026 is of February 2203.
#
# Who is hurt: whoever orders rows by such ids, and writes them from two backends, or with another library after a change. Of two shares
# without a time the older one counts as the newer, and a page that begins after the last id that was seen never has the new ones.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts uuid@14.0.3 uuidv7@1.2.1
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uuid7==0.1.0 uuid7-standard==1.1.2 uuid6==2025.0.1 uuid-utils==1.2.0

cat >ids.mjs <<'JS'
import { v7 } from "uuid";
import { uuidv7 } from "uuidv7";
const many = (make) => Array.from({ length: 20_000 }, () => make());
console.log(JSON.stringify({ "uuid (npm)": many(() => v7()), "uuidv7 (npm)": many(uuidv7), "uuid (npm), in an hour": [v7({ msecs: Date.now() + 3_600_000 })] }));
JS
cat >run.py <<'PY'
import json, subprocess, time
from datetime import datetime, timedelta, timezone
import uuid6, uuid7, uuid_extensions, uuid_utils

many = lambda make: [str(make()) for _ in range(20_000)]
ids = {"uuid7 (PyPI)": many(uuid_extensions.uuid7), "uuid6 (PyPI)": many(uuid6.uuid7), "uuid-utils (PyPI)": many(uuid_utils.uuid7)}
ids["uuid7-standard (PyPI)"] = [str(uuid7.create())]
ids |= json.loads(subprocess.check_output(["node", "ids.mjs"]))
made = lambda name: datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=int(name.replace("-", "")[:12], 16))
now = datetime.now(timezone.utc)
for library, names in ids.items():
    print(f"{library}: {names[0]} {made(names[0]):%B %Y}")
    assert all(name[14] == "7" for name in names), library
    assert names == sorted(names), library
    assert (abs(made(names[0]) - now) < timedelta(hours=2)) == (library != "uuid7 (PyPI)"), library
assert min(ids["uuid7 (PyPI)"]) > ids["uuid (npm), in an hour"][0]
# 36 bits of seconds since 1970, as the draft had it.
assert abs(int(ids["uuid7 (PyPI)"][0].replace("-", "")[:9], 16) - time.time()) < 120
assert made(ids["uuid7 (PyPI)"][0]).year > 2200
PY
timeout 100 venv/bin/python run.py
echo "as stated: uuid7 0.1.0, uuid7-standard 1.1.2, uuid6 2025.0.1, uuid-utils 1.2.0, uuid 14.0.3, uuidv7 1.2.1"
