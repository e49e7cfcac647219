#!/usr/bin/env bash
# Compressed files that were appended to: nine readers stop after the first part, without an error, and give the first night's lines for all of them.
#
# zstandard 0.25.0 and pyzstd 0.20.0 (PyPI) with Python's gzip and zlib; fflate 0.8.3, pako 3.0.3,
# fzstd 0.1.1 and zstddec 0.3.4 (npm) with Node 24.21.0; flate2 1.1.11, libflate 2.3.2, zstd 0.13.5, ruzstd 0.8.3 and async-compression 0.4.52 (crates.io).
# Behaviour, of a file of JSON lines to which a second part was added (`gzip -c >>`, `zstd -c >>`). Both formats allow it, and `gzip -d` and `zstd -d` give all.
# - gzip, the first part only: Python's `zlib.decompress(…, 31)`, fflate's `gunzipSync`, flate2's `GzDecoder`, libflate's `Decoder`, async-compression.
#   DecompressionStream raises an error.
# - gzip, all: Python's `gzip`, Node's `gunzip`, pako, fflate's stream, flate2's `MultiGzDecoder`, libflate's `MultiDecoder`.
# - zstd, the first part only: zstandard's `decompress`, Node's `zstdDecompress` (its stream, too), ruzstd's `StreamingDecoder`, async-compression.
# - zstd, all: zstandard's `open` and `stream_reader`, pyzstd, fzstd, zstddec, the crate zstd.
#
# Who is hurt: whoever appends each night's export to one compressed file, or joins the parts of a log with `cat`, and restores it with one of these: the
# users of the later parts have no backup, and nothing says so. One file for each night; and count the lines (`zstd -dc | wc -l`) against what is restored.
#
# Needs cargo, gzip and zstd (Debian's packages).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export CARGO_TARGET_DIR="$dir/target" CARGO_PROFILE_DEV_DEBUG=false
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 fflate@0.8.3 pako@3.0.3 fzstd@0.1.1 zstddec@0.3.4
export PATH="$dir/node_modules/.bin:$PATH"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check zstandard==0.25.0 pyzstd==0.20.0
ZSTD=zstd
command -v zstd >/dev/null || { apt-get download -q -o APT::Sandbox::User=root zstd >/dev/null; dpkg-deb -x zstd_*.deb root; ZSTD=root/usr/bin/zstd; }

lines() { for user in "$@"; do echo "{\"id\":\"user-$user\",\"share\":\"…\"}"; done; }
for part in "1 2 3" "4 5 6"; do
  lines $part >part
  gzip -c part >>lines.gz
  $ZSTD -qc part >>lines.zst
done
[ "$(gzip -dc lines.gz | wc -l)" = 6 ]
[ "$($ZSTD -dc lines.zst | wc -l)" = 6 ]

cat >run.py <<'PY'
import gzip, io, zlib
import pyzstd, zstandard

packed = {kind: open(f"lines.{kind}", "rb").read() for kind in ("gz", "zst")}
lines = lambda data: data.count(b"\n")
print("gz zlib", lines(zlib.decompress(packed["gz"], 31)))
print("gz Python's gzip", lines(gzip.decompress(packed["gz"])))
print("zst zstandard decompress", lines(zstandard.ZstdDecompressor().decompress(packed["zst"])))
print("zst zstandard stream_reader", lines(zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed["zst"])).read()))
print("zst zstandard open", len(list(zstandard.open("lines.zst", "rt", encoding="utf-8"))))
print("zst pyzstd", lines(pyzstd.decompress(packed["zst"])))
PY
cat >run.mjs <<'JS'
import { createReadStream, readFileSync } from "node:fs";
import zlib from "node:zlib";
import * as fflate from "fflate";
import * as fzstd from "fzstd";
import * as pako from "pako";
import { ZSTDDecoder } from "zstddec";
const [gz, zst] = ["gz", "zst"].map((kind) => readFileSync(`lines.${kind}`));
const whole = (Stream, packed) =>
  new Promise((resolve) => {
    const chunks = [];
    new Stream((chunk, last) => (chunks.push(chunk), last && resolve(Buffer.concat(chunks)))).push(packed, true);
  });
