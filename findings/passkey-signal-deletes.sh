#!/usr/bin/env bash
# Passkeys: a page that tells the browser which ones are still good (`signalAllAcceptedCredentials`) deletes the others, and the key of the backup with them. An
# empty list, a list of the other form, or one id that is missing is enough.
#
# Chromium (headless, by playwright-core 1.65.1) with its virtual authenticator, of the kind that is built into a device, with PRF; Node 24.21.0.
# Behaviour of `PublicKeyCredential.signalAllAcceptedCredentials({ rpId, userId, allAcceptedCredentialIds })`:
# - A passkey of that user that the list does not name is gone from the authenticator, as where the list has only the one of another device. Nothing asks; it resolves.
# - With `[]`, as code reads a server's answer that failed or whose field has another name, it is gone, too.
# - Ids in hex, which can be read as base64url, are other ids: it is gone. Base64 with "=" is a TypeError, and nothing is deleted.
# - `signalUnknownCredential`, after a sign-in that the server does not know, deletes that one.
# - Another user's passkeys for the same site stay. What is deleted is a NotAllowedError in the next `get()`, as when the user says no.
#
# Who is hurt: a wallet whose users encrypt a backup under a passkey's key (PRF), on a site that keeps its passkeys tidy, as guides of browsers recommend: the key
# is nowhere else, so the backup opens with nothing. A second service under the same `rpId`, or a database that lost some rows, is enough. Signal only after
# the whole list came, never an empty one, and leave in it each passkey that a cipher text belongs to. Real authenticators may only hide it: run here was Chromium's.
#
# Needs Chromium (CHROMIUM_BIN may name it).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CHROMIUM_BIN=${CHROMIUM_BIN:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 playwright-core@1.65.1
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const server = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html>"));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });

/** A passkey of Ann's and one of Bob's; gives what the signal did, and whose keys can still be had. */
async function signalled(method, form) {
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, hasPrf: true };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  const before = await page.evaluate(async () => {
    const bytes = (text) => new TextEncoder().encode(text);
    const create = (user) =>
      navigator.credentials.create({
        publicKey: {
          challenge: new Uint8Array(32),
          rp: { name: "site", id: "localhost" },
          user: { id: bytes(user), name: user, displayName: user },
          pubKeyCredParams: [{ type: "public-key", alg: -7 }],
          authenticatorSelection: { residentKey: "required", userVerification: "required" },
          extensions: { prf: {} },
        },
      });
    window.keyOf = async (id) => {
      const allowCredentials = [{ type: "public-key", id }];
      const extensions = { prf: { eval: { first: bytes("backup") } } };
      const credential = await navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), rpId: "localhost", userVerification: "required", allowCredentials, extensions } });
      return btoa(String.fromCharCode(...new Uint8Array(credential.getClientExtensionResults().prf.results.first)));
    };
    window.ids = { one: (await create("ann")).rawId };
    window.bob = (await create("bob")).rawId;
    return keyOf(ids.one);
  });
  const said = await page.evaluate(
    async ([method, form]) => {
      const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
      const url = (buffer) => text(buffer).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      const elsewhere = new Uint8Array(32).fill(7);
      const forms = { both: [url(ids.one), url(elsewhere)], other: [url(elsewhere)], none: [], hex: [hex(ids.one)], base64: [text(ids.one)] };
      const userId = url(new TextEncoder().encode("ann"));
      const argument = method === "signalUnknownCredential" ? { rpId: "localhost", credentialId: url(ids.one) } : { rpId: "localhost", userId, allAcceptedCredentialIds: forms[form] };
      return PublicKeyCredential[method](argument).then(() => "resolves", (error) => error.name);
    },
    [method, form],
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  const after = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
  const keys = await page.evaluate(async () => ({ one: await keyOf(ids.one).catch((error) => error.name), bob: (await keyOf(bob)).length }));
  await page.close();
  assert.equal(keys.bob, 44);
  const seen = { said, passkeys: after.credentials.length, first: keys.one === before ? "the same key" : keys.one };
  console.log(method, form ?? "", seen);
  return seen;
}
const all = "signalAllAcceptedCredentials";
const whole = { passkeys: 2, first: "the same key" };
const deleted = { said: "resolves", passkeys: 1, first: "NotAllowedError" };
assert.deepEqual(await signalled(all, "both"), { said: "resolves", ...whole });
for (const form of ["other", "none", "hex"]) assert.deepEqual(await signalled(all, form), deleted);
assert.deepEqual(await signalled(all, "base64"), { said: "TypeError", ...whole });
assert.deepEqual(await signalled("signalUnknownCredential"), deleted);
await browser.close();
server.close();
JS
timeout 120 node --no-warnings run.mjs
echo "as stated: Chromium, playwright-core 1.65.1"
