#!/usr/bin/env bash
# A private Docker daemon for tests, apart from any other on this machine:
#   docker.sh up DIR [PID]    start it, or leave it running, and print how to reach it as NAME=value lines
#   docker.sh down DIR        stop it and its containers, whatever state they are in; its data stay in DIR
#   docker.sh stop DIR        stop it in order, as a service is stopped; `up` starts it again with all it had
#   docker.sh hang DIR        it answers nobody any more, until:
#   docker.sh continue DIR
#
# Everything lives in DIR, an absolute path that is new, empty or from an earlier `up`, on a disk: socket, images, volumes,
# containerd, settings. Outside of it there is a bridge with addresses that nothing else here uses, and a control group;
# `down` removes both. No rule of the firewall and no setting of the kernel is touched: containers reach one another, and
# the machine reaches them, also by published ports, but they reach the outer network only with `--network host`. With PID
# the daemon belongs to that process: when it has ended, however it ended, the daemon is stopped and DIR removed.
set -euo pipefail

# fail ends the script; 4, the code for a missing prerequisite, says that Docker cannot be started here.
fail() { echo "docker.sh: $1" >&2; exit "${2:-1}"; }

# find_program prints the path of a program, which may be outside of the PATH of a user.
find_program() {
  local bin
  for bin in /usr/bin /usr/sbin /sbin "$(dirname "$(command -v "$1" || echo "/none/$1")")" /usr/local/bin; do
    if [ -x "$bin/$1" ]; then echo "$bin/$1"; return 0; fi
  done
  fail "no $1 here: scripts/testbed/install.sh installs it" 4
}

