#!/usr/bin/env bash
# A private MariaDB for tests, apart from any other on this machine:
#   mariadb.sh up DIR PORT [PID]   start it, or leave it running, and print how to reach it as NAME=value lines
#   mariadb.sh down DIR            stop it, whatever state it is in; its data stay in DIR
#
# Everything lives in DIR, an absolute path that is new, empty or from an earlier `up`. Its user root has no password at
# the socket; on 127.0.0.1 a login needs a user with a password. Nothing is synced to disk. With PID the server belongs to
# that process: when it has ended, however it ended, the server is stopped and DIR removed. As root the server runs as
# user mysql.
set -euo pipefail

# fail ends the script; 4, the code for a missing prerequisite, says that MariaDB is not installed.
fail() { echo "mariadb.sh: $1" >&2; exit "${2:-1}"; }

# as_server runs a command as the account that owns the data. The server refuses to run as root.
as_server() {
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid=mysql --regid=mysql --init-groups -- env HOME="$dir" "$@"
  else
    "$@"
  fi
}

# find_program prints the path of a program of the server, which Debian keeps in /usr/sbin.
find_program() {
  local bin
  for bin in "$(dirname "$(command -v "$1" || echo "/none/$1")")" /usr/sbin /usr/libexec /usr/local/sbin; do
    if [ -x "$bin/$1" ]; then echo "$bin/$1"; return 0; fi
  done
  fail "no $1 here: scripts/testbed/install.sh installs it" 4
}

# members prints the processes of this server: on Linux the ones that work in its data directory, because the pid file of
# a crash may by now name somebody else's process.
members() {
  local link pid
  if [ -d /proc/self ]; then
    for link in $(find /proc/[0-9]* -maxdepth 1 -name cwd -lname "$(readlink -f "$dir")/data" 2>/dev/null); do
      basename "$(dirname "$link")"
    done
  else
    pid=$(cat "$dir/server.pid" 2>/dev/null || true)
    if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then echo "$pid"; fi
  fi
}

create() {
  local install
  [ -d "$dir/data" ] && return 0
  install=$(find_program mariadb-install-db)
  if [ -d "$dir" ] && [ ! -e "$dir/.iact-testbed" ] && [ -n "$(ls -A "$dir")" ]; then
    fail "$dir holds something else: name a new or empty directory"
  fi
  mkdir -p "$dir"
  touch "$dir/.iact-testbed"
  chmod 0700 "$dir"
  if [ "$(id -u)" -eq 0 ]; then chown mysql:mysql "$dir"; fi
  as_server test -x "$dir" || fail "user mysql cannot enter $dir: every folder above it must be traversable"
  as_server rm -rf "$dir/making" "$dir/tmp"
  # A server that starts clears the temporary tables of every server with the same tmpdir.
  as_server mkdir -m 0700 "$dir/making" "$dir/tmp"
  as_server "$install" --no-defaults --datadir="$dir/making" --tmpdir="$dir/tmp" --skip-name-resolve --skip-test-db \
    --auth-root-authentication-method=normal >"$dir/install.log" 2>&1 || fail "mariadb-install-db: $(tail -n 3 "$dir/install.log")"
  # The name `data` appears only when the database is whole.
  as_server mv "$dir/making" "$dir/data"
}

# ping is true when the server answers.
ping() { "$client" --no-defaults --socket="$dir/socket" --user=root --connect-timeout=2 -e "SELECT 1" >/dev/null 2>&1; }

start() {
  # Whatever a killed server left goes first.
  down
  # With skip-name-resolve, 127.0.0.1 is not localhost: the login of root that has no password is that of the socket.
  # The server log is written by the server's account.
  as_server setsid "$server" --no-defaults --datadir="$dir/data" --tmpdir="$dir/tmp" --socket="$dir/socket" \
    --pid-file="$dir/server.pid" --port="$port" --bind-address=127.0.0.1 --skip-name-resolve --log-error="$dir/server.log" --event-scheduler=OFF \
    --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --innodb-buffer-pool-size=64M --innodb-log-file-size=32M \
    --aria-pagecache-buffer-size=8M --key-buffer-size=4M --skip-log-bin --performance-schema=OFF \
    --character-set-server=utf8mb4 --collation-server=utf8mb4_general_ci --myisam-recover-options=OFF \
    </dev/null >/dev/null 2>&1 &
  for _ in $(seq 600); do
    if ping; then return 0; fi
    kill -0 "$!" 2>/dev/null || break
    sleep 0.1
  done
  fail "start on port $port: $(tail -n 5 "$dir/server.log" 2>/dev/null)"
}

# secure leaves no login on 127.0.0.1 that has no password.
secure() {
  "$client" --no-defaults --socket="$dir/socket" --user=root \
    -e "DELETE FROM mysql.global_priv WHERE Host <> 'localhost' OR User = ''; FLUSH PRIVILEGES"
}

# watch stops the server when its owner has ended; an ended one that nobody has reaped has no program any more.
# It keeps none of this script's files open.
watch() {
  setsid bash -c 'while [ -d "$1" ] && kill -0 "$2" 2>/dev/null && { [ ! -d /proc/self ] || [ -e "/proc/$2/exe" ]; }; do sleep 0.5; done; bash "$0" down "$1" && rm -rf "$1"' \
    "$(readlink -f "${BASH_SOURCE[0]}")" "$dir" "$1" </dev/null >/dev/null 2>&1 &
}

up() {
  local port=$2 owner=${3:-} server client running
  server=$(find_program mariadbd)
  client=$(find_program mariadb)
  case $port in '' | *[!0-9]*) fail "port $port is not a number" ;; esac
  # The address of a socket holds 107 bytes.
  [ "$(printf %s "$dir/socket" | wc -c)" -le 107 ] || fail "$dir is too long a path for a socket: name a shorter one"
  create
  if [ -n "$(members)" ] && ping; then
    running=$("$client" --no-defaults --socket="$dir/socket" --user=root -N -e "SELECT @@port")
    [ "$running" = "$port" ] || fail "the server in $dir already runs, on port $running"
  else
    start
    secure
    if [ -n "$owner" ]; then watch "$owner"; fi
  fi
  printf '%s\n' "IACT_TEST_MYSQL_SOCKET=$dir/socket" "IACT_TEST_MYSQL_PORT=$port" IACT_TEST_MYSQL_USER=root \
    "IACT_TEST_MYSQL_DATA=$dir/data"
}

# forget removes what a killed server leaves to keep the next one away.
forget() { [ ! -d "$dir/data" ] || as_server rm -f "$dir/server.pid" "$dir/socket"; }

down() {
  local signal
  # Nothing of it is worth a clean end: it is given a moment to remove its socket, then killed.
  for signal in TERM KILL; do
    for _ in $(seq 50); do
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
  *) fail "use: mariadb.sh up DIR PORT [PID] | down DIR, with an absolute DIR" ;;
esac
case ${1:-} in
  up) up "$dir" "${3:-}" "${4:-}" ;;
  down) down ;;
  *) fail "use: mariadb.sh up DIR PORT [PID] | down DIR" ;;
esac
