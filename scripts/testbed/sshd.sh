#!/usr/bin/env bash
# A private OpenSSH server for tests, apart from any other on this machine:
#   sshd.sh up DIR PORT [PID]   start it, or leave it running, and print how to reach it as NAME=value lines
#   sshd.sh down DIR            stop it and all that runs in its sessions; its keys stay in DIR
#   sshd.sh drop DIR            kill its connections, whatever they are doing; the server goes on
#   sshd.sh rekey DIR           give it a new host key, which its clients do not know; it counts from the next `up`
#
# Everything lives in DIR, an absolute path that is new, empty or from an earlier `up`. On 127.0.0.1 the current user may
# log in with the key in DIR, and with nothing else. DIR/config is for `ssh -F DIR/config iact-test`; to the alias
# iact-test-refused it shows a key that the server does not take. With PID the server belongs to that process: when it has
# ended, however it ended, the server is stopped and DIR removed.
set -euo pipefail

# fail ends the script; 4, the code for a missing prerequisite, says that OpenSSH's server is not installed.
fail() { echo "sshd.sh: $1" >&2; exit "${2:-1}"; }

# find_program prints the path of the server, which insists on being called by its whole name.
find_program() {
  local bin
  for bin in /usr/sbin /usr/local/sbin "$(dirname "$(command -v sshd || echo /none/sshd)")"; do
    if [ -x "$bin/sshd" ]; then echo "$bin/sshd"; return 0; fi
  done
  fail "no sshd here: scripts/testbed/install.sh installs it" 4
}

# servers prints the processes of the server, the listening one and those of its connections: on Linux the ones that have
# its log open, because the pid file of a crash may by now name somebody else's process.
servers() {
  local pid
  if [ -d /proc/self ]; then
    find /proc/[0-9]*/fd -maxdepth 1 -lname "$(readlink -f "$dir")/sshd.log" 2>/dev/null | cut -d/ -f3 | sort -u || true
  else
    pid=$(cat "$dir/sshd.pid" 2>/dev/null || true)
    if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then echo "$pid"; fi
  fi
}

# listener prints the process that waits for connections, nothing when there is none.
listener() {
  local pid
  pid=$(cat "$dir/sshd.pid" 2>/dev/null || true)
  if [ -n "$pid" ] && servers | grep -x "$pid" >/dev/null; then echo "$pid"; fi
}

# members adds what runs in the sessions: programs outlive a connection that was killed.
members() {
  servers
  [ ! -d /proc/self ] ||
    grep -lzx "IACT_TEST_SSHD=$dir" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 || true
}

# make_key makes a key without a password, or leaves the one that is there.
make_key() { [ -f "$1" ] || ssh-keygen -q -t ed25519 -N '' -C iact-test -f "$1"; }

create() {
  command -v ssh-keygen >/dev/null || fail "no ssh-keygen here: scripts/testbed/install.sh installs it" 4
  if [ -d "$dir" ] && [ ! -e "$dir/.iact-testbed" ] && [ -n "$(ls -A "$dir")" ]; then
    fail "$dir holds something else: name a new or empty directory"
  fi
  mkdir -p "$dir"
  touch "$dir/.iact-testbed"
  chmod 0700 "$dir"
  make_key "$dir/host_key"
  make_key "$dir/key"
  make_key "$dir/refused_key"
  cp "$dir/key.pub" "$dir/authorized_keys"
  # After `rekey` the clients know the old key.
  [ -f "$dir/known_hosts" ] || echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$dir/host_key.pub")" >"$dir/known_hosts"
}

# write_config writes the settings of the server. Keys of a temporary directory are below /tmp, which all may write.
write_config() {
  local pam=no
  # A locked account is let in through PAM alone.
  if [ "$(id -u)" -eq 0 ] && getent shadow root 2>/dev/null | grep -q '^root:!'; then pam=yes; fi
  cat >"$dir/sshd_config" <<EOF
ListenAddress 127.0.0.1:$port
HostKey $dir/host_key
PidFile $dir/sshd.pid
AuthorizedKeysFile $dir/authorized_keys
AllowUsers $user
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM $pam
UseDNS no
PrintMotd no
MaxStartups 200
AcceptEnv LANG LC_* DOCKER_HOST
SetEnv IACT_TEST_SSHD=$dir SHLVL=1
Subsystem sftp internal-sftp
LogLevel VERBOSE
EOF
  # Newer servers keep an address away that was refused before.
  echo 'PerSourcePenalties no' >"$dir/newer"
  if cat "$dir/sshd_config" "$dir/newer" >"$dir/try" && "$server" -t -f "$dir/try" 2>/dev/null; then mv "$dir/try" "$dir/sshd_config"; fi
  rm -f "$dir/newer" "$dir/try"
}

