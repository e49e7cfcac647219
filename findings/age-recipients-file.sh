#!/usr/bin/env bash
# age with a file of recipients: it leaves out the SSH keys that it does not know, and seals for the others. The exit code is 0.
#
# age 1.1.1 (Debian 12), pyrage 1.4.0 (PyPI, rage's library), SSH keys made by OpenSSH 9.2 (Debian 12).
# Behaviour, of a file for `age -R` with an X25519 recipient, an Ed25519 key and an ECDSA key, as a list of a team's `*.pub` files has it:
# - age says on standard error "warning: … ignoring unsupported SSH key of type "ecdsa-sha2-nistp256"", seals for the two others, and ends with 0. The
#   owner of the third key cannot open the file. Keys of security keys ("sk-ssh-ed25519@…") are left out in the same way.
# - With `-r` the same key is an error. So is a file of recipients in which it stands alone.
# - pyrage refuses the key: an error at that line.
# - Nothing shows afterwards for whom a file is: of an X25519 recipient it names none, of an SSH key four bytes of a digest. Only an identity tells.
#
# Who is hurt: a company that seals its copies, or the keys in escrow, for the keys that its people have anyway. A script shows no warning; two people
# are to be able to open the file, and one is. Give each recipient with -r, count the stanzas ("-> ") of the file, and let each owner open one.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64); nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check pyrage==1.4.0
apt-get download -q -o APT::Sandbox::User=root age openssh-client >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
age() { root/usr/bin/age "$@"; }
[ "$(age --version)" = 1.1.1 ]

root/usr/bin/age-keygen -o ann 2>/dev/null
root/usr/bin/age-keygen -y ann >recipients
root/usr/bin/ssh-keygen -q -t ed25519 -N '' -C bob -f bob
root/usr/bin/ssh-keygen -q -t ecdsa -N '' -C cleo -f cleo
# What ssh-keygen writes for a security key: its kind, 32 bytes, the application. Made here, for it would ask for the device.
python3 -c '
import base64, os
parts = [b"sk-ssh-ed25519@openssh.com", os.urandom(32), b"ssh:"]
print("sk-ssh-ed25519@openssh.com", base64.b64encode(b"".join(len(each).to_bytes(4, "big") + each for each in parts)).decode(), "dan")
' >dan.pub
cat bob.pub cleo.pub dan.pub >>recipients
echo "a share" >share

age -R recipients -o share.age share 2>said
cat said
[ "$(grep -c "warning: .*ignoring unsupported SSH key" said)" = 2 ]
opens() { [ "$(age -d -i "$1" share.age 2>/dev/null)" = "a share" ] && echo "$1 opens it" || echo "$1 does not open it"; }
seen="$(opens ann), $(opens bob), $(opens cleo)"
echo "$seen"
[ "$seen" = "ann opens it, bob opens it, cleo does not open it" ]
stanzas=$(grep -a "^-> " share.age | cut -d' ' -f2 | tr '\n' ' ')
echo "stanzas: $stanzas"
[ "$stanzas" = "X25519 ssh-ed25519 " ]

for alone in "-R cleo.pub" "-R dan.pub"; do
  if age $alone -o alone.age share 2>said; then echo "changed: $alone is taken"; exit 1; fi
  grep "no recipients found" said
done
if age -r "$(cat cleo.pub)" -o alone.age share 2>said; then echo "changed: -r takes it"; exit 1; fi
py/bin/python - <<'PY'
import pyrage
pyrage.ssh.Recipient.from_str(open("bob.pub").read())
for name in ["cleo.pub", "dan.pub"]:
    try:
        pyrage.ssh.Recipient.from_str(open(name).read())
    except pyrage.RecipientError as refused:
        print("pyrage:", refused)
    else:
        raise SystemExit(f"changed: pyrage takes {name}")
PY
echo "as stated: age 1.1.1, pyrage 1.4.0"
