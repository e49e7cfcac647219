#!/usr/bin/env bash
# Python clients that openapi-python-client generates: a deletion that failed looks like one that was done, and what the generator does
# not understand is left out.
#
# openapi-python-client 0.29.1 (PyPI) with its own defaults, and httpx 0.28.1, with a server on this machine.
# Behaviour:
# - Nothing is raised for an error answer. `register_user.sync()` of a 409 gives the `Problem` where a `User` was expected.
# - An answer whose status the contract does not name, as a proxy's 502 is, gives None. `delete_user.sync()` gives None for
#   the 204, too. `Client(raise_on_unexpected_status=True)` raises; `sync_detailed()` has the status.
# - A 503 that the contract does name and that a proxy answers in HTML is a JSONDecodeError.
# - A schema whose `enum` has true, false and a text, and all that refers to it, is left out: the answer of a 200 is None. The
#   generator warns, and ends with 0.
# - A property whose schema is `false` (OpenAPI 3.1 has it from JSON Schema) makes it refuse the whole file, with 1.
#
# Who is hurt: a backend that registers users and takes the absence of an exception for success, so that the first backup of
# each of them is refused; a job that deletes a person, logs "deleted", and has asked a server that was restarting.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1 httpx==0.28.1

cat >api.yaml <<'YAML'
openapi: 3.1.0
info: { title: Finding, version: '1' }
paths:
  /users:
    post:
      operationId: registerUser
      tags: [users]
      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/User' } } } }
      responses:
        '201': { description: registered, content: { application/json: { schema: { $ref: '#/components/schemas/User' } } } }
        '409': { description: taken, content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } } }
        '503': { description: later, content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } } }
  /users/{id}:
    delete:
      operationId: deleteUser
      tags: [users]
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        '204': { description: deleted }
        '404': { description: unknown, content: { application/problem+json: { schema: { $ref: '#/components/schemas/Problem' } } } }
  /backups:
    get:
      operationId: getBackup
      tags: [backups]
      responses:
        '200': { description: the backup, content: { application/json: { schema: { $ref: '#/components/schemas/Backup' } } } }
components:
  schemas:
    User: { type: object, required: [id], properties: { id: { type: string } } }
    Problem: { type: object, required: [code], properties: { code: { type: string } } }
    Backup: { type: object, properties: { opens: { enum: [true, false, unknown] } } }
YAML
sed "s/properties: { id: { type: string } } }/properties: { id: { type: string }, clientId: false } }/" api.yaml >false.yaml
venv/bin/openapi-python-client generate --path api.yaml --meta none --output-path client >warnings.txt 2>&1
code=0; venv/bin/openapi-python-client generate --path false.yaml --meta none --output-path other >refused.txt 2>&1 || code=$?
grep -E "removal of:|^/components" warnings.txt
echo "with a property that is false: exit code $code, $(grep -c 'valid dictionary' refused.txt) error"
[ "$code" = 1 ] && [ ! -e other ] && grep -q "valid dictionary" refused.txt

cat >run.py <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from client import Client
from client.api.backups import get_backup
from client.api.users import delete_user, register_user
from client.models import User

answer = None


class Handler(BaseHTTPRequestHandler):
    def respond(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        status, kind, body = answer
        self.send_response(status)
        if kind:
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST = do_DELETE = respond

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
page, json, problem = "text/html", "application/json", "application/problem+json"


def seen(call, given, **options):
    global answer
    answer = given
    try:
        return type(call(Client(base_url=url, **options))).__name__
    except Exception as error:
        return f"raises {type(error).__name__}"


def register(client):
    return register_user.sync(client=client, body=User(id="ann"))


def delete(client):
    return delete_user.sync(client=client, id="ann")


result = {
    "registered, 201": seen(register, (201, json, '{"id":"ann"}')),
    "registered, 409": seen(register, (409, problem, '{"code":"taken"}')),
    "registered, 502 page": seen(register, (502, page, "<html>")),
    "registered, 503 page": seen(register, (503, page, "<html>")),
    "deleted, 204": seen(delete, (204, None, "")),
    "deleted, 502 page": seen(delete, (502, page, "<html>")),
    "deleted, 503 problem": seen(delete, (503, problem, '{"code":"later"}')),
    "deleted, 503 problem, raise_on_unexpected_status": seen(delete, (503, problem, '{"code":"later"}'), raise_on_unexpected_status=True),
    "backup, 200": seen(lambda client: get_backup.sync_detailed(client=client).parsed, (200, json, '{"opens":"unknown"}')),
}
for name, value in result.items():
    print(f"{name}: {value}")
assert list(result.values()) == [
    "User", "Problem", "NoneType", "raises JSONDecodeError", "NoneType", "NoneType", "NoneType", "raises UnexpectedStatus", "NoneType",
], result
PY
venv/bin/python run.py
echo "as stated: openapi-python-client 0.29.1, httpx 0.28.1"
