#!/usr/bin/env bash
# Python's deletions in a bucket that delete nothing, and raise nothing: minio's is not begun, boto3's says so in its answer, s3fs's lists what it left.
#
# minio 7.2.20, boto3 1.43.117, s3fs 2026.9.0, universal_pathlib 0.3.10, obstore 0.12.1, opendal 0.47.12; as peer cloudpathlib 0.26.0 (PyPI),
# against moto 5.2.5 as the S3. Behaviour, of three objects `users/ann/…`:
# - minio's `remove_objects(bucket, […])` sends nothing until somebody goes through what it gives back (`list(…)`): it is a generator. A statement that
#   stands alone deletes nothing.
# - A locked object: boto3's `delete_objects`, and `object_versions.filter(…).delete()` of its resources, give the refusal in `Errors` of an answer with
#   status 200. boto3 raises an error for `delete_object`. minio's `remove_objects`, gone through, gives the refusal and raises nothing.
# - The folder's name: s3fs's `rm("backups/users/ann")` without `recursive=True` gives ["backups/users/ann"] back, universal_pathlib's `unlink()`, obstore's and
#   opendal's `delete` and boto3's and minio's for one object nothing; all three objects are there. cloudpathlib raises an error.
# - s3fs's `rm([…])` names an object as deleted that was never there.
# - minio gone through, s3fs with `recursive=True`, obstore with the list of names, opendal's `remove_all` delete all three.
#
# Who is hurt: whoever erases a person's copies, and reports it as done: the job ends well, the shares are in the bucket. Buckets of R2 have locks, too: while
# one lasts, a loop over `delete_objects` does not notice that it deletes nothing. List the names once more afterwards, and look at `Errors`.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $moto 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
unset AWS_CA_BUNDLE AWS_PROFILE
export AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=secret AWS_DEFAULT_REGION=us-east-1 AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
export AWS_EC2_METADATA_DISABLED=true
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check 'moto[s3,server]==5.2.5' minio==7.2.20 boto3==1.43.117 s3fs==2026.9.0 fsspec==2026.9.0 \
  universal_pathlib==0.3.10 obstore==0.12.1 opendal==0.47.12 cloudpathlib==0.26.0
export PATH="$dir/py/bin:$PATH"
port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
moto_server -H 127.0.0.1 -p "$port" >moto.log 2>&1 & moto=$!
until python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port')" 2>/dev/null; do sleep 0.2; done

cat >run.py <<'PY'
import sys
from datetime import datetime, timedelta, timezone

import boto3, cloudpathlib, minio, obstore, obstore.store, opendal, s3fs, upath
from botocore.exceptions import ClientError
from minio.deleteobjects import DeleteObject

host = sys.argv[1]
url = f"http://{host}"
s3 = boto3.client("s3", endpoint_url=url)
resource = boto3.resource("s3", endpoint_url=url)
client = minio.Minio(endpoint=host, secure=False, access_key="id", secret_key="secret")
store = obstore.store.S3Store("backups", endpoint=url, client_options={"allow_http": True})
operator = opendal.Operator("s3", bucket="backups", endpoint=url, region="us-east-1")
cloud = cloudpathlib.S3Client(endpoint_url=url)
s3.create_bucket(Bucket="backups")
names = [f"users/ann/{number}" for number in range(3)]

def fs():
    return s3fs.S3FileSystem(endpoint_url=url, skip_instance_cache=True)
def left():
    return s3.list_objects_v2(Bucket="backups").get("KeyCount")
def after(delete):
    for name in names:
        s3.put_object(Bucket="backups", Key=name, Body=b"a share")
    answer = delete()
    return left(), answer
folder = "users/ann"
objects = [DeleteObject(name) for name in names]

count, answer = after(lambda: client.remove_objects("backups", objects))
print("minio, remove_objects:", count, "objects are left")
assert count == 3 and list(answer) == [] and left() == 0

silent = {
    "s3fs, rm": (lambda: fs().rm(f"backups/{folder}"), [f"backups/{folder}"]),
    "universal_pathlib, unlink": (lambda: upath.UPath(f"s3://backups/{folder}", endpoint_url=url).unlink(), None),
    "obstore, delete": (lambda: obstore.delete(store, folder), None),
    "opendal, delete": (lambda: operator.delete(folder), None),
    "minio, remove_object": (lambda: client.remove_object("backups", folder), None),
    "boto3, delete_object": (lambda: s3.delete_object(Bucket="backups", Key=folder)["ResponseMetadata"]["HTTPStatusCode"], 204),
}
for name, (delete, gives) in silent.items():
    count, answer = after(delete)
    print(f"{name} of the folder: {count} objects are left, answer {answer}")
    assert (count, answer) == (3, gives)
try:
    after(lambda: cloud.CloudPath(f"s3://backups/{folder}").unlink())
    raise SystemExit("changed: cloudpathlib raised nothing")
except cloudpathlib.exceptions.CloudPathIsADirectoryError as error:
    print("cloudpathlib of the folder:", error)
    assert left() == 3

never = [f"backups/{names[0]}", "backups/never"]
count, answer = after(lambda: fs().rm(never))
print("s3fs, rm of one object and of one that was never there:", answer)
assert (count, sorted(answer)) == (2, sorted(never))

whole = {
    "minio": lambda: list(client.remove_objects("backups", objects)),
    "s3fs": lambda: fs().rm(f"backups/{folder}", recursive=True),
    "obstore": lambda: obstore.delete(store, names),
    "opendal": lambda: operator.remove_all(f"{folder}/"),
}
for name, delete in whole.items():
    assert after(delete)[0] == 0, name

s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
until = datetime.now(timezone.utc) + timedelta(days=30)
lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
version = s3.put_object(Bucket="locked", Key="share", Body=b"a share", **lock)["VersionId"]
one = {"Key": "share", "VersionId": version}
answer = s3.delete_objects(Bucket="locked", Delete={"Objects": [one]})
print("boto3, delete_objects of a locked one:", answer["ResponseMetadata"]["HTTPStatusCode"], answer["Errors"])
assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200 and answer["Errors"][0]["Code"] == "AccessDenied"
answer = resource.Bucket("locked").object_versions.filter(Prefix="share").delete()
assert answer[0]["Errors"][0]["Code"] == "AccessDenied"
refused = list(client.remove_objects("locked", [DeleteObject("share", version)]))
print("minio, remove_objects, gone through:", [error.code for error in refused])
assert [error.code for error in refused] == ["AccessDenied"]
try:
    s3.delete_object(Bucket="locked", **one)
    raise SystemExit("changed: boto3 raised nothing")
except ClientError as error:
    print("boto3, delete_object of a locked one:", error.response["Error"]["Code"])
assert s3.get_object(Bucket="locked", **one)["Body"].read() == b"a share"
PY
python run.py "127.0.0.1:$port"
echo "as stated: minio 7.2.20, boto3 1.43.117, s3fs 2026.9.0, universal_pathlib 0.3.10, obstore 0.12.1, opendal 0.47.12"
