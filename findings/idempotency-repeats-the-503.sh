#!/usr/bin/env bash
# Idempotency-Key middleware: a store that was answered 503 once is answered 503 each time after, without being tried.
#
# asgi-idempotency-header 0.2.0 with Starlette 1.3.1, django-idempotency-key 1.3.0 with Django 5.2.19 (PyPI); @aws-lambda-powertools/idempotency 2.35.0 with its
# CachePersistenceLayer over a Map, express-idempotency 1.0.6 with Express 4.21.2 (npm), Node 24.21.0; each with its own defaults.
# Behaviour, where an app repeats a store with the same key, as it should after a 503, and the fault is over by then:
# - asgi-idempotency-header: the handler is not called, the app has the 503 of before (as JSON with `idempotent-replayed: true`; what is no `application/json` is not kept).
# - Powertools: the same, for an hour, of a handler that returns `{ statusCode: 503 }`. One that throws is called again.
# - express-idempotency (2xx alone is kept) and django-idempotency-key call the handler.
#
# Who is hurt: a backend between the app and the server that keeps cipher texts. The share of a bad minute is never stored, however often the app tries.
# Let a fault be thrown.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @aws-lambda-powertools/idempotency@2.35.0 express-idempotency@1.0.6 express@4.21.2
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check asgi-idempotency-header==0.2.0 starlette==1.3.1 fastapi==0.141.1 httpx==0.28.1 django-idempotency-key==1.3.0 Django==5.2.19

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { CachePersistenceLayer } from "@aws-lambda-powertools/idempotency/cache";
import express from "express";
import { getSharedIdempotencyService, idempotency } from "express-idempotency";
process.env.AWS_LAMBDA_FUNCTION_NAME = "finding";
let busy, called;
const entries = new Map();
const client = {
  get: async (key) => entries.get(key) ?? null,
  set: async (key, value, how) => (how?.NX && entries.has(key) ? null : (entries.set(key, value), "OK")),
  del: async (keys) => [keys].flat().forEach((key) => entries.delete(key)),
};
const lambda = (fails) => {
  const store = async (event) => {
    called++;
    if (busy && fails === "throws") throw new Error("unavailable");
    return busy ? { statusCode: 503, body: "unavailable" } : { statusCode: 200, body: `stored ${event.user}` };
  };
  const config = new IdempotencyConfig({ eventKeyJmesPath: "key" });
  const handler = makeIdempotent(store, { persistenceStore: new CachePersistenceLayer({ client }), config });
  return async (key, user) => {
    const { statusCode, body } = await handler({ key, user }, { getRemainingTimeInMillis: () => 5000 }).catch(() => ({ statusCode: 503 }));
    return statusCode === 200 ? body : statusCode;
  };
};
const app = express().use(express.json()).use(idempotency());
app.post("/users/:user/share", (request, response) => {
  if (getSharedIdempotencyService().isHit(request)) return;
  called++;
  busy ? response.status(503).json({ code: "unavailable" }) : response.json(`stored ${request.params.user}`);
});
app.use((error, request, response, next) => response.status(500).json(error.message));
const server = createServer(app);
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const overExpress = async (key, user) => {
  const headers = { "idempotency-key": key, "content-type": "application/json" };
  const response = await fetch(`http://127.0.0.1:${server.address().port}/users/${user}/share`, { method: "POST", headers, body: JSON.stringify({ user }) });
  return response.ok ? await response.json() : response.status;
};
const seen = {};
const see = async (name, ask) => {
  entries.clear();
  (busy = true), (called = 0);
  const first = await ask("one", "a");
  busy = false;
  const again = await ask("one", "a");
  const calls = called;
  seen[name] = [first, again, calls, await ask("two", "a")].join(", ");
};
await see("powertools", lambda("returns"));
await see("powertools, throws", lambda("throws"));
await see("express-idempotency", overExpress);
console.log(seen);
assert.deepEqual(seen, {
  powertools: "503, 503, 1, stored a",
  "powertools, throws": "503, stored a, 2, stored a",
  "express-idempotency": "503, stored a, 2, stored a",
});
process.exit(0);
JS
cat >run.py <<'PY'
import json, warnings
warnings.simplefilter("ignore")
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from idempotency_header_middleware import IdempotencyHeaderMiddleware
from idempotency_header_middleware.backends.memory import MemoryBackend
import django
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="finding", MIDDLEWARE=["idempotency_key.middleware.IdempotencyKeyMiddleware"])
django.setup()
from django.http import JsonResponse
from django.test import Client
from django.urls import path

now = {}
def answer(user):
    now["called"] += 1
    return ("unavailable", 503) if now["busy"] else (f"stored {user}", 200)
async def store(request):
    said, status = answer(request.path_params["user"])
    return JSONResponse(said, status)
def of_django(request, user):
    said, status = answer(user)
    return JsonResponse(said, status=status, safe=False)
urlpatterns = [path("users/<user>/share", of_django)]
starlette = TestClient(IdempotencyHeaderMiddleware(Starlette(routes=[Route("/users/{user}/share", store, methods=["POST"])]), backend=MemoryBackend()))
told = lambda answer: answer.json() if answer.status_code == 200 else answer.status_code
clients = {
    "asgi-idempotency-header": lambda key, user: told(starlette.post(f"/users/{user}/share", json={"user": user}, headers={"Idempotency-Key": key})),
    "django-idempotency-key": lambda key, user: told(Client().post(f"/users/{user}/share", json.dumps({"user": user}), content_type="application/json", HTTP_IDEMPOTENCY_KEY=key)),
}
seen = {}
for name, ask in clients.items():
    now.update(busy=True, called=0)
    first = ask("one", "a")
    now["busy"] = False
    again = ask("one", "a")
    calls = now["called"]
    seen[name] = ", ".join(map(str, [first, again, calls, ask("two", "a")]))
print(seen)
assert seen == {
    "asgi-idempotency-header": "503, 503, 1, stored a",
    "django-idempotency-key": "503, stored a, 2, stored a",
}, seen
PY
timeout 60 node run.mjs
py/bin/python -W ignore run.py
echo "as stated: asgi-idempotency-header 0.2.0, django-idempotency-key 1.3.0, @aws-lambda-powertools/idempotency 2.35.0, express-idempotency 1.0.6"