# write_client writes the settings of the clients.
write_client() {
  local alias key
  for alias in iact-test iact-test-refused; do
    key=$dir/key
    [ "$alias" = iact-test ] || key=$dir/refused_key
    cat <<EOF
Host $alias
  HostName 127.0.0.1
  Port $port
  User $user
  IdentityFile $key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $dir/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
EOF
  done >"$dir/config"
}

start() {
  # Whatever a killed server left goes first.
  down
  # The server wants this directory, and only the package's service makes it.
  if [ "$(id -u)" -eq 0 ]; then mkdir -p /run/sshd; fi
  write_config
  "$server" -t -f "$dir/sshd_config" 2>"$dir/sshd.log" || fail "settings: $(tail -n 5 "$dir/sshd.log")"
  setsid "$server" -D -e -f "$dir/sshd_config" </dev/null >/dev/null 2>>"$dir/sshd.log" &
  # It writes its pid file when it listens.
  for _ in $(seq 500); do
    if [ -s "$dir/sshd.pid" ]; then return 0; fi
    kill -0 "$!" 2>/dev/null || break
    sleep 0.02
  done
  fail "start on port $port: $(tail -n 5 "$dir/sshd.log" 2>/dev/null)"
}

# watch stops the server when its owner has ended; an ended one that nobody has reaped has no program any more.
# It keeps none of this script's files open.
watch() {
  setsid bash -c 'while [ -d "$1" ] && kill -0 "$2" 2>/dev/null && { [ ! -d /proc/self ] || [ -e "/proc/$2/exe" ]; }; do sleep 0.5; done; bash "$0" down "$1" && rm -rf "$1"' \
    "$(readlink -f "${BASH_SOURCE[0]}")" "$dir" "$1" </dev/null >/dev/null 2>&1 &
}

up() {
  local port=$2 owner=${3:-} server user
  server=$(find_program)
  user=$(id -un)
  case $port in '' | *[!0-9]*) fail "port $port is not a number" ;; esac
  create
  if [ -n "$(listener)" ]; then
    grep -qx "ListenAddress 127.0.0.1:$port" "$dir/sshd_config" || fail "the server in $dir already runs, on another port"
  else
    start
    write_client
    if [ -n "$owner" ]; then watch "$owner"; fi
  fi
  printf '%s\n' "IACT_TEST_SSH_DIR=$dir" "IACT_TEST_SSH_PORT=$port" "IACT_TEST_SSH_USER=$user"
}

# drop breaks the connections off as a network does that goes away: nobody says goodbye.
drop() {
  local pid main
  main=$(listener)
  [ -n "$main" ] || fail "the server in $dir does not run"
  for pid in $(servers); do
    [ "$pid" = "$main" ] || kill -s KILL "$pid" 2>/dev/null || true
  done
}

rekey() {
  [ -f "$dir/host_key" ] || fail "no server was ever started in $dir"
  rm -f "$dir/host_key" "$dir/host_key.pub"
  make_key "$dir/host_key"
}

down() {
  local signal
  # Nothing of it is worth a clean end: it is given a moment, then killed.
  for signal in TERM KILL; do
    for _ in $(seq 50); do
      [ -n "$(members)" ] || { rm -f "$dir/sshd.pid"; return 0; }
      # shellcheck disable=SC2046 # one process id a word
      kill -s "$signal" $(members) 2>/dev/null || true
      sleep 0.05
    done
  done
  fail "the server in $dir does not stop"
}

dir=${2:-}
case $dir in
  *[!A-Za-z0-9/._+-]*) fail "$dir: a path of letters, digits and ./_+- is needed" ;;
  /?*) dir=${dir%/} ;;
  *) fail "use: sshd.sh up DIR PORT [PID] | down DIR | drop DIR | rekey DIR, with an absolute DIR" ;;
esac
case ${1:-} in
  up) up "$dir" "${3:-}" "${4:-}" ;;
  down) down ;;
  drop) drop ;;
  rekey) rekey ;;
  *) fail "use: sshd.sh up DIR PORT [PID] | down DIR | drop DIR | rekey DIR" ;;
esac
