#!/usr/bin/env bash
# Sealed texts (JWE) in Python: joserfc seals 50 KB and more, and does not open them. Authlib and python-jose do so from 192 KB on. Sealing raises nothing.
#
# joserfc 1.8.0, Authlib 1.9.10, python-jose 3.5.0, jwcrypto 1.6.1 (PyPI).
# Behaviour, of random bytes sealed with `dir` and A256GCM, each opened by the library that sealed it, with the same key:
# - joserfc opens up to 49,152 bytes, as a compact text and as JSON. One byte more is "Ciphertext size exceeds 65536 bytes". A registry of one's own
#   with another `max_ciphertext_length` opens it.
# - Authlib opens up to 192,000 bytes ("Value of ciphertext is too long"), python-jose up to 191,939 ("exceeds 256000 bytes"). jwcrypto opened 4,000,000.
# - With `zip: DEF` joserfc, Authlib and python-jose open what was up to 256,000 bytes long. jwcrypto has a limit here: 262,144 bytes of
#   compressed text ("Compressed data exceeds maximum allowed size"). Of 256,100 bytes that repeat themselves joserfc and Authlib give
#   the first 256,000, without an error.
# - None of the four says anything when it seals.
#
# Who is hurt: whoever keeps sealed exports, or all shares of a user in one text: a user with five methods on two curves has about 60 KB. Each one is
# written without an error, and the first person who wants one back gets an error about its size. Open what was sealed before the plain text goes.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check joserfc==1.8.0 Authlib==1.9.10 python-jose==3.5.0 jwcrypto==1.6.1

cat >run.py <<'PY'
import json, os, warnings
warnings.simplefilter("ignore")
from authlib.jose import JsonWebEncryption
from jose import jwe as python_jose
from joserfc import jwe as joserfc
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey
from jwcrypto import jwe as jwcrypto, jwk
from jwcrypto.common import base64url_encode

KEY = os.urandom(32)
OCT = OctKey.import_key(KEY)
JWK = jwk.JWK(kty="oct", k=base64url_encode(KEY))

def header(zipped): return {"alg": "dir", "enc": "A256GCM", **({"zip": "DEF"} if zipped else {})}

def seal_jwcrypto(data, zipped):
    token = jwcrypto.JWE(data, json.dumps(header(zipped)))
    token.add_recipient(JWK)
    return token.serialize(True)

def open_jwcrypto(text):
    token = jwcrypto.JWE()
    token.deserialize(text, JWK)
    return token.payload

def seal_json(data, _):
    token = joserfc.GeneralJSONEncryption({"enc": "A256GCM"}, data)
    token.add_recipient({"alg": "A256KW"})
    return joserfc.encrypt_json(token, OCT)

libraries = {
    "joserfc": (lambda data, zipped: joserfc.encrypt_compact(header(zipped), data, OCT), lambda text: joserfc.decrypt_compact(text, OCT).plaintext),
    "joserfc, JSON": (seal_json, lambda text: joserfc.decrypt_json(text, OCT).plaintext),
    "Authlib": (
        lambda data, zipped: JsonWebEncryption().serialize_compact(header(zipped), data, KEY),
        lambda text: JsonWebEncryption().deserialize_compact(text, KEY)["payload"],
    ),
    "python-jose": (
        lambda data, zipped: python_jose.encrypt(data, KEY, algorithm="dir", encryption="A256GCM", zip="DEF" if zipped else None),
        lambda text: python_jose.decrypt(text, KEY),
    ),
    "jwcrypto": (seal_jwcrypto, open_jwcrypto),
}

def wrong(name, data, zipped=False):
    """What the library says when it opens what it sealed without an error; None if it gives it back."""
    seal, unseal = libraries[name]
    text = seal(data, zipped)
    try:
        opened = unseal(text)
    except Exception as error:
        return str(error)
    assert opened == data

def repeating(size): return (b"a share " * (size // 8 + 1))[:size]

def expect(name, size, says, zipped=False, more=1):
    data = repeating(size) if zipped else os.urandom(size)
    assert wrong(name, data, zipped) is None, (name, size)
    error = wrong(name, data + os.urandom(more), zipped)
    print(f"{name}{', zip' if zipped else ''}: opens {size} bytes, of {size + more}: {error}")
    assert says in error, error

expect("joserfc", 49_152, "Ciphertext size exceeds 65536 bytes")
expect("joserfc, JSON", 49_152, "Ciphertext size exceeds 65536 bytes")
expect("Authlib", 192_000, "Value of ciphertext is too long")
expect("python-jose", 191_939, "exceeds 256000 bytes")
assert wrong("jwcrypto", os.urandom(4_000_000)) is None
for name in ("joserfc", "Authlib", "python-jose"):
    expect(name, 256_000, "exceeds 256000 bytes", zipped=True, more=1000)
for name in ("joserfc", "Authlib"):
    seal, unseal = libraries[name]
    data = repeating(256_100)
    opened = unseal(seal(data, True))
    print(f"{name}, zip: of {len(data)} bytes that repeat themselves it gives {len(opened)}")
    assert opened == data[:256_000]
assert wrong("jwcrypto", os.urandom(262_000), True) is None
error = wrong("jwcrypto", os.urandom(263_000), True)
print("jwcrypto, zip:", error)
assert "Compressed data exceeds maximum allowed" in error

registry = JWERegistry()
registry.max_ciphertext_length = 1_000_000
data = os.urandom(60_000)
assert joserfc.decrypt_compact(joserfc.encrypt_compact(header(False), data, OCT), OCT, registry=registry).plaintext == data
PY
venv/bin/python run.py
echo "as stated: joserfc 1.8.0, Authlib 1.9.10, python-jose 3.5.0, jwcrypto 1.6.1"
