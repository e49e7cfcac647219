#!/usr/bin/env bash
# A key or passphrase on paper as a QR code: zbarimg reads "Käse" as "K瓣se", and of the 32 bytes of a key it makes 44 to 52 others. The exit code is 0.
#
# qrencode 4.1.1 and zbarimg 0.23.92 (Debian 12); the peers zxing-cpp 3.1.1 (PyPI) and jsqr 1.4.0 (npm) with Node 24.21.0.
# Behaviour:
# - A text with an umlaut in UTF-8, as qrencode writes it: `zbarimg --raw` guesses an encoding, and takes a Chinese one. zxing-cpp and jsqr read it right.
# - 32 raw bytes (`qrencode -8`): `zbarimg --raw` takes them for letters, and writes these in UTF-8, with a line feed: more bytes, other ones. `zbarimg --raw --oneshot
#   -Sbinary` gives the 32 bytes. jsqr's `data` is empty, its `binaryData` is right; so are zxing-cpp's `bytes`.
# - ASCII comes back as it was from all: hex, base64, an identity of age. zbarimg adds a line feed.
# - `qrencode -i` makes capitals of small letters: of hex digits that is the same key, of base64 it is another one.
#
# Who is hurt: whoever prints the sealing key, or the passphrase of a copy, and tries only that the code can be read. It can; years later it is another passphrase,
# and "wrong passphrase" is all that age says. Print ASCII, and compare what the scanner gives with the file, byte by byte (`cmp`), before it goes into the safe.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export LC_ALL=C.UTF-8
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 jsqr@1.4.0 pngjs@7.0.0
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check zxing-cpp==3.1.1 pillow==13.0.0
missing=$(apt-get install -s --no-install-recommends qrencode zbar-tools | awk '/^Inst/ { print $2 }')
apt-get download -q -o APT::Sandbox::User=root qrencode zbar-tools libqrencode4 libzbar0 $missing >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
libraries=$(echo "$dir"/root/usr/lib/*-linux-gnu)
coders=$(echo "$libraries"/ImageMagick-*/modules-*/coders)
tool() { env LD_LIBRARY_PATH="$libraries" MAGICK_CODER_MODULE_PATH="$coders" MAGICK_CONFIGURE_PATH="$(echo root/etc/ImageMagick-*)" "root/usr/bin/$@" 2>/dev/null; }
scan() { tool zbarimg --nodbus --quiet --raw "$@" code.png; }
[ "$(tool zbarimg --version)" = 0.23.92 ]
cat >scan.mjs <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import jsqr from "jsqr";
import { PNG } from "pngjs";
const { data, width, height } = PNG.sync.read(readFileSync("code.png"));
const code = jsqr.default(new Uint8ClampedArray(data), width, height);
writeFileSync("jsqr", code.data);
writeFileSync("jsqr-bytes", new Uint8Array(code.binaryData));
JS
cat >scan.py <<'PY'
import zxingcpp
from PIL import Image
(code,) = zxingcpp.read_barcodes(Image.open("code.png").convert("L"))
open("zxing", "w").write(code.text)
open("zxing-bytes", "wb").write(code.bytes)
PY
others() { node scan.mjs; py/bin/python scan.py; }

for text in Käse "Zürich und Köln" schön; do
  printf %s "$text" | tool qrencode -s 8 -o code.png
  others
  echo "$text: zbarimg \"$(scan)\", zxing-cpp \"$(cat zxing)\", jsqr \"$(cat jsqr)\""
  [ "$(scan)" != "$text" ] && [ "$(cat zxing)" = "$text" ] && [ "$(cat jsqr)" = "$text" ]
done
printf Käse | tool qrencode -s 8 -o code.png
[ "$(scan)" = K瓣se ]

for number in 1 2 3; do
  printf %s "a key, number $number" | openssl dgst -sha256 -binary >key
  tool qrencode -8 -s 8 -r key -o code.png
  code=0; scan >read || code=$?
  scan --oneshot -Sbinary >binary
  others
  echo "32 raw bytes: zbarimg $(wc -c <read), exit code $code, with -Sbinary $(wc -c <binary), jsqr's text $(wc -c <jsqr)"
  [ "$code" = 0 ] && [ "$(wc -c <read)" -gt 40 ] && [ ! -s jsqr ]
  cmp key binary; cmp key jsqr-bytes; cmp key zxing-bytes
done
for text in "$(xxd -p -c 64 key)" "$(base64 key)" "AGE-SECRET-KEY-1$(xxd -p -c 64 key | tr a-f A-F)"; do
  printf %s "$text" | tool qrencode -s 8 -o code.png
  others
  [ "$(scan)" = "$text" ] && [ "$(cat zxing)" = "$text" ] && [ "$(cat jsqr)" = "$text" ]
  printf %s "$text" | tool qrencode -i -s 8 -o code.png
  [ "$(scan)" = "${text^^}" ]
done
[ "$(base64 key)" != "$(base64 key | tr a-z A-Z)" ]
echo "as stated: qrencode 4.1.1, zbarimg 0.23.92, zxing-cpp 3.1.1, jsqr 1.4.0"
