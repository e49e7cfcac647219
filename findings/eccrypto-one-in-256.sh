#!/usr/bin/env bash
# Sealed texts of eccrypto (ECIES, as Web3Auth and eth-crypto have them): of 256 texts a newer version, or the other package, opens 255. The last one is "Bad MAC".
#
# eccrypto 1.1.6, eth-crypto 3.1.0 and 4.1.0, @toruslabs/eccrypto 1.1.8 and 7.0.0 (npm), Node 24.21.0; eccrypto without its native part, as in a browser.
# Behaviour, of texts that are sealed for one secp256k1 key, each with another ephemeral key. Where the point that both sides compute begins with a zero
# byte, the older ones hash 31 bytes of it, and the newer ones 32, as the specification has it (SEC 1, 2.3.5):
# - eth-crypto 4 does not open what eccrypto sealed, which is inside eth-crypto 3, nor does Node's own ECDH, as a server's own code has it.
# - eccrypto, eth-crypto 3 and @toruslabs/eccrypto 1 do not open what @toruslabs/eccrypto 7 sealed.
# - @toruslabs/eccrypto 7 tries both ways, and opens all.
#
# Who is hurt: whoever updates eth-crypto over keys or shares that were sealed with it, or seals in the app and opens on a server. All tests pass, and of a
# thousand users four have a backup that does not open. The key is right: open those with @toruslabs/eccrypto 7. Test such a change with some
# thousand texts, not with one.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts eccrypto@1.1.6 eth-crypto@4.1.0 eth-crypto3@npm:eth-crypto@3.1.0 @toruslabs/eccrypto@7.0.0 torus1@npm:@toruslabs/eccrypto@1.1.8

cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { createDecipheriv, createECDH, createHash } from "node:crypto";
import * as torus from "@toruslabs/eccrypto";
import eccrypto from "eccrypto/browser.js";
import EthCrypto from "eth-crypto";
import EthCrypto3 from "eth-crypto3";
import torus1 from "torus1";
const key = Buffer.alloc(32, 1); // nobody's
const ecdh = createECDH("secp256k1");
ecdh.setPrivateKey(key);
const publicKey = ecdh.getPublicKey();
/** A server's own reader: the 32 bytes of the point, their SHA-512, the first half of it for AES-256-CBC. */
const own = (sealed) => {
  const hash = createHash("sha512").update(ecdh.computeSecret(sealed.ephemPublicKey)).digest();
  const aes = createDecipheriv("aes-256-cbc", hash.subarray(0, 32), sealed.iv);
  return Buffer.concat([aes.update(sealed.ciphertext), aes.final()]);
};
const hex = (sealed) => Object.fromEntries(Object.entries(sealed).map(([name, bytes]) => [name, bytes.toString("hex")]));
const readers = {
  eccrypto: (sealed) => eccrypto.decrypt(key, sealed),
  "eth-crypto 3": (sealed) => EthCrypto3.decryptWithPrivateKey(key.toString("hex"), hex(sealed)),
  "eth-crypto 4": (sealed) => EthCrypto.decryptWithPrivateKey(key.toString("hex"), hex(sealed)),
  "@toruslabs/eccrypto 1": (sealed) => torus1.decrypt(key, sealed),
  "@toruslabs/eccrypto 7": async (sealed) => Buffer.from(await torus.decrypt(key, sealed)),
  "Node's ECDH": async (sealed) => own(sealed),
};
const writers = { eccrypto, "@toruslabs/eccrypto 7": torus };
const zero = [];
const others = [];
for (let count = 1; zero.length < 3; count++) {
  const ephemeral = createECDH("secp256k1");
  ephemeral.setPrivateKey(createHash("sha256").update(String(count)).digest());
  (ephemeral.computeSecret(publicKey)[0] === 0 ? zero : others).push(count);
}
const failed = {};
for (const count of [...zero, ...others.slice(0, 30)]) {
  const ephemPrivateKey = createHash("sha256").update(String(count)).digest();
  for (const [writer, { encrypt }] of Object.entries(writers)) {
    const made = await encrypt(publicKey, Buffer.from("a share"), { ephemPrivateKey, iv: Buffer.alloc(16, 2) });
    const sealed = Object.fromEntries(Object.entries(made).map(([name, bytes]) => [name, Buffer.from(bytes)]));
    for (const [reader, open] of Object.entries(readers)) {
      const text = await open(sealed).then(String, (error) => error.message);
      if (text !== "a share") (failed[`${writer}, read by ${reader}`] ??= []).push([count, text]);
    }
  }
}
console.log(`of ${zero.length + others.length} ephemeral keys these give a zero byte:`, zero);
for (const [pair, which] of Object.entries(failed)) {
  console.log(`${pair}: ${which.length} texts, "${which[0][1].slice(0, 60)}"`);
  assert.deepEqual(which.map(([count]) => count), zero, pair);
  if (!pair.endsWith("ECDH")) assert.equal(which[0][1], "Bad MAC");
}
assert.deepEqual(Object.keys(failed).sort(), [
  "@toruslabs/eccrypto 7, read by @toruslabs/eccrypto 1",
  "@toruslabs/eccrypto 7, read by eccrypto",
  "@toruslabs/eccrypto 7, read by eth-crypto 3",
  "eccrypto, read by Node's ECDH",
  "eccrypto, read by eth-crypto 4",
]);
JS
timeout 200 node run.mjs
echo "as stated: eccrypto 1.1.6, eth-crypto 3.1.0 and 4.1.0, @toruslabs/eccrypto 1.1.8 and 7.0.0"
