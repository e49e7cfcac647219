#!/usr/bin/env bash
# Tools that keep or split a secret: of age's identity file ssss, pass and KeePassXC take the first line, a comment. The exit code is 0.
#
# ssss 0.5, pass 1.7.4, KeePassXC 2.7.4 and libgfshare 2.0.0 (Debian 12), age 1.1.1 (Debian 12), keyring 25.7.0 with keyrings.alt 5.0.2 (PyPI).
# Behaviour, of the file that `age-keygen` writes, as it is (`… < identity.txt`): two lines that begin with `#`, then AGE-SECRET-KEY-1…
# - `ssss-split` splits the first line. Its pieces combine, without an error, to "# created: " and a date.
# - `pass insert --echo` keeps the first line; `pass show` shows it. Without `--echo` it takes two lines for the password and its repetition,
#   and refuses as they differ. `pass insert --multiline` keeps the file.
# - `keepassxc-cli add --password-prompt` keeps the first line. `attachment-import` keeps the file.
# - `gfsplit` and Python's `keyring set` keep all lines.
# - The third line alone comes back from each of them, and age opens with it.
#
# Who is hurt: whoever splits the identity of the key escrow among five people, or puts it into the team's store of passwords, and then deletes the
# file. The pieces look like pieces, the entry is there, and what it holds is the day on which the key was made. Give them the last line only
# (`grep -v '^#' identity.txt | …`), and open a file with what comes back before you delete anything.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64), and gpg; nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'gpgconf --kill gpg-agent 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
export HOME="$dir" GNUPGHOME="$dir/gpg" PASSWORD_STORE_DIR="$dir/store" XDG_DATA_HOME="$dir/data" QT_QPA_PLATFORM=offscreen
export PYTHON_KEYRING_BACKEND=keyrings.alt.file.PlaintextKeyring
unset XDG_CONFIG_HOME
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check keyring==25.7.0 keyrings.alt==5.0.2
missing=$(apt-get install -s --no-install-recommends keepassxc | awk '/^Inst/ { print $2 }')
apt-get download -q -o APT::Sandbox::User=root age ssss libgmp10 pass tree libgfshare-bin libgfshare2 keepassxc $missing >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export PATH="$dir/py/bin:$dir/root/usr/bin:$PATH"
libraries=$(echo "$dir"/root/usr/lib/*-linux-gnu)
keepassxc() { LD_LIBRARY_PATH=$libraries keepassxc-cli "$@" 2>/dev/null; }
gfshare() { LD_LIBRARY_PATH=$libraries "$@"; }
[ "$(age --version)" = 1.1.1 ]
[ "$(keepassxc --version)" = 2.7.4 ]
pass version | grep -q v1.7.4

age-keygen -o identity.txt 2>/dev/null
grep -v '^#' identity.txt >key.txt
first=$(head -1 identity.txt); whole=$(cat identity.txt); key=$(cat key.txt)
echo "a share" | age -r "$(age-keygen -y identity.txt)" >sealed
opens() { printf '%s\n' "$1" >candidate; age -d -i candidate sealed 2>/dev/null || true; }
# tell TOOL, what came back of the file, what came back of the last line
tell() { echo "$1: of the file \"$(head -1 <<<"$2")\", $(wc -l <<<"$2") lines"; [ "$3" = "$key" ] && [ "$(opens "$3")" = "a share" ]; }

ssss() { ssss-split -t 2 -n 3 -Q <"$1" >pieces; head -2 pieces | ssss-combine -t 2 2>&1 | sed -n 's/^.*Resulting secret: //p'; }
file=$(ssss identity.txt)
tell ssss "$file" "$(ssss key.txt)"
[ "$file" = "$first" ] && [ "$(opens "$file")" = "" ]

mkdir -m 700 gpg
gpg --batch --quiet --passphrase '' --quick-gen-key finding default default never 2>/dev/null
pass init finding >/dev/null
pass insert --echo file <identity.txt >/dev/null
pass insert --echo last <key.txt >/dev/null
file=$(pass show file)
tell "pass insert --echo" "$file" "$(pass show last)"
[ "$file" = "$first" ] && [ "$(opens "$file")" = "" ]
code=0; pass insert twice <identity.txt >/dev/null 2>refused || code=$?
echo "pass insert: exit code $code, $(cat refused)"
[ "$code" = 1 ] && grep -q "do not match" refused
pass insert --multiline all <identity.txt >/dev/null
[ "$(pass show all)" = "$whole" ]

printf 'finding\nfinding\n' | keepassxc db-create --set-password store.kdbx >/dev/null
stored() { (echo finding; cat "$2") | keepassxc add --password-prompt store.kdbx "$1" >/dev/null; echo finding | keepassxc show --show-protected --attributes Password store.kdbx "$1"; }
file=$(stored file identity.txt)
tell "keepassxc-cli add" "$file" "$(stored last key.txt)"
[ "$file" = "$first" ] && [ "$(opens "$file")" = "" ]
echo finding | keepassxc attachment-import store.kdbx file identity identity.txt >/dev/null
echo finding | keepassxc attachment-export --stdout store.kdbx file identity | cmp - identity.txt

gfshared() { gfshare gfsplit -n 2 -m 3 "$1" piece; gfshare gfcombine -o back $(ls piece.* | head -2); rm piece.*; cat back; }
file=$(gfshared identity.txt)
tell gfsplit "$file" "$(gfshared key.txt)"
[ "$file" = "$whole" ] && [ "$(opens "$file")" = "a share" ]
kept() { keyring set finding "$1" <"$2"; keyring get finding "$1"; }
file=$(kept file identity.txt)
tell "keyring set" "$file" "$(kept last key.txt)"
[ "$file" = "$whole" ] && [ "$(opens "$file")" = "a share" ]
echo "as stated: ssss 0.5, pass 1.7.4, KeePassXC 2.7.4, libgfshare 2.0.0, keyring 25.7.0"
