#!/usr/bin/env bash
# A small Debian or Ubuntu for tests that do anything to it: root.sh prints the name of a tar of it.
#
# It is the release of this machine with apt and what apt needs, from the mirror that apt uses here. No service starts in
# it. It takes some ten seconds once, is made by one while others wait, and is kept in the cache directory of the user for
# a week, or until this script changes.
set -euo pipefail

# fail ends the script; 4, the code for a missing prerequisite, says that no root can be made here.
fail() { echo "root.sh: $1" >&2; exit "${2:-1}"; }

# mirror prints the address that apt uses here for the distribution itself.
mirror() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
    grep -v '^ *#' | grep -oE "https?://[^ ]+/$1/?( |\$)" | head -n 1 | tr -d ' '
}

build() {
  local from proxy path components=main
  local -a options=()
  from=$(mirror "$distribution") || fail "apt knows no mirror of $distribution here" 4
  [ "$distribution" = debian ] || components=main,universe
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [ -z "${proxy:-}" ] || options+=("--aptopt=Acquire::http::Proxy \"$proxy\"")
  for path in doc man info locale; do options+=("--dpkgopt=path-exclude=/usr/share/$path/*"); done
  # shellcheck disable=SC2016 # $1 is the hook's
  TMPDIR=$work nice mmdebstrap --mode=root --variant=minbase --quiet --components="$components" --dpkgopt=force-unsafe-io "${options[@]}" \
    --customize-hook='printf "#!/bin/sh\nexit 101\n" >"$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"' \
    --customize-hook='printf "127.0.0.1 localhost\n" >"$1/etc/hosts"' \
    "$codename" "$work/root.tar" "$from" 2>"$work/log" || fail "mmdebstrap: $(tail -n 5 "$work/log")"
  # The name appears only when the file is whole.
  mv "$work/root.tar" "$kept"
}

[ "$(id -u)" -eq 0 ] || fail "a root of one's own takes root" 4
command -v mmdebstrap >/dev/null 2>&1 || fail "no mmdebstrap here: scripts/testbed/install.sh installs it" 4
# shellcheck disable=SC1091 # every Linux has it
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}") distribution=$(. /etc/os-release && echo "$ID")
[ -n "$codename" ] || fail "this machine names no release of Debian or Ubuntu" 4
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/iact-testbed
mkdir -p "$cache"
kept=$cache/root-$( (cat "${BASH_SOURCE[0]}"; echo "$codename") | sha256sum | cut -c1-16).tar
exec 9>"$cache/root.lock"
flock -w 600 9 || fail "another run holds $cache/root.lock for ten minutes"
find "$cache" -name 'root-*.tar' -mtime +7 -delete
if [ ! -f "$kept" ]; then
  work=$(mktemp -d "$kept.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  build 9>&-
fi
echo "$kept"
