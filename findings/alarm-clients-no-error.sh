#!/usr/bin/env bash
# Clients of PagerDuty, Slack, Discord and Teams: an alarm that the service refused, since the key or the webhook is not good any more or the rate limit was met, is no error.
#
# @pagerduty/pdjs 2.2.4 and discord-webhook-node 1.1.8, with the peers @slack/webhook 8.0.2 and ms-teams-webhook 2.2.2 (npm, Node 24.21.0); slack-sdk 3.47.0,
# discord-webhook 1.4.1 and pymsteams 0.2.5 (PyPI). Against an HTTPS server on this machine that answers as the services do.
# Behaviour:
# - pdjs: `event()` resolves with whatever status: 400 (a wrong routing key), 500, and 429 after three repeats. Its own `retryTimeout` is 20 seconds.
# - discord-webhook-node: after a 429 `send()` resolves with undefined, as for a message that was sent. It repeats once, later, and nobody is told how that ended.
#   A 404 rejects.
# - slack-sdk's `WebhookClient.send` and discord-webhook's `execute` return an answer with status 404, 403 or 429; nothing is raised.
# - pymsteams: `send()` gives True for the 200 with which Teams says "Webhook message delivery failed". A 404 is raised.
# - @slack/webhook and ms-teams-webhook reject after a 404 and a 429.
#
# Who is hurt: whoever hands a server's alarms on to such a service and answers 200 since nothing was raised: the server counts the alarm as delivered and does not send it again.
# The day on which a webhook was revoked is not noticed until something is down. Look at the status, and answer the server 502 unless it is a 2xx.
#
# Needs Python 3 with venv, and openssl.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 @pagerduty/pdjs@2.2.4 discord-webhook-node@1.1.8 @slack/webhook@8.0.2 ms-teams-webhook@2.2.2
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check slack-sdk==3.47.0 discord-webhook==1.4.1 pymsteams==0.2.5
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null

cat >server.mjs <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
let status = 200;
let requests = 0;
const server = createServer({ key: readFileSync("key.pem"), cert: readFileSync("cert.pem") }, async (request, response) => {
  await Array.fromAsync(request);
  const asked = /^\/(set\/)?(\d+)(\/count)?/.exec(request.url);
  if (asked?.[1]) (status = Number(asked[2])), (requests = 0);
  if (request.url === "/count" || asked?.[1]) return response.end(String(requests));
  requests += 1;
  response.statusCode = asked ? Number(asked[2]) : status;
  response.setHeader("content-type", "application/json");
  if (response.statusCode === 204) return response.end();
  if (request.url.endsWith("/teams")) return response.end("Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429");
  response.end(response.statusCode === 200 ? "ok" : '{"status":"refused","message":"refused","retry_after":300}');
});
server.listen(0, () => writeFileSync("port", String(server.address().port)));
JS
node server.mjs & server=$!
until [ -s port ]; do sleep 0.1; done
export PORT=$(cat port) NODE_EXTRA_CA_CERTS=cert.pem REQUESTS_CA_BUNDLE=cert.pem SSL_CERT_FILE=cert.pem

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import pagerduty from "@pagerduty/pdjs";
import slack from "@slack/webhook";
import discord from "discord-webhook-node";
import * as teams from "ms-teams-webhook";
const base = `https://localhost:${process.env.PORT}`;
const text = async (path) => (await fetch(base + path)).text();
const data = { routing_key: "key", event_action: "trigger", payload: { summary: "down", source: "server", severity: "critical" } };
const clients = {
  pdjs: async () => (await pagerduty.event({ server: `localhost:${process.env.PORT}`, retryTimeout: 100, data })).status,
  "discord-webhook-node": () => new discord.Webhook(base).send("down"),
  "@slack/webhook": () => new slack.IncomingWebhook(base).send({ text: "down" }),
  "ms-teams-webhook": () => new teams.IncomingWebhook(base).send({ text: "down" }),
};
const sent = async (name, status) => {
  await text(`/set/${status}`);
  const seen = await clients[name]().then((value) => `resolves with ${value}`, () => "rejects");
  console.log(`${name}, answered ${status}: ${seen}, after ${await text("/count")} requests`);
  return seen;
};
for (const status of [202, 400, 500, 429]) assert.equal(await sent("pdjs", status), `resolves with ${status}`);
assert.equal(await text("/count"), "4");
assert.equal(await sent("discord-webhook-node", 204), "resolves with undefined");
assert.equal(await sent("discord-webhook-node", 429), "resolves with undefined");
assert.equal(await text("/count"), "1");
assert.equal(await sent("discord-webhook-node", 404), "rejects");
for (const name of ["@slack/webhook", "ms-teams-webhook"]) for (const status of [404, 429]) assert.equal(await sent(name, status), "rejects");
await new Promise((resolve) => setTimeout(resolve, 500));
JS
node run.mjs
cat >run.py <<'PY'
import logging, os
import pymsteams
from discord_webhook import DiscordWebhook
from slack_sdk.webhook import WebhookClient
logging.disable()
base = f"https://localhost:{os.environ['PORT']}"
clients = {
    "slack-sdk": lambda path: WebhookClient(base + path).send(text="down").status_code,
    "discord-webhook": lambda path: DiscordWebhook(url=base + path, content="down").execute().status_code,
    "pymsteams": lambda path: pymsteams.connectorcard(base + path).text("down").send(),
}
def sent(name, path):
    try:
        seen = clients[name](path)
    except Exception as error:
        seen = "raises"
    print(f"{name}, answered {path[1:]}: {seen}")
    return seen
for status in (404, 403, 429): assert sent("slack-sdk", f"/{status}") == status
for status in (404, 429): assert sent("discord-webhook", f"/{status}") == status
assert sent("pymsteams", "/200/teams") is True
assert sent("pymsteams", "/404") == "raises"
PY
venv/bin/python run.py
echo "as stated: @pagerduty/pdjs 2.2.4, discord-webhook-node 1.1.8, slack-sdk 3.47.0, discord-webhook 1.4.1, pymsteams 0.2.5"