# groups prints the control groups of the containers: one in each hierarchy of version 1, one in version 2.
groups() {
  local base
  for base in /sys/fs/cgroup /sys/fs/cgroup/*; do
    if [ -d "$base/$group" ]; then echo "$base/$group"; fi
  done
}

# contained prints the processes in the containers.
contained() {
  local at
  for at in $(groups); do
    find "$at" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done
}

# members prints the processes of this daemon: those that work in its directory, or in what is mounted there, and those
# in its containers. A pid file of a crash may by now name somebody else's process.
members() {
  find /proc/[0-9]* -maxdepth 1 \( -name cwd -o -name root \) -lname "$real/*" 2>/dev/null | cut -d/ -f3 || true
  contained
}

# running prints the process that a pid file names, when it is one of this daemon's.
running() {
  local pid
  pid=$(cat "$dir/$1.pid" 2>/dev/null || true)
  if [ -n "$pid" ] && members | grep -x "$pid" >/dev/null; then echo "$pid"; fi
}

create() {
  if [ -d "$dir" ] && [ ! -e "$dir/.iact-testbed" ] && [ -n "$(ls -A "$dir")" ]; then
    fail "$dir holds something else: name a new or empty directory"
  fi
  mkdir -p "$dir"
  touch "$dir/.iact-testbed"
  chmod 0711 "$dir"
  real=$(readlink -f "$dir")
  mkdir -p "$dir/work" "$dir/config" "$dir/exec"
  if [ ! -f "$dir/daemon.json" ]; then
    # Version 20 writes a key into /etc otherwise; newer ones know no such setting.
    case $("$dockerd" --version) in
      *" version 20."*) echo "{\"deprecated-key-path\": \"$dir/key.json\"}" ;;
      *) echo '{}' ;;
    esac >"$dir/daemon.json"
  fi
  [ -f "$dir/config/config.json" ] || echo '{}' >"$dir/config/config.json"
}

# claim takes one of 32 ranges of addresses that are set apart for measuring networks, 198.18.0.0/15. Making the bridge
# is what claims it: the kernel lets only one be the first. The bridge carries the name of DIR.
claim() {
  local first slot try
  if [ -s "$dir/bridge" ]; then
    read -r bridge net host <"$dir/bridge"
    if [ "$(cat "/sys/class/net/$bridge/ifalias" 2>/dev/null)" = "$real" ]; then return 0; fi
  fi
  first=$((RANDOM % 32))
  for try in $(seq 0 31); do
    slot=$(((first + try) % 32))
    bridge=iactd$slot net=198.$((18 + slot / 16)) host=$((slot % 16 * 16))
    abandoned "$bridge" && release "$bridge" "$net" "$host"
    # A range that a network here uses is left out.
    [ -z "$("$ip" -4 route show root "$net.$host.0/20")" ] || continue
    "$ip" link add "$bridge" type bridge 2>/dev/null || continue
    echo "$bridge $net $host" >"$dir/bridge"
    "$ip" link set "$bridge" alias "$real"
    "$ip" address add "$net.$host.1/24" dev "$bridge"
    "$ip" link set "$bridge" up
    return 0
  done
  fail "no bridge can be made here, or 198.18.0.0/15 is in use" 4
}

# abandoned is true when the directory that a bridge belongs to is gone: its daemon and its watcher were killed.
abandoned() {
  local owner
  owner=$(cat "/sys/class/net/$1/ifalias" 2>/dev/null) || return 1
  [ -n "$owner" ] && [ ! -d "$owner" ]
}

# release removes a bridge and those of the networks that were made besides: in its range of addresses, or in the records
# of the daemon.
release() {
  local name
  for name in $1 $("$ip" -o -4 address show to "$2.$(($3 + 8)).0/21" 2>/dev/null | awk '{print $2}') \
    $(grep -aoE '"BridgeName":"br-[0-9a-f]{12}"' "$records" 2>/dev/null | cut -d'"' -f4 | sort -u); do
    "$ip" link delete "$name" 2>/dev/null || true
  done
}

start_containerd() {
  cat >"$dir/containerd.toml" <<EOF
version = 2
root = "$dir/containerd"
state = "$dir/exec/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "$dir/exec/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "$dir/containerd/opt"
EOF
  (cd "$dir/work" && exec setsid "$containerd" --config "$dir/containerd.toml" --log-level warn) \
    </dev/null >/dev/null 2>"$dir/containerd.log" &
  echo "$!" >"$dir/containerd.pid"
  await "$!" "$dir/exec/containerd.sock" "$dir/containerd.log"
}

# start_daemon starts dockerd. It listens from early on, and answers when it is ready: one question waits for that.
start_daemon() {
  local -a pool=(--default-address-pool "base=$net.$((host + 8)).0/21,size=26")
  # A daemon that finds its own bridge in its records and is told of a pool removes docker0, whoever has that.
  [ ! -e "$records" ] || pool=()
  (cd "$dir/work" && exec setsid "$dockerd" --config-file "$dir/daemon.json" -H "unix://$dir/docker.sock" --group root \
    --data-root "$dir/root" --exec-root "$dir/exec/docker" --pidfile "$dir/docker.pid" --containerd "$dir/exec/containerd.sock" \
    --bridge "$bridge" "${pool[@]}" \
    --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$group" --shutdown-timeout 2 --log-level warn) \
    </dev/null >/dev/null 2>"$dir/docker.log" &
  await "$!" "$dir/docker.sock" "$dir/docker.log"
  DOCKER_HOST="unix://$dir/docker.sock" DOCKER_CONFIG="$dir/config" timeout 60 "$docker" version >/dev/null 2>>"$dir/docker.log" ||
    fail "dockerd does not answer: $(tail -n 5 "$dir/docker.log")"
}

# await waits for a socket for as long as its process lives.
await() {
  for _ in $(seq 3000); do
    if [ -S "$2" ]; then return 0; fi
    kill -0 "$1" 2>/dev/null || break
    sleep 0.02
  done
  fail "$(basename "$3" .log) does not start: $(tail -n 5 "$3" 2>/dev/null)"
}

# watch stops the daemon when its owner has ended; an ended one that nobody has reaped has no program any more.
# It keeps none of this script's files open.
watch() {
  setsid bash -c 'while [ -d "$1" ] && kill -0 "$2" 2>/dev/null && [ -e "/proc/$2/exe" ]; do sleep 0.5; done; bash "$0" down "$1" && rm -rf "$1"' \
    "$(readlink -f "${BASH_SOURCE[0]}")" "$dir" "$1" </dev/null >/dev/null 2>&1 &
}

up() {
  local owner=${2:-} docker dockerd containerd ip bridge net host
  [ -d /proc/self ] && [ "$(id -u)" -eq 0 ] || fail "a Docker daemon of one's own takes root on Linux" 4
  docker=$(find_program docker)
  dockerd=$(find_program dockerd)
  containerd=$(find_program containerd)
  ip=$(find_program ip)
  # The address of a socket holds 107 bytes, and those of the daemon have names of some 35.
  [ "$(printf %s "$dir" | wc -c)" -le 70 ] || fail "$dir is too long a path for a socket: name a shorter one"
  create
  if [ -z "$(running docker)" ]; then
    # Whatever a killed daemon left goes first.
    finish
    # Should this script be killed from here on, the watcher cleans up.
    if [ -n "$owner" ]; then watch "$owner"; fi
    claim
    start_containerd
    start_daemon
  fi
  printf '%s\n' "IACT_TEST_DOCKER_HOST=unix://$dir/docker.sock" "IACT_TEST_DOCKER_DIR=$dir" "IACT_TEST_DOCKER_CLIENT=$docker"
}

# stop gives the daemon the time to end in order, and its containers one second.
stop() {
  local name pid try
  for name in docker containerd; do
    pid=$(running "$name")
    [ -n "$pid" ] || continue
    kill -s CONT "$pid"
    kill -s TERM "$pid"
    for try in $(seq 200); do
      [ -e "/proc/$pid/exe" ] || break
      # shellcheck disable=SC2046 # one process id a word
      [ "$try" -ne 20 ] || kill -s KILL $(contained) 2>/dev/null || true
      sleep 0.05
    done
  done
  finish
}

# finish kills what is left and takes its mounts away: also what daemon and containers leave behind when they are killed.
finish() {
  local mounted socket at
  for _ in $(seq 200); do
    [ -n "$(members)" ] || break
    # shellcheck disable=SC2046 # one process id a word
    kill -s KILL $(members) 2>/dev/null || true
    sleep 0.05
  done
  [ -z "$(members)" ] || fail "processes of $dir do not end: $(members | tr '\n' ' ')"
  # The last mounted goes first.
  while read -r mounted; do
    umount "$mounted" 2>/dev/null || umount -l "$mounted" || true
  done < <(awk -v under="$real/" 'index($5, under) == 1 {print $5}' /proc/self/mountinfo | tac)
  # What served a container has a socket outside of DIR.
  for socket in $(find "$dir/exec/containerd" \( -name address -o -name bootstrap.json \) -exec grep -hoE '/run/containerd/s/[0-9a-f]+' {} + 2>/dev/null); do
    rm -f "$socket"
  done
  for at in $(groups); do
    find "$at" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
  rm -rf "$dir/exec" "$dir/docker.pid" "$dir/containerd.pid" "$dir/docker.sock"
  mkdir -p "$dir/exec"
}

down() {
  local ip bridge net host
  [ -e "$dir/.iact-testbed" ] || return 0
  finish
  if [ -s "$dir/bridge" ]; then
    ip=$(find_program ip)
    read -r bridge net host <"$dir/bridge"
    if [ "$(cat "/sys/class/net/$bridge/ifalias" 2>/dev/null)" = "$real" ]; then release "$bridge" "$net" "$host"; fi
    rm -f "$dir/bridge"
  fi
}

# signal sends one to the daemon alone, its containers go on.
signal() {
  local pid
  pid=$(running docker)
  [ -n "$pid" ] || fail "the daemon in $dir does not run"
  kill -s "$1" "$pid"
}

use="use: docker.sh up DIR [PID] | down DIR | stop DIR | hang DIR | continue DIR, with an absolute DIR"
dir=${2:-}
case $dir in
  *[!A-Za-z0-9/._+-]*) fail "$dir: a path of letters, digits and ./_+- is needed" ;;
  /?*) dir=${dir%/} ;;
  *) fail "$use" ;;
esac
real=$(readlink -m "$dir")
records=$dir/root/network/files/local-kv.db
group=iact-testbed-$(printf %s "$real" | cksum | cut -d' ' -f1)
case ${1:-} in
  up) up "$dir" "${3:-}" ;;
  down) down ;;
  stop) stop ;;
  hang) signal STOP ;;
  continue) signal CONT ;;
  *) fail "$use" ;;
esac
