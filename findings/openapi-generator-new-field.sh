#!/usr/bin/env bash
# Clients of openapi-generator: one more field in an answer, or one more value of an enum, and the client in Go gives an error instead of the answer. TypeScript takes both.
#
# openapi-generator 7.26.0 (PyPI openapi-generator-cli), its generators go, python and typescript-fetch with their defaults; Go 1.19.8 (Debian 12), Node 24.21.0.
# Behaviour, of a list of backups of which one has a field that the OpenAPI file does not name, or a state that its enum does not name. A schema without
# `additionalProperties` allows further fields.
# - Go: "unknown field" for the field, "is not a valid State" for the value. There is no list then, not even the other backups.
# - Python: it takes the field. The value is a ValidationError, and there is no list.
# - typescript-fetch: it takes both. The further field is not in what it gives.
# - Go with `--additional-properties=disallowAdditionalPropertiesIfNotPresent=false` takes the field, and with `enumUnknownDefaultCase=true` the value,
#   as "unknown_default_open_api". For Python the second setting changes nothing.
#
# Who is hurt: a company whose backend asks the backup server by such a client. The server's next version says one thing more, and from that minute on no user
# has a backup, says the backend. Generate the client in Go with these two settings, and try each with a field and a value that are not in the file.
#
# Needs a JRE, and Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export GOFLAGS=-mod=mod GOPROXY=off GOCACHE="$dir/go-cache" GOPATH="$dir/go-path" GOTOOLCHAIN=local
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check openapi-generator-cli==7.26.0
apt-get download -q -o APT::Sandbox::User=root golang-1.19-go golang-1.19-src >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
rm ./*.deb
cp -r root/usr/share/go-1.19/. root/usr/lib/go-1.19/ 2>/dev/null || true
export GOROOT="$dir/root/usr/lib/go-1.19"
go() { "$GOROOT/bin/go" "$@"; }
go version | grep "go1.19.8"

cat >api.yaml <<'YAML'
openapi: 3.0.3
info: { title: finding, version: "1" }
paths:
  /users/{userId}/backups:
    get:
      operationId: listBackups
      parameters:
        - { name: userId, in: path, required: true, schema: { type: string } }
      responses:
        "200":
          description: the user's backups
          content: { application/json: { schema: { $ref: "#/components/schemas/Backups" } } }
components:
  schemas:
    Backups:
      type: object
      required: [backups]
      properties: { backups: { type: array, items: { $ref: "#/components/schemas/Backup" } } }
    Backup:
      type: object
      required: [backupMethod, state]
      properties: { backupMethod: { type: string }, state: { $ref: "#/components/schemas/State" } }
    State: { type: string, enum: [complete, half-finished] }
YAML
generate() { py/bin/openapi-generator-cli generate -i api.yaml -g "$1" -o "$2" --git-user-id finding --git-repo-id finding "${@:3}" >log 2>&1 || { cat log; exit 1; }; }
generate go go
generate go go-open --additional-properties=disallowAdditionalPropertiesIfNotPresent=false,enumUnknownDefaultCase=true
generate python python
generate python python-open --additional-properties=enumUnknownDefaultCase=true
generate typescript-fetch typescript
python3 -m venv client
client/bin/pip install --quiet --disable-pip-version-check urllib3==2.8.0 python-dateutil==2.9.0.post0 pydantic==2.14.3 typing-extensions==4.16.0

cat >server.mjs <<'JS'
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
const backup = { backupMethod: "GDRIVE", state: "complete" };
const others = { "as it was": backup, "a field": { ...backup, warning: "old" }, "a value": { ...backup, state: "aging" } };
const server = createServer((request, response) => {
  const other = others[decodeURIComponent(request.url.split("/")[2])];
  response.setHeader("content-type", "application/json").end(JSON.stringify({ backups: [backup, other] }));
});
server.listen(0, "127.0.0.1", () => writeFileSync("port", String(server.address().port)));
JS
node server.mjs & server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$dir"' EXIT
until [ -s port ]; do sleep 0.1; done

for name in go go-open; do
  mkdir -p "$name/cmd"
  cat >"$name/cmd/main.go" <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	openapi "github.com/finding/finding"
)

func main() {
	settings := openapi.NewConfiguration()
	settings.Servers = openapi.ServerConfigurations{{URL: "http://127.0.0.1:" + os.Args[1]}}
	for _, user := range []string{"as it was", "a field", "a value"} {
		list, _, err := openapi.NewAPIClient(settings).DefaultAPI.ListBackups(context.Background(), user).Execute()
		if err != nil {
			fmt.Printf("%s: error: %v\n", user, err)
			continue
		}
		fmt.Printf("%s: %d backups, %s\n", user, len(list.Backups), list.Backups[1].State)
	}
}
GO
  sed -i 's/^go 1\..*/go 1.19/' "$name/go.mod"
  rm -rf "$name/test"
  (cd "$name" && go run ./cmd "$(cat ../port)") >"seen-$name"
done
cat >run.py <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import openapi_client
client = openapi_client.ApiClient(openapi_client.Configuration(host="http://127.0.0.1:" + sys.argv[2]))
for user in ["as it was", "a field", "a value"]:
    try:
        backups = openapi_client.DefaultApi(client).list_backups(user).backups
        print(f"{user}: {len(backups)} backups, {backups[1].state.value}")
    except Exception as error:
        print(f"{user}: error: {type(error).__name__}")
PY
for name in python python-open; do client/bin/python run.py "$name" "$(cat port)" >"seen-$name"; done
cmp seen-python seen-python-open
cat >run.ts <<'TS'
import { readFileSync } from "node:fs";
import { Configuration, DefaultApi } from "./typescript/index.ts";
const api = new DefaultApi(new Configuration({ basePath: `http://127.0.0.1:${readFileSync("port")}` }));
for (const userId of ["as it was", "a field", "a value"]) {
  const { backups } = await api.listBackups({ userId });
  console.log(`${userId}: ${backups.length} backups, ${backups[1].state}${"warning" in backups[1] ? " and the field" : ""}`);
}
TS
npm install --silent --no-audit --no-fund --ignore-scripts esbuild-wasm@0.25.12
node node_modules/esbuild-wasm/bin/esbuild --log-level=error --bundle --platform=node --format=esm --external:node:fs --outfile=run.mjs run.ts
node run.mjs >seen-typescript
head -20 seen-*
right="as it was: 2 backups, complete"
diff seen-go - <<SEEN
$right
a field: error: json: unknown field "warning"
a value: error: aging is not a valid State
SEEN
diff seen-go-open - <<SEEN
$right
a field: 2 backups, complete
a value: 2 backups, unknown_default_open_api
SEEN
diff seen-python - <<SEEN
$right
a field: 2 backups, complete
a value: error: ValidationError
SEEN
diff seen-typescript - <<SEEN
$right
a field: 2 backups, complete
a value: 2 backups, aging
SEEN
echo "as stated: openapi-generator 7.26.0"
