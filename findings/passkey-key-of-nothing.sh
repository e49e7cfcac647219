#!/usr/bin/env bash
# A key from a passkey (WebAuthn's PRF) on its way through JSON, or from a device that has none: an empty key, which HKDF takes. It is everybody's.
#
# Chromium (headless, by playwright-core 1.65.1) with its virtual authenticator, @simplewebauthn/browser 14.0.0, @github/webauthn-json 2.1.1 and
# @noble/hashes 2.4.0 (npm, bundled by esbuild 0.28.2) with Node 24.21.0.
# Behaviour of `navigator.credentials.get()` with `extensions: { prf: { eval: { first: salt } } }`:
# - The key is `getClientExtensionResults().prf.results.first`, an ArrayBuffer. JSON.stringify of these results, and of what @simplewebauthn's
#   `startAuthentication()` resolves with, has {} in its place: no error. JSON.stringify of the credential itself has the key, in base64url. What
#   webauthn-json gives has no `prf` at all.
# - An authenticator without PRF: the call resolves, a good sign-in, and there is no `results`.
# - `new Uint8Array(…)` of {} or undefined has no bytes. `crypto.subtle.importKey("raw", …, "HKDF", …)` and noble's `hkdf` take it, and give a key that
#   anybody can make. As a key for AES it is refused.
# - A salt that is the text "backup": `PublicKeyCredential.parseRequestOptionsFromJSON()` reads it as base64url, for another key than
#   its letters as bytes give. @simplewebauthn passes it on as it is: a TypeError.
#
# Who is hurt: a wallet that encrypts a backup with a passkey in a page of its own (a WebView, a worker, an iframe) and hands the key on as JSON: it
# backs up and recovers, and each test passes, for encrypting and decrypting use the same key of nothing. So do all its users, and whoever has a cipher
# text opens it. Ask for 32 bytes before a key is derived, and let two passkeys give two keys in a test.
#
# Needs Chromium (CHROMIUM_BIN may name it).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CHROMIUM_BIN=${CHROMIUM_BIN:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 playwright-core@1.65.1 @simplewebauthn/browser@14.0.0 @github/webauthn-json@2.1.1 \
  @noble/hashes@2.4.0 esbuild@0.28.2
export PATH="$dir/node_modules/.bin:$PATH"

cat >libraries.mjs <<'JS'
export { startAuthentication, startRegistration } from "@simplewebauthn/browser";
export { get as webauthnJson } from "@github/webauthn-json";
export { hkdf } from "@noble/hashes/hkdf.js";
export { sha256 } from "@noble/hashes/sha2.js";
JS
esbuild libraries.mjs --bundle --format=iife --global-name=libraries --outfile=libraries.js --log-level=error
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { hkdfSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const server = createServer((request, response) => {
  const script = request.url === "/libraries.js";
  response.setHeader("content-type", script ? "text/javascript" : "text/html; charset=utf-8");
  response.end(script ? readFileSync("libraries.js") : '<!doctype html><script src="/libraries.js"></script>');
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });

async function user(hasPrf) {
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    ctap2Version: "ctap2_1",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
    hasPrf,
  };
  await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  const seen = await page.evaluate(async () => {
    const bytes = (text) => new TextEncoder().encode(text);
    const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
    const challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    await libraries.startRegistration({
      optionsJSON: {
        challenge,
        rp: { name: "site", id: "localhost" },
        user: { id: "YW5u", name: "ann", displayName: "Ann" },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
        extensions: { prf: {} },
      },
    });
    const request = (first) => ({ challenge, rpId: "localhost", userVerification: "required", extensions: { prf: { eval: { first } } } });
    const native = (publicKey) => navigator.credentials.get({ publicKey });
    const plain = await native({ ...request(bytes("backup")), challenge: new Uint8Array(32) });
    const results = plain.getClientExtensionResults();
    const simple = await libraries.startAuthentication({ optionsJSON: request(bytes("backup")) });
    const parsed = await native(PublicKeyCredential.parseRequestOptionsFromJSON(request("backup")));
    const other = await libraries.webauthnJson({ publicKey: request("YmFja3Vw") });

    // What a page hands on as JSON, and the other side makes a key of.
    const derive = async (material) => {
      const key = await crypto.subtle.importKey("raw", new Uint8Array(material), "HKDF", false, ["deriveBits"]);
      const made = base64(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: bytes("salt"), info: bytes("backup") }, key, 256));
      const noble = base64(libraries.hkdf(libraries.sha256, new Uint8Array(material), bytes("salt"), bytes("backup"), 32));
      return noble === made ? made : "noble differs";
    };
    const handedOn = (value) => JSON.parse(JSON.stringify(value));
    const first = (of) => of.prf?.results?.first;
    return {
      key: first(results) && base64(first(results)),
      json: {
        results: JSON.stringify(results.prf),
        simplewebauthn: JSON.stringify(simple.clientExtensionResults.prf),
        credential: JSON.parse(JSON.stringify(plain)).clientExtensionResults.prf,
        webauthnJson: JSON.stringify(other.clientExtensionResults),
      },
      sameForText: first(results) && base64(first(parsed.getClientExtensionResults())) === base64(first(results)),
      text: await libraries.startAuthentication({ optionsJSON: request("backup") }).then(() => "taken", (error) => error.name),
      derived: first(results) && (await derive(first(results))),
      derivedFromJson: await derive(first(handedOn(results))),
      derivedFromSimple: await derive(first(handedOn(simple.clientExtensionResults))),
      asAes: await crypto.subtle.importKey("raw", new Uint8Array({}), "AES-GCM", false, ["encrypt"]).then(() => "taken", (error) => error.name),
    };
  });
  await page.close();
  return seen;
}

const [ann, bob, carol] = [await user(true), await user(true), await user(false)];
console.log({ "as JSON": ann.json, "without PRF": carol.json });
for (const { json, key } of [ann, bob]) {
  assert.equal(json.results, '{"results":{"first":{}}}');
  assert.equal(json.simplewebauthn, '{"results":{"first":{}}}');
  assert.equal(Buffer.from(json.credential.results.first, "base64url").toString("base64"), key);
  assert.equal(Buffer.from(key, "base64").length, 32);
  assert.equal(json.webauthnJson, "{}");
}
assert.notEqual(ann.derived, bob.derived);
assert.deepEqual([carol.key, carol.json.results, carol.json.simplewebauthn], [undefined, "{}", "{}"]);
const nothing = new Set([ann, bob, carol].flatMap((one) => [one.derivedFromJson, one.derivedFromSimple]));
console.log("the keys that Ann's, Bob's and Carol's JSON give:", [...nothing]);
assert.deepEqual([...nothing], [Buffer.from(hkdfSync("sha256", "", "salt", "backup", 32)).toString("base64")]);
assert.equal(ann.asAes, "DataError");
console.log("a text as the salt: the same key?", ann.sameForText, "- @simplewebauthn:", ann.text);
assert.deepEqual([ann.sameForText, ann.text], [false, "TypeError"]);
await browser.close();
server.close();
JS
timeout 120 node --no-warnings run.mjs
echo "as stated: @simplewebauthn/browser 14.0.0, @github/webauthn-json 2.1.1, @noble/hashes 2.4.0, Chromium"
