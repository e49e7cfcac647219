#!/usr/bin/env bash
# Svix's libraries as receivers of Standard Webhooks: Python's `verify` gives nothing since 2.0, and Clerk's helper takes messages of Svix's own
# only.
#
# svix 2.9.1 and 1.99.1 (PyPI), svix 1.99.1 and @clerk/backend 3.25.0 (npm) with Node 24.21.0. The messages are signed here, as Standard Webhooks has it.
# Behaviour, of one message whose signature is right:
# - Python: `Webhook(secret).verify(body, headers)` gave the body, parsed, in 1.99.1. In 2.9.1 it gives None, for every message that is right.
# - JavaScript: `verify` gives the parsed body.
# - Both take `webhook-id`, `webhook-timestamp` and `webhook-signature` as well as Svix's `svix-…`.
# - Clerk's `verifyWebhook(request)` takes a Request, and refuses `webhook-…`: "Missing required webhook headers". With `svix-…` the same message is
#   right.
#
# Who is hurt: a receiver of alarms in Python that was `event = webhook.verify(…)` and `if event:` drops each alarm after an update, with 200, and
# nobody is paged when shares do not open. Without the `if` it is a TypeError, and 500. Parse the body yourself after `verify` has not raised.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts svix@1.99.1 @clerk/backend@3.25.0
for version in 1.99.1 2.9.1; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install --quiet --disable-pip-version-check "svix==$version"
done

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { verifyWebhook } from "@clerk/backend/webhooks";
import { Webhook } from "svix";

const key = randomBytes(32);
const secret = `whsec_${key.toString("base64")}`;
const body = '{"type":"log.error","data":{"message":"a sealed share does not open"}}';
const timestamp = String(Math.floor(Date.now() / 1000));
const signature = `v1,${createHmac("sha256", key).update(`msg_1.${timestamp}.${body}`).digest("base64")}`;
const headersOf = (prefix) => ({ [`${prefix}-id`]: "msg_1", [`${prefix}-timestamp`]: timestamp, [`${prefix}-signature`]: signature });
writeFileSync("message.json", JSON.stringify({ secret, body, headers: ["webhook", "svix"].map(headersOf) }));

const seen = {};
const see = async (name, work) => {
  seen[name] = await Promise.resolve().then(work).then((event) => event.type, (error) => error.message);
};
const clerk = (prefix) => () =>
  verifyWebhook(new Request("https://receiver.example/", { method: "POST", headers: headersOf(prefix), body }), { signingSecret: secret });
await see("svix, webhook-…", () => new Webhook(secret).verify(body, headersOf("webhook")));
await see("svix, svix-…", () => new Webhook(secret).verify(body, headersOf("svix")));
await see("Clerk, webhook-…", clerk("webhook"));
await see("Clerk, svix-…", clerk("svix"));
console.log(seen);
assert.deepEqual(seen, {
  "svix, webhook-…": "log.error",
  "svix, svix-…": "log.error",
  "Clerk, webhook-…": "@clerk/backend: Missing required webhook headers: svix-id, svix-timestamp, svix-signature",
  "Clerk, svix-…": "log.error",
});
JS
cat >run.py <<'PY'
import json, sys
from svix.webhooks import Webhook, WebhookVerificationError
message = json.load(open("message.json"))
given = [Webhook(message["secret"]).verify(message["body"], headers) for headers in message["headers"]]
print(sys.argv[1], given)
assert given == [None if sys.argv[1] == "2.9.1" else json.loads(message["body"])] * 2
try:
    Webhook(message["secret"]).verify(message["body"] + " ", message["headers"][0])
    raise SystemExit("changed: a wrong signature is taken")
except WebhookVerificationError as error:
    print(error)
PY
timeout 60 node run.mjs
for version in 1.99.1 2.9.1; do "venv-$version/bin/python" run.py $version; done
echo "as stated: svix 2.9.1 and 1.99.1 (PyPI), svix 1.99.1 and @clerk/backend 3.25.0 (npm)"
