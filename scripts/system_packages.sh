#!/usr/bin/env bash
# Install what tests run on beside Python: Go with golang.org/x/mod, Node, PostgreSQL. Quiet when all is there.
set -euo pipefail

missing=()
command -v go >/dev/null || missing+=(golang-go)
[ -d /usr/share/gocode/src/golang.org/x/mod ] || missing+=(golang-golang-x-mod-dev)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
# The tests start a private server from its programs; whatever else the package starts is left alone.
command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed: ${missing[*]}. The tests that need them are left out: our log and signatures checked by"
  echo "foreign tools, and the dam's state in PostgreSQL."
  echo "On Debian or Ubuntu: sudo apt-get install ${missing[*]}"
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }
install 2>/dev/null || { apt-get update -qq && install; }
