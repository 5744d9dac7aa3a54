#!/usr/bin/env bash
# What devcontainers are made with, where this machine has none of its own; prints the path of the program:
#   devcontainer.sh cli       the official command line, from npm's registry
#   devcontainer.sh compose   the Compose plugin, compiled from its Go module, which takes two minutes once
#   devcontainer.sh have …    the same, but 4 where it was never made
#
# Both are kept in the cache directory of the user.
set -euo pipefail

cli=0.89.0 compose=v2.40.3

fail() { echo "devcontainer.sh: $1" >&2; exit "${2:-1}"; }

make_cli() {
  command -v npm >/dev/null || fail "no npm here: scripts/testbed/install.sh installs it" 4
  npm install --silent --no-audit --no-fund --prefix "$1" "@devcontainers/cli@$cli" </dev/null >&2
}

make_compose() {
  command -v go >/dev/null || fail "no go here" 4
  mkdir -p "$1"
  cd "$1"
  printf 'module compose\n\ngo 1.24\n' >go.mod
  GOFLAGS=-mod=mod go get "github.com/docker/compose/v2/cmd@$compose" >&2
  GOFLAGS=-mod=mod CGO_ENABLED=0 go build -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$compose" -o docker-compose github.com/docker/compose/v2/cmd >&2
}

only=
if [ "${1:-}" = have ]; then only=1; shift; fi
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/iact-testbed
case ${1:-} in
  cli) at=$cache/devcontainer-$cli program=node_modules/.bin/devcontainer ;;
  compose) at=$cache/compose-$compose program=docker-compose ;;
  *) fail "use: devcontainer.sh [have] cli|compose" ;;
esac
if [ ! -x "$at/$program" ]; then
  [ -z "$only" ] || fail "$1 was never made here" 4
  mkdir -p "$cache"
  exec 9>"$at.lock"
  flock -w 900 9 || fail "another run holds $at.lock"
  if [ ! -x "$at/$program" ]; then
    rm -rf "$at.new"
    (make_"$1" "$at.new") 9>&-
    # The name appears only when it is whole.
    mv "$at.new" "$at"
  fi
fi
echo "$at/$program"
