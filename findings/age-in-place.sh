#!/usr/bin/env bash
# age in place: a file that is sealed, or opened, into itself is lost. Sealing ends with 0.
#
# age 1.1.1 (Debian 12) and pyrage 1.4.0 (PyPI, rage's library).
# Behaviour:
# - `age -r … -o dump dump` ends with 0 and leaves a good age file: what it opens to is the beginning of an age file, whatever was in `dump`. age
#   writes its header into the output before it reads the input, and by then they are one file.
# - `age -d -i … -o dump dump` gives back what is shorter than a chunk of 64 KiB. Of a longer file it leaves the first chunk, and fails; the
#   sealed file is gone by then.
# - pyrage's `encrypt_file("dump", "dump", …)` raises nothing; the file opens to nothing at all.
# - `age -d -o FILE` of a sealed file that was cut off leaves the part that it could open in FILE, and ends with 1.
#
# Who is hurt: whoever has a dump with shares on the disk and "seals it at once": the command succeeds, the file is an age file and opens, and each share
# is gone. Seal into another name, open it and compare, then delete the dump. Open into another name too, and take it only after exit code 0.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check pyrage==1.4.0
apt-get download -q -o APT::Sandbox::User=root age >/dev/null
dpkg-deb -x age_*.deb root
age() { root/usr/bin/age "$@"; }
[ "$(age --version)" = 1.1.1 ]
root/usr/bin/age-keygen -o identity 2>/dev/null
recipient=$(root/usr/bin/age-keygen -y identity)

for size in 1000 300000; do
  yes "a share" | head -c "$size" >dump || true
  cp dump same
  age -r "$recipient" -o same same
  age -d -i identity -o opened same
  echo "sealed in place, $size bytes: opens to $(wc -c <opened) bytes, \"$(head -1 opened)\", $(grep -c "a share" opened || true) shares"
  [ "$(head -1 opened)" = age-encryption.org/v1 ]
  ! grep -q "a share" opened

  age -r "$recipient" -o sealed dump
  cp sealed same
  code=0; age -d -i identity -o same same 2>/dev/null || code=$?
  echo "opened in place, $size bytes: exit code $code, $(wc -c <same) bytes are left"
  if [ "$size" = 1000 ]; then [ "$code" = 0 ] && cmp same dump; else [ "$code" = 1 ] && [ "$(wc -c <same)" = 65536 ]; fi
done

head -c 200000 sealed >cut
code=0; age -d -i identity -o part cut 2>/dev/null || code=$?
echo "opened from a file that was cut off: exit code $code, $(wc -c <part) bytes"
[ "$code" = 1 ] && [ "$(wc -c <part)" = 196608 ]

cp dump same
py/bin/python -c '
import pyrage, sys
pyrage.encrypt_file("same", "same", [pyrage.x25519.Recipient.from_str(sys.argv[1])])
identity = [line for line in open("identity").read().split("\n") if line.startswith("AGE")][0]
opened = pyrage.decrypt(open("same", "rb").read(), [pyrage.x25519.Identity.from_str(identity)])
print("pyrage, sealed in place: opens to", len(opened), "bytes")
assert opened == b""
' "$recipient"
echo "as stated: age 1.1.1, pyrage 1.4.0"
