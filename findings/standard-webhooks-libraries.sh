#!/usr/bin/env bash
# Standard Webhooks: the reference libraries, where they meet fetch and time zones.
#
# standardwebhooks 1.1.1 (npm) with Node 24.21.0, and standardwebhooks 1.1.0 (PyPI).
# Behaviour:
# - JavaScript: `verify(body, request.headers)` with fetch's own `Headers`, what Workers, Deno and Next.js have, says "Missing
#   required headers" for a message that is right. `Object.fromEntries(request.headers)` is what it can read.
# - JavaScript: `verify` gives the body as parsed by JSON.parse, so a number past 2^53 comes back as another one; a body that is no
#   JSON throws a SyntaxError after the signature was found right, unless `{ jsonParse: false }` says otherwise.
# - Python: `sign(id, timestamp, body)` takes the clock's digits of `timestamp` for UTC, whatever its time zone: one moment, given
#   in UTC and in UTC+05:30, gives two signatures. The second one is refused by the JavaScript library.
#
# Who is hurt: an alarm that is signed right is thrown away by its receiver, or is sent with a signature of another hour.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 standardwebhooks@1.1.1
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check standardwebhooks==1.1.0

cat >sign.py <<'PY'
import json, sys
from datetime import datetime, timedelta, timezone
from standardwebhooks import Webhook
secret, seconds = sys.argv[1], int(sys.argv[2])
moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
assert moment == elsewhere
print(json.dumps([Webhook(secret).sign("id-1", when, "{}") for when in (moment, elsewhere)]))
PY
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { Webhook } from "standardwebhooks";
const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
const webhook = new Webhook(secret);
const seconds = Math.floor(Date.now() / 1000);
const headers = (body, signature = webhook.sign("id-1", new Date(seconds * 1000), body)) =>
  new Headers({ "webhook-id": "id-1", "webhook-timestamp": String(seconds), "webhook-signature": signature });

assert.throws(() => webhook.verify("{}", headers("{}")), /Missing required headers/);
assert.deepEqual(webhook.verify("{}", Object.fromEntries(headers("{}"))), {});
const big = '{"n":9007199254740993}';
assert.equal(webhook.verify(big, Object.fromEntries(headers(big))).n, 9007199254740992);
assert.throws(() => webhook.verify("down", Object.fromEntries(headers("down"))), SyntaxError);
assert.equal(webhook.verify("down", Object.fromEntries(headers("down")), { jsonParse: false }), undefined);

const [utc, elsewhere] = JSON.parse(execFileSync("py/bin/python", ["sign.py", secret, String(seconds)]));
console.log({ utc, elsewhere });
assert.deepEqual(webhook.verify("{}", Object.fromEntries(headers("{}", utc))), {});
assert.throws(() => webhook.verify("{}", Object.fromEntries(headers("{}", elsewhere))), /No matching signature/);
JS
node run.mjs
echo "as stated: standardwebhooks 1.1.1 (npm), 1.1.0 (PyPI)"