const decoder = new ZSTDDecoder();
await decoder.init();
const readers = {
  "gz Node's gunzip": () => zlib.gunzipSync(gz),
  "gz fflate gunzipSync": () => fflate.gunzipSync(gz),
  "gz fflate stream": () => whole(fflate.Gunzip, gz),
  "gz pako": () => pako.ungzip(gz),
  "gz DecompressionStream": () => new Response(new Blob([gz]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer(),
  "zst Node's zstdDecompress": () => zlib.zstdDecompressSync(zst),
  "zst Node's zstd stream": async () => Buffer.concat(await createReadStream("lines.zst").pipe(zlib.createZstdDecompress()).toArray()),
  "zst fzstd": () => fzstd.decompress(zst),
  "zst zstddec": () => decoder.decode(zst),
};
for (const [name, read] of Object.entries(readers)) {
  const said = await Promise.resolve().then(read).then((bytes) => Buffer.from(bytes).toString().split("\n").length - 1, () => "an error");
  console.log(name, said);
}
JS
mkdir -p read/src
cat >read/Cargo.toml <<'TOML'
[package]
name = "read"
version = "0.0.0"
edition = "2021"
[dependencies]
flate2 = "=1.1.11"
libflate = "=2.3.2"
zstd = "=0.13.5"
ruzstd = "=0.8.3"
async-compression = { version = "=0.4.52", features = ["futures-io", "gzip", "zstd"] }
futures = "0.3"
[workspace]
TOML
cat >read/src/main.rs <<'RUST'
use async_compression::futures::bufread;
use futures::{executor::block_on, AsyncReadExt};
use std::io::Read;

fn lines(mut reader: impl Read) -> usize {
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text.lines().count()
}

fn main() {
    let (gz, zst) = (std::fs::read("lines.gz").unwrap(), std::fs::read("lines.zst").unwrap());
    println!("gz flate2 GzDecoder {}", lines(flate2::read::GzDecoder::new(&gz[..])));
    println!("gz flate2 MultiGzDecoder {}", lines(flate2::read::MultiGzDecoder::new(&gz[..])));
    println!("gz libflate Decoder {}", lines(libflate::gzip::Decoder::new(&gz[..]).unwrap()));
    println!("gz libflate MultiDecoder {}", lines(libflate::gzip::MultiDecoder::new(&gz[..]).unwrap()));
    println!("zst the crate zstd {}", lines(zstd::Decoder::new(&zst[..]).unwrap()));
    println!("zst ruzstd {}", lines(ruzstd::decoding::StreamingDecoder::new(&zst[..]).unwrap()));
    let (mut of_gz, mut of_zst) = (String::new(), String::new());
    block_on(bufread::GzipDecoder::new(&gz[..]).read_to_string(&mut of_gz)).unwrap();
    block_on(bufread::ZstdDecoder::new(&zst[..]).read_to_string(&mut of_zst)).unwrap();
    println!("gz async-compression {}", of_gz.lines().count());
    println!("zst async-compression {}", of_zst.lines().count());
}
RUST
(cd read && cargo build --quiet)
{ py/bin/python run.py; node run.mjs; target/debug/read; } >seen
cat seen
[ "$(wc -l <seen)" = 23 ]
grep -v ' 6$' seen | LC_ALL=C sort >short
diff short - <<'SHORT'
gz DecompressionStream an error
gz async-compression 3
gz fflate gunzipSync 3
gz flate2 GzDecoder 3
gz libflate Decoder 3
gz zlib 3
zst Node's zstd stream 3
zst Node's zstdDecompress 3
zst async-compression 3
zst ruzstd 3
zst zstandard decompress 3
SHORT
echo "as stated: zstandard 0.25.0, fflate 0.8.3, flate2 1.1.11, libflate 2.3.2, ruzstd 0.8.3, async-compression 0.4.52, Node 24.21.0"
