#!/usr/bin/env bash
# Python's writers into a bucket: an export that breaks off halfway takes the place of the last good one. Four libraries of eight do so.
#
# s3fs 2026.9.0 (also through fsspec 2026.9.0 and universal_pathlib 0.3.10), pyarrow 26.0.1, cloudpathlib 0.26.0, opendal 0.47.12; and as their peers
# smart_open 9.0.2, obstore 0.12.1, boto3 1.43.117, minio 7.2.20 (PyPI), against moto 5.2.5 as the S3. Behaviour, of an object that is good, and of
# `with …open("s3://backups/export", "wb") as file:` around a loop that writes lines until their source raises ConnectionError:
# - s3fs, fsspec, universal_pathlib, pyarrow, cloudpathlib and opendal close the file as the error leaves the block, and closing uploads. The error
#   goes on to the caller; the object in the bucket is now the lines up to the error. It is so with 10 KB and with 12 MB. With gzip
#   (`compression="gzip"` of fsspec) the half is a good gzip file.
# - smart_open and obstore leave the good object: they look at the error. So do boto3's `upload_fileobj` and minio's `put_object`, which read
#   from a source themselves.
# - s3fs in a `with fs.transaction:` leaves the good object.
#
# Who is hurt: whoever copies an export into a bucket under the name of the last one, by a script. The night on which the connection is lost the job
# fails, and the good copy is gone; the next reader finds a file of whole lines. Write under a new name, look at what came last in it, and only then
# copy it to its name.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $moto 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
unset AWS_CA_BUNDLE AWS_PROFILE
export AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=secret AWS_DEFAULT_REGION=us-east-1 AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
export AWS_EC2_METADATA_DISABLED=true
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check 'moto[s3,server]==5.2.5' s3fs==2026.9.0 fsspec==2026.9.0 universal_pathlib==0.3.10 pyarrow==26.0.1 \
  cloudpathlib==0.26.0 opendal==0.47.12 smart_open==9.0.2 obstore==0.12.1 boto3==1.43.117 minio==7.2.20
export PATH="$dir/py/bin:$PATH"
port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
moto_server -H 127.0.0.1 -p "$port" >moto.log 2>&1 & moto=$!
until python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port')" 2>/dev/null; do sleep 0.2; done

cat >run.py <<'PY'
import gzip
import io
import sys

import boto3, cloudpathlib, fsspec, minio, obstore, obstore.store, opendal, pyarrow.fs, s3fs, smart_open, upath

host = sys.argv[1]
url = f"http://{host}"
s3 = boto3.client("s3", endpoint_url=url)
s3.create_bucket(Bucket="backups")
good = b"a good line\n" * 50_000
line = b"x" * 999 + b"\n"

def lines(number):
    for _ in range(number):
        yield line
    raise ConnectionError("the connection is lost")

class Source(io.RawIOBase):
    """The same lines, for the libraries that read."""
    def __init__(self, number):
        self.lines, self.left = lines(number), b""
    def readable(self):
        return True
    def readinto(self, buffer):
        self.left = self.left or next(self.lines)
        size = min(len(buffer), len(self.left))
        buffer[:size], self.left = self.left[:size], self.left[size:]
        return size

def written(opened, number):
    with opened as file:
        for each in lines(number):
            file.write(each)

bucket = s3fs.S3FileSystem(endpoint_url=url)
arrow = pyarrow.fs.S3FileSystem(endpoint_override=host, scheme="http")
cloud = cloudpathlib.S3Client(endpoint_url=url)
store = obstore.store.S3Store("backups", endpoint=url, client_options={"allow_http": True})
operator = opendal.Operator("s3", bucket="backups", endpoint=url, region="us-east-1")
client = minio.Minio(endpoint=host, secure=False, access_key="id", secret_key="secret")

def in_a_transaction(number):
    with bucket.transaction:
        written(bucket.open("backups/export", "wb"), number)

halves = {
    "s3fs": lambda number: written(bucket.open("backups/export", "wb"), number),
    "fsspec": lambda number: written(fsspec.open("s3://backups/export", "wb", endpoint_url=url), number),
    "fsspec, gzip": lambda number: written(fsspec.open("s3://backups/export", "wb", endpoint_url=url, compression="gzip"), number),
    "universal_pathlib": lambda number: written(upath.UPath("s3://backups/export", endpoint_url=url).open("wb"), number),
    "pyarrow": lambda number: written(arrow.open_output_stream("backups/export"), number),
    "cloudpathlib": lambda number: written(cloud.CloudPath("s3://backups/export").open("wb"), number),
    "opendal": lambda number: written(operator.open("export", "wb"), number),
}
wholes = {
    "smart_open": lambda number: written(smart_open.open("s3://backups/export", "wb", transport_params={"client": s3}), number),
    "obstore": lambda number: written(obstore.open_writer(store, "export"), number),
    "boto3": lambda number: s3.upload_fileobj(Source(number), "backups", "export"),
    "minio": lambda number: client.put_object("backups", "export", Source(number), -1, part_size=5 * 1024 * 1024),
    "s3fs, transaction": in_a_transaction,
}
def left_by(write, number):
    s3.put_object(Bucket="backups", Key="export", Body=good)
    try:
        write(number)
        raise SystemExit("no error")
    except ConnectionError:
        return s3.get_object(Bucket="backups", Key="export")["Body"].read()

for number in (10, 12_000):
    for name, write in halves.items():
        left = left_by(write, number)
        left = gzip.decompress(left) if name == "fsspec, gzip" else left
        print(f"{name}: {len(left):,} bytes of the export that broke off are in the good one's place")
        assert left == line * number
    for name, write in wholes.items():
        left = left_by(write, number)
        print(f"{name}: the good one")
        assert left == good
PY
python run.py "127.0.0.1:$port"
echo "as stated: s3fs 2026.9.0, pyarrow 26.0.1, cloudpathlib 0.26.0, opendal 0.47.12, smart_open 9.0.2, obstore 0.12.1, boto3 1.43.117, minio 7.2.20"
