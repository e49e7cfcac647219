#!/usr/bin/env bash
# A gateway in front of the server: of a user id with a slash Apache makes 404 by itself, and nginx two path segments as soon as it takes a prefix off.
#
# nginx 1.22.1, Apache 2.4, Caddy 2.6.2 (Debian 12), each in front of a server that answers with the path that it got.
# Behaviour of GET /users/ID, with an id that is percent-encoded once, as it must be in a path:
# - nginx with `proxy_pass http://server;` hands the path on as it came. With a path behind it (`location /backup/ { proxy_pass http://server/; }`), and with
#   `rewrite`, it decodes the path and encodes it anew: `team%2Fann` arrives as `team/ann`, `a%2F%2Fb` as `a/b`. "?", "#" and "%" stay encoded.
# - Apache's mod_proxy answers `%2F` with a 404 of its own; the server behind it is not asked. `AllowEncodedSlashes NoDecode` and `nocanon` hand it on.
# - Caddy hands on what came, also with `handle_path`, which takes a prefix off.
# - An id without a slash (`auth0%7C64f`, `a%3Fb`, `a%25b`) means the same behind all of them.
#
# Who is hurt: users whose id holds a slash (`team/ann`, a DID, a URL). Behind Apache a fetch of their backup is 404, which an app reads as "this user has no
# backup"; behind nginx it asks for another path. All other users are well, so nobody sees it in a test. Ask for such an id through the gateway once.
#
# Needs Debian 12's apt-get and dpkg-deb (amd64), and curl; nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
apt-get download -q -o APT::Sandbox::User=root nginx apache2-bin caddy libapr1 libaprutil1 >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$dir/root/usr/lib/x86_64-linux-gnu"
root/usr/sbin/nginx -v 2>&1 | grep -q "nginx/1.22.1"
root/usr/sbin/apache2 -v | head -1 | grep -q "Apache/2.4"
root/usr/bin/caddy version | grep -q "2.6.2"
read -r server nginx apache caddy < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(4)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')

cat >server.mjs <<'JS'
import { createServer } from "node:http";
createServer(({ url }, response) => response.end(url)).listen(Number(process.argv[2]), "127.0.0.1");
JS
mkdir tmp
cat >nginx.conf <<NGINX
daemon off; pid $dir/nginx.pid; error_log $dir/nginx.log; events {}
http {
  access_log off;
  client_body_temp_path tmp/a; proxy_temp_path tmp/b; fastcgi_temp_path tmp/c; uwsgi_temp_path tmp/d; scgi_temp_path tmp/e;
  server {
    listen 127.0.0.1:$nginx;
    location / { proxy_pass http://127.0.0.1:$server; }
    location /backup/ { proxy_pass http://127.0.0.1:$server/; }
    location /again/ { rewrite ^/again(/.*) \$1 break; proxy_pass http://127.0.0.1:$server; }
  }
}
NGINX
cat >apache.conf <<APACHE
ServerRoot $dir/root/usr/lib/apache2
DefaultRuntimeDir $dir
PidFile $dir/apache.pid
ErrorLog $dir/apache.log
ServerName gateway
User nobody
Listen 127.0.0.1:$apache
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule proxy_module modules/mod_proxy.so
LoadModule proxy_http_module modules/mod_proxy_http.so
<VirtualHost *:$apache>
  ServerName gateway
  ProxyPass / http://127.0.0.1:$server/
</VirtualHost>
<VirtualHost *:$apache>
  ServerName nodecode
  AllowEncodedSlashes NoDecode
  ProxyPass / http://127.0.0.1:$server/ nocanon
</VirtualHost>
APACHE
cat >Caddyfile <<CADDY
{
  admin off
  auto_https off
}
http://127.0.0.1:$caddy {
  handle_path /backup/* {
    reverse_proxy 127.0.0.1:$server
  }
  handle {
    reverse_proxy 127.0.0.1:$server
  }
}
CADDY
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
node server.mjs "$server" & pids+=($!)
root/usr/sbin/nginx -p "$dir/" -c "$dir/nginx.conf" 2>/dev/null & pids+=($!)
root/usr/sbin/apache2 -f "$dir/apache.conf" -DFOREGROUND 2>apache.errors & pids+=($!)
HOME="$dir" root/usr/bin/caddy run --config Caddyfile --adapter caddyfile >caddy.log 2>&1 & pids+=($!)
for port in "$server" "$nginx" "$apache" "$caddy"; do
  for _ in $(seq 100); do curl -s -o /dev/null "http://127.0.0.1:$port/up" && break; sleep 0.1; done
done
# arrives BASE ID WHAT [HOST]: what the server is asked for the id, or the gateway's own answer.
arrives() {
  got=$(curl -s --path-as-is -o body -w '%{http_code}' -H "Host: ${4:-gateway}" "http://127.0.0.1:$1/users/$2")
  if [ "$got" = 200 ]; then got=$(cat body); got=${got#/users/}; fi
  echo "$1 $2 -> $got"
  [ "$got" = "$3" ]
}
for id in auth0%7C64f a%3Fb a%23b a%25b; do
  for base in "$nginx" "$nginx/backup" "$nginx/again" "$apache"; do arrives "$base" "$id" "$id"; done
done
arrives "$nginx" team%2Fann team%2Fann
arrives "$nginx/backup" team%2Fann team/ann
arrives "$nginx/again" team%2Fann team/ann
arrives "$nginx/backup" a%2F%2Fb a/b
arrives "$nginx/backup" did%3Aweb%3Ax%2Fy did:web:x/y
arrives "$apache" team%2Fann 404
arrives "$apache" team%2Fann team%2Fann nodecode
for base in "$caddy" "$caddy/backup"; do arrives "$base" team%2Fann team%2Fann "127.0.0.1:$caddy"; done
echo "as stated: nginx 1.22.1, Apache 2.4, Caddy 2.6.2"
