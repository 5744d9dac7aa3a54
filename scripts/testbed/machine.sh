#!/usr/bin/env bash
# A machine of a test's own, to break anything of it: its network, its Docker daemon, its /etc.
#   machine.sh up DIR PID     make it, for as long as process PID lives; prints the process that holds it, and stays
#   machine.sh in DIR CMD…    run a command there
#
# It has a network, a file system view and processes of its own: /etc, /usr, /root, /var/lib and /var/log are copies on write,
# /home and /run are empty, and interfaces, rules of the firewall and settings of the kernel's network are its own. The
# kernel, the memory and the processors are shared. It has one way out, uplink, to a network outer that has nothing but
# what the test puts there. All of it lies in DIR and goes with the process that holds it.
set -euo pipefail

fail() { echo "machine.sh: $1" >&2; exit "${2:-1}"; }

# begin makes the machine from inside, as its process 1, and reaps what ends there.
begin() {
  local at
  mount --make-rprivate /
  for at in etc usr root var/lib var/log; do
    mkdir -p "$dir/changed/$at" "$dir/work/$at"
    mount -t overlay overlay -o "lowerdir=/$at,upperdir=$dir/changed/$at,workdir=$dir/work/$at" "/$at"
  done
  mkdir -p "$dir/home" "$dir/docker" /var/lib/docker /etc/docker /root/.docker/cli-plugins
  mount --bind "$dir/home" /home
  mount --bind "$dir/docker" /var/lib/docker
  mount -t tmpfs tmpfs /run
  mkdir /run/groups /run/lock
  mount --rbind /sys/fs/cgroup /run/groups
  mount -t sysfs sysfs /sys
  mount --rbind /run/groups /sys/fs/cgroup
  umount -l /run/groups
  ip link set lo up
  until ip link show uplink >/dev/null 2>&1; do sleep 0.02; done
  ip address add 10.231.0.2/24 dev uplink
  ip link set uplink up
  ip route add default via 10.231.0.1
  # Whoever asks for names here asks the outer network.
  rm -f /etc/resolv.conf
  echo 'nameserver 10.231.0.1' >/etc/resolv.conf
  : >"$dir/ready"
  trap : TERM INT
  while :; do
    sleep 3600 &
    wait "$!" || true
  done
}

up() {
  local holder outer
  [ "$(id -u)" -eq 0 ] || fail "a machine of one's own takes root" 4
  [ -z "$(ls -A "$dir" 2>/dev/null)" ] || fail "$dir is not empty"
  mkdir -p "$dir"
  unshare --net sleep infinity &
  outer=$!
  unshare --mount --net --pid --fork --kill-child --mount-proc "$0" begin "$dir" >/dev/null 2>"$dir/log" &
  echo "$! $outer" >"$dir/owned"
  # In a session of its own: whoever is in a hurry kills this one.
  trap 'setsid bash "$0" down "$dir" </dev/null >/dev/null 2>&1' EXIT
  trap 'exit 0' TERM INT HUP
  # The network is another one as soon as unshare has run.
  holder=
  until holder=$(cat "/proc/$!/task/$!/children" 2>/dev/null) && [ -n "$holder" ]; do sleep 0.02; done
  holder=${holder%% *}
  until [ "$(readlink "/proc/$outer/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
  nsenter --net="/proc/$outer/ns/net" sh -c '
    ip link set lo up && ip link add outer type veth peer name uplink netns "$0" && ip address add 10.231.0.1/24 dev outer &&
    ip link set outer up && ip route add local default dev lo &&
    iptables -t nat -A PREROUTING -i outer -p tcp -j REDIRECT --to-ports 80' "$holder"
  until [ -e "$dir/ready" ]; do
    kill -0 "$!" 2>/dev/null || fail "no machine can be made here: $(tail -n 3 "$dir/log")" 4
    sleep 0.02
  done
  echo "$holder" >"$dir/holder"
  echo "$outer" >"$dir/outer"
  echo "$holder $outer"
  while kill -0 "$1" 2>/dev/null && [ -e "/proc/$1/exe" ]; do sleep 0.5; done
}

# thaw lets paused containers end: nothing that is frozen does.
thaw() {
  local state
  for state in "/sys/fs/cgroup/freezer/$(basename "$dir")"/*/freezer.state; do
    [ ! -e "$state" ] || echo THAWED >"$state" || true
  done
}

# down ends the machine, and removes what is left of it: its directory, and control groups of its containers.
down() {
  local pid
  thaw
  for pid in $(cat "$dir/owned"); do
    kill -s KILL "$pid" 2>/dev/null || true
    while [ -e "/proc/$pid/exe" ]; do sleep 0.05; done
  done
  rm -rf --one-file-system "$dir" || true
  find /sys/fs/cgroup -depth -type d -path "*/$(basename "$dir")*" -exec rmdir {} + 2>/dev/null || true
}

dir=${2:-}
case ${1:-} in
  up) up "${3:-}" ;;
  begin) begin ;;
  down) down ;;
  in)
    shift 2
    exec nsenter --target "$(cat "$dir/holder")" --mount --net --pid -- "$@"
    ;;
  *) fail "use: machine.sh up DIR PID | in DIR CMD…, with an absolute DIR" ;;
esac
