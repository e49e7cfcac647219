#!/usr/bin/env bash
# Passkeys: a second one for the same user id takes the first one's place, with the key of the backup and what was written into it.
#
# Chromium (headless, by playwright-core 1.65.1) with its virtual authenticator, of the kind that is built into a device; @simplewebauthn/server 14.0.3 and
# @simplewebauthn/browser 14.0.0 (npm) with Node 24.21.0.
# Behaviour of `navigator.credentials.create()` for a site and a `user.id` that have a passkey already, with the extensions `prf` (a key for encryption) and
# `largeBlob` (a place for data):
# - It makes another passkey, and the authenticator forgets the first one. Nothing asks or warns; the answer is that of a first passkey.
# - The same salt gives another key from then on. Asked for by its id, the first passkey is a NotAllowedError, as when the user says no. What
#   `largeBlob` kept in it is gone.
# - With the first one's id in `excludeCredentials` it is an InvalidStateError, and the first one stays.
# - @simplewebauthn/server makes a random user id with each `generateRegistrationOptions()` unless it is given one. Then nothing is replaced: there are two
#   passkeys of the same name, and the key depends on which of them the user picks.
#
# Who is hurt: an app whose users encrypt a backup under a passkey's key, and which offers "set up a passkey" again: on the second visit, after a sign-in on
# the same phone, in a second tab. The backup of before opens with nothing, and the sign-in works as ever. Give `excludeCredentials` all that the user
# has, keep the passkey's id beside the cipher text, and ask for that one (`allowCredentials`).
#
# Needs Chromium (CHROMIUM_BIN may name it).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CHROMIUM_BIN=${CHROMIUM_BIN:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 playwright-core@1.65.1 @simplewebauthn/server@14.0.3 @simplewebauthn/browser@14.0.0
export PATH="$dir/node_modules/.bin:$PATH"

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { generateRegistrationOptions } from "@simplewebauthn/server";
import { chromium } from "playwright-core";

const library = readFileSync("node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js");
const server = createServer((request, response) => {
  const script = request.url === "/library.js";
  response.setHeader("content-type", script ? "text/javascript" : "text/html");
  response.end(script ? library : '<!doctype html><script src="/library.js"></script>');
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });

/** Runs in a page with a new authenticator; gives what the page says, and how many passkeys there are afterwards. */
async function inPage(work, argument) {
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf: true,
      hasLargeBlob: true,
    },
  });
  await page.evaluate(() => {
    const bytes = (text) => new TextEncoder().encode(text);
    window.create = (exclude = []) =>
      navigator.credentials.create({
        publicKey: {
          challenge: new Uint8Array(32),
          rp: { name: "site", id: "localhost" },
          user: { id: bytes("ann"), name: "ann", displayName: "Ann" },
          pubKeyCredParams: [{ type: "public-key", alg: -7 }],
          authenticatorSelection: { residentKey: "required", userVerification: "required" },
          excludeCredentials: exclude.map((id) => ({ type: "public-key", id })),
          extensions: { prf: {}, largeBlob: { support: "required" } },
        },
      });
    window.get = async (ids, extensions) => {
      const allowCredentials = ids.map((id) => ({ type: "public-key", id }));
      const credential = await navigator.credentials.get({
        publicKey: { challenge: new Uint8Array(32), rpId: "localhost", userVerification: "required", allowCredentials, extensions },
      });
      return credential.getClientExtensionResults();
    };
    window.keyOf = async (...ids) => {
      const { prf } = await window.get(ids, { prf: { eval: { first: bytes("backup") } } });
      return btoa(String.fromCharCode(...new Uint8Array(prf.results.first)));
    };
    window.write = (id, text) => window.get([id], { largeBlob: { write: bytes(text) } });
    window.read = (id) => window.get([id], { largeBlob: { read: true } });
  });
  const said = await page.evaluate(work, argument);
  const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
  await page.close();
  return { ...said, passkeys: credentials.length };
}
const expect = (name, seen, expected) => {
  console.log(`${name}:`, seen);
  assert.deepEqual(seen, expected);
};

const again = await inPage(async () => {
  const first = await create();
  const key = await keyOf(first.rawId);
  const same = (await keyOf(first.rawId)) === key;
  const { largeBlob } = await write(first.rawId, "a share");
  const second = await create();
  const { largeBlob: blob } = await read(second.rawId);
  return {
    sameKeyBefore: same,
    written: largeBlob.written,
    answersAlike: JSON.stringify(second.getClientExtensionResults()) === JSON.stringify(first.getClientExtensionResults()),
    first: await keyOf(first.rawId).catch((error) => error.name),
    sameKeyAfter: (await keyOf()) === key,
    blob: blob?.blob?.byteLength ?? "none",
  };
});
expect("the same user id again", again, {
  sameKeyBefore: true,
  written: true,
  answersAlike: true,
  first: "NotAllowedError",
  sameKeyAfter: false,
  blob: "none",
  passkeys: 1,
});

const excluded = await inPage(async () => {
  const first = await create();
  const key = await keyOf(first.rawId);
  const second = await create([first.rawId]).catch((error) => error.name);
  return { second, sameKeyAfter: (await keyOf()) === key };
});
expect("with excludeCredentials", excluded, { second: "InvalidStateError", sameKeyAfter: true, passkeys: 1 });

const options = async (more) =>
  generateRegistrationOptions({
    rpName: "site",
    rpID: "localhost",
    userName: "ann",
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    extensions: { prf: {} },
    ...more,
  });
const register = async (optionsJSON) => {
  const ids = [];
  for (const one of optionsJSON) ids.push((await SimpleWebAuthnBrowser.startRegistration({ optionsJSON: one })).id);
  const raw = ids.map((id) => Uint8Array.from(atob(id.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0)));
  const keys = [];
  for (const id of raw) keys.push(await keyOf(id).catch((error) => error.name));
  return { keys: keys.map((key) => (key.endsWith("Error") ? key : "a key")), sameKey: keys[0] === keys[1] };
};
expect("@simplewebauthn, twice", await inPage(register, [await options(), await options()]), { keys: ["a key", "a key"], sameKey: false, passkeys: 2 });
const userID = new TextEncoder().encode("ann");
expect("@simplewebauthn with userID, twice", await inPage(register, [await options({ userID }), await options({ userID })]), {
  keys: ["NotAllowedError", "a key"],
  sameKey: false,
  passkeys: 1,
});
await browser.close();
server.close();
JS
timeout 120 node --no-warnings run.mjs
echo "as stated: @simplewebauthn/server 14.0.3, @simplewebauthn/browser 14.0.0, Chromium"
