#!/usr/bin/env bash
# webhook, the small server that runs a command for each webhook: it answers 200 when its rule refuses the message, when it cannot read it, and when the command fails.
#
# webhook 2.8.0 (Debian 12). Behaviour of a POST to /hooks/ID:
# - the trigger rule refuses it (another token than the rule's): 200, "Hook rules were not satisfied.", and nothing runs. Only
#   `trigger-rule-mismatch-http-response-code` makes it another status.
# - the command is not there, or ends with 1: 200 and an empty body. It is begun after the answer; its end stands in webhook's own log only.
#   `include-command-output-in-response` makes it 500.
# - the body is half of a message, or its type does not say JSON (`text/plain`): 200, and the command runs with "null" in place of the message.
# - a path that no hook has: 404. That alone shows that something is wrong.
#
# Who is hurt: whoever has the alarms of this service, of Alertmanager or of an uptime monitor delivered to a script that pages somebody. A sender takes 200 for
# delivered, and does not try again: with a token that was changed on one side, or a script that was moved, no alarm ever arrives. Set the two options,
# and fire an alarm on purpose after each change.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64), and curl; nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get download -q -o APT::Sandbox::User=root webhook >/dev/null
dpkg-deb -x webhook_*.deb root
[ "$(root/usr/bin/webhook -version)" = "webhook version 2.8.0" ]

cat >page <<'SH'
#!/bin/sh
printf '%s\n' "$@" >>"$RAN"
exit "${CODE:-0}"
SH
chmod +x page
export RAN="$dir/ran"
rule='"trigger-rule": {"match": {"type": "value", "value": "right", "parameter": {"source": "header", "name": "X-Token"}}}'
message='"pass-arguments-to-command": [{"source": "entire-payload"}]'
cat >hooks.json <<JSON
[
  {"id": "token", "execute-command": "$dir/page", $message, $rule},
  {"id": "token-403", "execute-command": "$dir/page", $message, $rule, "trigger-rule-mismatch-http-response-code": 403},
  {"id": "gone", "execute-command": "$dir/no-such-file"},
  {"id": "fails", "execute-command": "/bin/false"},
  {"id": "fails-500", "execute-command": "/bin/false", "include-command-output-in-response": true},
  {"id": "any", "execute-command": "$dir/page", $message}
]
JSON
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
root/usr/bin/webhook -hooks hooks.json -ip 127.0.0.1 -port "$port" >log 2>&1 & server=$!
trap 'kill $server; rm -rf "$dir"' EXIT
until curl -s "http://127.0.0.1:$port/" >answer; do sleep 0.1; done
# expect WHAT STATUS RAN ID CURL…: what is answered, and what the command got.
expect() {
  what=$1 status=$2 ran=$3 id=$4; shift 4
  : >ran
  got=$(curl -s -o answer -w '%{http_code}' "$@" "http://127.0.0.1:$port/hooks/$id")
  for _ in $(seq 20); do [ "$(cat ran)" = "$ran" ] && [ -n "$ran" ] && break; sleep 0.05; done
  echo "$what: $got \"$(cat answer)\", the command got \"$(cat ran)\""
  [ "$got" = "$status" ] && [ "$(cat ran)" = "$ran" ]
}
json=(-H 'content-type: application/json' -d '{"level":"error"}')
expect "the right token" 200 '{"level":"error"}' token "${json[@]}" -H 'X-Token: right'
expect "another token" 200 "" token "${json[@]}" -H 'X-Token: wrong'
grep -q "Hook rules were not satisfied" answer
expect "another token, with the option" 403 "" token-403 "${json[@]}" -H 'X-Token: wrong'
expect "no such command" 200 "" gone "${json[@]}"
expect "a command that fails" 200 "" fails "${json[@]}"
expect "a command that fails, with the option" 500 "" fails-500 "${json[@]}"
expect "half of the JSON" 200 null any -H 'content-type: application/json' -d '{"level":'
expect "text/plain" 200 null any -H 'content-type: text/plain' -d '{"level":"error"}'
expect "no such hook" 404 "" nobody "${json[@]}"
echo "as stated: webhook 2.8.0"
