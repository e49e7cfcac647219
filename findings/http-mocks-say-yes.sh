#!/usr/bin/env bash
# HTTP mocks that say yes: a test passes with another user's id, with an id that is not encoded, and with JSON lines that are one line.
#
# requests-mock 1.12.1, responses 0.26.3 with requests 2.34.2, and respx 0.23.1 with httpx 0.28.1 (PyPI); nock 15.0.6, msw 3.0.5, undici 8.13.1 and
# fetch-mock 12.6.0 (npm) with Node 24.21.0.
# Behaviour, of a mock for the address of the user "auth0|Ab/c", whose id is encoded in the path, `/users/auth0%7CAb%2Fc`:
# - requests-mock compares in small letters: it answers for "auth0|ab/c", too. `last_request.path` and `.qs` are in small letters, so a check of them
#   cannot tell either. `case_sensitive=True` ends that.
# - respx answers also for the id with its slash as it is, which is another path. msw's mock of a path with that slash answers for the encoded one.
# - responses, nock, undici and fetch-mock answer for the one address alone.
# Of a body that is a text, three lines of JSON in it:
# - nock leaves all line feeds out, on both sides: three objects in one line pass, where a server that reads lines refuses them or reads one.
# - undici does not. nock and fetch-mock compare JSON as JavaScript's numbers: of 29 digits the last ones may be others.
#
# Who is hurt: whoever tests a server's calls of a backup service with them: green, and in production a user is told 404, an import of JSON lines is refused, a share
# has other digits. Check the request that was sent as a text (`last_request.url`, `request.body`), or test against the service itself.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts nock@15.0.6 msw@3.0.5 undici@8.13.1 fetch-mock@12.6.0
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 requests-mock==1.12.1 responses==0.26.3 httpx==0.28.1 respx==0.23.1

cat >run.py <<'PYTHON'
import httpx, requests, requests_mock, responses, respx

base = "http://backup.example/users/"
right = base + "auth0%7CAb%2Fc"
calls = {"right": right, "small letters": base + "auth0%7Cab%2Fc", "slash": base + "auth0%7CAb/c", "encoded twice": base + "auth0%257CAb%252Fc"}

def answered(ask):
    seen = []
    for name, url in calls.items():
        try:
            ask(url)
            seen.append(name)
        except Exception:
            pass
    return seen

def show(name, seen, expected):
    print(f"{name}: {seen}")
    assert seen == expected, seen

with requests_mock.Mocker() as mock:
    mock.get(right)
    show("requests-mock", answered(requests.get), ["right", "small letters"])
    requests.get(calls["small letters"] + "?backupMethod=GDRIVE", allow_redirects=False)
    last = mock.last_request
    assert (last.path, last.qs) == ("/users/auth0%7cab%2fc", {"backupmethod": ["gdrive"]}), (last.path, last.qs)
with requests_mock.Mocker(case_sensitive=True) as mock:
    mock.get(right)
    show("requests-mock, case_sensitive", answered(requests.get), ["right"])
with responses.RequestsMock() as mock:
    mock.get(right)
    show("responses", answered(requests.get), ["right"])
with respx.mock as mock:
    mock.get(right).respond(200)
    show("respx", answered(httpx.get), ["right", "slash"])
PYTHON
venv/bin/python run.py
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import fetchMock from "fetch-mock";
import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { MockAgent, fetch as undiciFetch } from "undici";

const origin = "http://backup.example";
const right = "/users/auth0%7CAb%2Fc";
const calls = { right, "small letters": "/users/auth0%7Cab%2Fc", slash: "/users/auth0%7CAb/c", "encoded twice": "/users/auth0%257CAb%252Fc" };
const lines = '{"user":"ann"}\n{"user":"bob"}\n{"user":"carl"}\n';
const oneLine = lines.replaceAll("\n", "");
const number = "98765432109876543210987654321";
const share = { share: Number(number) };
const otherShare = `{"share":${number.slice(0, -3)}999}`;
const text = (body) => ({ method: "POST", body, headers: { "content-type": "application/x-ndjson" } });
const json = (body) => ({ method: "POST", body, headers: { "content-type": "application/json" } });

const takes = (call) => Promise.resolve().then(call).then((answer) => answer.status === 200, () => false);
const answered = async (ask) => {
  const seen = [];
  for (const [name, path] of Object.entries(calls)) if (await takes(() => ask(path))) seen.push(name);
  return seen;
};
const show = (name, seen, expected) => {
  console.log(`${name}:`, seen);
  assert.deepEqual(seen, expected);
};

const undici = (mock, path, init) => {
  const dispatcher = new MockAgent();
  dispatcher.disableNetConnect();
  dispatcher.get(origin).intercept(mock).reply(200);
  return undiciFetch(origin + path, { ...init, dispatcher });
};
show("undici", await answered((path) => undici({ path: right }, path)), ["right"]);
show("undici, one line for three", await takes(() => undici({ path: "/import", method: "POST", body: lines }, "/import", text(oneLine))), false);

const withFetchMock = (url, options, path, init) => fetchMock.createInstance().route(origin + url, 200, options).fetchHandler(origin + path, init);
show("fetch-mock", await answered((path) => withFetchMock(right, {}, path)), ["right"]);
show("fetch-mock, another number", await takes(() => withFetchMock("/share", { body: share }, "/share", json(otherShare))), true);

const server = setupServer();
server.listen();
const withMsw = (pattern) => (path) => {
  server.resetHandlers(http.get(origin + pattern, () => HttpResponse.text("")), http.get("*", () => HttpResponse.text("", { status: 404 })));
  return fetch(origin + path);
};
show("msw, :id", await answered(withMsw("/users/:id")), ["right", "small letters", "encoded twice"]);
show("msw, with the slash", await takes(() => withMsw("/users/Ab/c")("/users/Ab%2Fc")), true);
server.close();

// Only now: both take fetch over.
const { default: nock } = await import("nock");
nock.disableNetConnect();
const withNock = async (method, path, body, sent, init) => {
  nock(origin)[method](path, body).reply(200);
  const answer = await takes(() => fetch(origin + sent, init));
  nock.cleanAll();
  return { status: answer ? 200 : 404 };
};
show("nock", await answered((path) => withNock("get", right, undefined, path)), ["right"]);
show("nock, one line for three", await takes(() => withNock("post", "/import", lines, "/import", text(oneLine))), true);
show("nock, another number", await takes(() => withNock("post", "/share", share, "/share", json(otherShare))), true);
process.exit(0);
JS
node run.mjs
echo "as stated: the versions above"
