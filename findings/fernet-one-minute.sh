#!/usr/bin/env bash
# fernet for JavaScript: what it sealed, or another library did, it opens for one minute. After that the right key gets "Invalid Token: TTL".
#
# fernet 0.4.0 (npm) with Node 24.21.0; as the peers cryptography 50.0.2 (PyPI) and fernet 0.2.2 (crates.io).
# Behaviour, of one key and one token (they are one format):
# - `new Token({ secret, token }).decode()` refuses a token that is more than 60 seconds old, and one that is more than 60 seconds ahead: "far-future timestamp". The
#   limit is the library's default; only `ttl: 0` takes it away.
# - cryptography's `decrypt(token)` opens it at any time; it looks at the time only if it is given a limit. The crate's `decrypt` opens it at any age, and refuses
#   one that is an hour ahead.
#
# Who is hurt: an app or a backend that seals a key, a share or an outbox with it. Each test passes, for it opens within a second; so does a demo. On the next
# day it looks like a wrong key or a damaged text, and whoever deletes "damaged" entries deletes good ones. Say `ttl: 0` for what is kept.
#
# Needs cargo.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CARGO_TARGET_DIR="$dir/target" CARGO_PROFILE_DEV_DEBUG=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts fernet@0.4.0
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check cryptography==50.0.2
mkdir -p src
cat >Cargo.toml <<'TOML'
[package]
name = "open"
version = "0.0.0"
edition = "2021"
[dependencies]
fernet = { version = "=0.2.2", default-features = false, features = ["rustcrypto"] }
[workspace]
TOML
cat >src/main.rs <<'RUST'
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let opened = fernet::Fernet::new(&arguments[1]).unwrap().decrypt(&arguments[2]);
    println!("{}", opened.map_or("refused".to_owned(), |bytes| String::from_utf8(bytes).unwrap()));
}
RUST
cargo build --quiet
cat >run.mjs <<'JS'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fernet from "fernet";
const out = (...command) => execFileSync(command[0], command.slice(1), { encoding: "utf8" }).trim();
const python = (code, ...given) => out("py/bin/python", "-c", `import sys\nfrom cryptography.fernet import Fernet\n${code}`, ...given);
const key = python("print(Fernet.generate_key().decode())");
const secret = new fernet.Secret(key);
const open = (token, settings) => {
  try {
    return new fernet.Token({ secret, token, ...settings }).decode();
  } catch (error) {
    return error.message;
  }
};
const readers = {
  fernet: (token) => open(token),
  "fernet, ttl 0": (token) => open(token, { ttl: 0 }),
  cryptography: (token) => python("print(Fernet(sys.argv[1]).decrypt(sys.argv[2]).decode())", key, token),
  crate: (token) => out("target/debug/open", key, token),
};
const seconds = Math.floor(Date.now() / 1000);
const seen = {};
for (const [name, age] of Object.entries({ "now": 0, "an hour ago": 3600, "in an hour": -3600 })) {
  const own = new fernet.Token({ secret, time: new Date((seconds - age) * 1000) }).encode("a share");
  const theirs = python("print(Fernet(sys.argv[1]).encrypt_at_time(b'a share', int(sys.argv[2])).decode())", key, String(seconds - age));
  for (const reader in readers) {
    const opened = readers[reader](own);
    assert.equal(readers[reader](theirs), opened, `${name}, ${reader}`);
    seen[`${name}, ${reader}`] = opened;
  }
}
console.log(seen);
const good = Object.fromEntries(Object.keys(seen).map((name) => [name, "a share"]));
assert.deepEqual(seen, { ...good, "an hour ago, fernet": "Invalid Token: TTL", "in an hour, fernet": "far-future timestamp", "in an hour, crate": "refused" });
JS
node run.mjs
echo "as stated: fernet 0.4.0 (npm), cryptography 50.0.2, fernet 0.2.2 (crates.io)"
