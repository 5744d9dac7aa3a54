#!/usr/bin/env bash
# A private PostgreSQL for tests, apart from any other on this machine:
#   postgres.sh up DIR PORT [PID]   start it, or leave it running, and print how to reach it as NAME=value lines
#   postgres.sh down DIR            stop it, whatever state it is in; its data stay in DIR
#
# Everything lives in DIR, an absolute path that is new, empty or from an earlier `up`. The socket needs no password;
# 127.0.0.1 asks for one. Nothing is synced to disk. With PID the cluster belongs to that process: when it has ended,
# however it ended, the cluster is stopped and DIR removed. As root the server runs as user postgres.
set -euo pipefail

# fail ends the script; 4, the code for a missing prerequisite, says that PostgreSQL is not installed.
fail() { echo "postgres.sh: $1" >&2; exit "${2:-1}"; }

# as_server runs a command as the account that owns the cluster. The server refuses to run as root.
as_server() {
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid=postgres --regid=postgres --init-groups -- env HOME="$dir" "$@"
  else
    "$@"
  fi
}

# find_bin prints the folder of the newest PostgreSQL server programs.
find_bin() {
  local bin
  while read -r bin; do
    if [ -n "$bin" ] && [ -x "$bin/initdb" ] && [ -x "$bin/pg_ctl" ]; then echo "$bin"; return 0; fi
  done < <(echo "${IACT_TEST_PGBIN:-}"
    printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -rV
    dirname "$(command -v initdb || echo /none/initdb)")
  fail "no PostgreSQL server programs here: scripts/testbed/install.sh installs them, IACT_TEST_PGBIN names another folder" 4
}

# members prints the processes of this cluster: the server, and backends that a killed server left behind. On Linux they
# are the ones that work in its data directory, because the pid file of a crash may by now name somebody else's process.
members() {
  local link=
  if [ -d /proc/self ]; then
    for link in $(find /proc/[0-9]* -maxdepth 1 -name cwd -lname "$(readlink -f "$dir")/data" 2>/dev/null); do
      basename "$(dirname "$link")"
    done
  else
    link=$(named_pid)
    if [ -n "$link" ] && kill -0 "$link" 2>/dev/null; then echo "$link"; fi
  fi
}

# named_pid prints what the pid file names, nothing when there is none.
named_pid() { as_server head -n 1 "$dir/data/postmaster.pid" 2>/dev/null || true; }

# server_pid prints the process of this cluster's server, nothing when it does not run.
server_pid() {
  local pid
  pid=$(named_pid)
  if [ -n "$pid" ] && members | grep -x "$pid" >/dev/null; then echo "$pid"; fi
}

create() {
  local locale=C
  [ -f "$dir/data/PG_VERSION" ] && return 0
  if [ -d "$dir" ] && [ ! -e "$dir/.iact-testbed" ] && [ -n "$(ls -A "$dir")" ]; then
    fail "$dir holds something else: name a new or empty directory"
  fi
  mkdir -p "$dir"
  touch "$dir/.iact-testbed"
  chmod 0700 "$dir"
  if [ "$(id -u)" -eq 0 ]; then chown postgres:postgres "$dir"; fi
  as_server test -x "$dir" || fail "user postgres cannot enter $dir: every folder above it must be traversable"
  if locale -a 2>/dev/null | grep -qix 'c\.utf-\?8'; then locale=C.UTF-8; fi
  as_server rm -rf "$dir/making" "$dir/socket"
  as_server mkdir -m 0700 "$dir/socket"
  as_server "$bin/initdb" -D "$dir/making" -U postgres -E UTF8 --locale="$locale" --no-sync \
    --auth-local=trust --auth-host=scram-sha-256 >"$dir/initdb.log" 2>&1 ||
    fail "initdb: $(tail -n 3 "$dir/initdb.log")"
  # The name `data` appears only when the cluster is whole.
  as_server mv "$dir/making" "$dir/data"
}

start() {
  # Whatever a killed server left goes first.
  down
  local options="-p $port -k $dir/socket -c listen_addresses=127.0.0.1 -F"
  # A server log is written by the server's account, hence not by a redirection here.
  if ! as_server "$bin/pg_ctl" -s -w -t 60 -D "$dir/data" -l "$dir/server.log" -o "$options" start >/dev/null 2>&1; then
    fail "start on port $port: $(tail -n 5 "$dir/server.log" 2>/dev/null)"
  fi
}

# watch stops the cluster when its owner has ended; an ended one that nobody has reaped has no program any more.
# It keeps none of this script's files open.
watch() {
  setsid bash -c 'while [ -d "$1" ] && kill -0 "$2" 2>/dev/null && { [ ! -d /proc/self ] || [ -e "/proc/$2/exe" ]; }; do sleep 0.5; done; bash "$0" down "$1" && rm -rf "$1"' \
    "$(readlink -f "${BASH_SOURCE[0]}")" "$dir" "$1" </dev/null >/dev/null 2>&1 &
}

up() {
  local bin port=$2 owner=${3:-} running
  bin=$(find_bin)
  case $port in '' | *[!0-9]*) fail "port $port is not a number" ;; esac
  # The address of a socket holds 107 bytes.
  [ "$(printf %s "$dir/socket/.s.PGSQL.$port" | wc -c)" -le 107 ] || fail "$dir is too long a path for a socket: name a shorter one"
  create
  if [ -n "$(server_pid)" ]; then
    running=$(as_server sed -n 4p "$dir/data/postmaster.pid")
    [ "$running" = "$port" ] || fail "the cluster in $dir already runs, on port $running"
  else
    start
    if [ -n "$owner" ]; then watch "$owner"; fi
  fi
  printf '%s\n' "IACT_TEST_PGHOST=$dir/socket" "IACT_TEST_PGPORT=$port" IACT_TEST_PGUSER=postgres "IACT_TEST_PGBIN=$bin"
}

# forget removes what a killed server leaves to keep the next one away.
forget() { [ ! -d "$dir/data" ] || as_server rm -f "$dir/data/postmaster.pid" "$dir"/socket/.s.PGSQL.*; }

down() {
  local signal
  # Clients have no say: an immediate shutdown, then a kill for whatever is left.
  for signal in QUIT KILL; do
    for _ in $(seq 100); do
      [ -n "$(members)" ] || { forget; return 0; }
      # shellcheck disable=SC2046 # one process id a word
      kill -s "$signal" $(members) 2>/dev/null || true
      sleep 0.1
    done
  done
  fail "the server in $dir does not stop"
}

dir=${2:-}
case $dir in
  *[!A-Za-z0-9/._+-]*) fail "$dir: a path of letters, digits and ./_+- is needed" ;;
  /?*) dir=${dir%/} ;;
  *) fail "use: postgres.sh up DIR PORT [PID] | down DIR, with an absolute DIR" ;;
esac
case ${1:-} in
  up) up "$dir" "${3:-}" "${4:-}" ;;
  down) down ;;
  *) fail "use: postgres.sh up DIR PORT [PID] | down DIR" ;;
esac
