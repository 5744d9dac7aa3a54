#!/usr/bin/env bash
# island.sh DIR: a machine with a network of its own and a Docker daemon that
# makes the rules of its firewall there; nothing of this machine's network is
# touched. Its one way out, uplink with an MTU of 1400, leads to another network
# that has nothing but what the test puts there, at 198.51.100.1 and .10. Prints
# the processes that hold the two networks. All ends when its standard input does.
set -euo pipefail
dir=$1
group=iact-island-$(basename "$dir" | cksum | cut -d' ' -f1)

begin() {
  mount --make-rprivate /
  mkdir -p "$dir/groups"
  mount --rbind /sys/fs/cgroup "$dir/groups"
  mount -t sysfs sysfs /sys
  mount --rbind "$dir/groups" /sys/fs/cgroup
  umount -l "$dir/groups"
  mount -t tmpfs tmpfs /run
  mkdir /run/lock
  echo 'nameserver 198.51.100.1' >"$dir/resolv.conf"
  mount --bind "$dir/resolv.conf" /etc/resolv.conf
  ip link set lo up
  ip link add uplink mtu 1400 type veth peer name outer mtu 1400 netns "$1"
  ip address add 198.51.100.2/24 dev uplink
  ip link set uplink up
  ip route add default via 198.51.100.1
  touch "$dir/begun"
  exec sleep infinity
}

finish() {
  set +e
  pid=$(cat "$dir/docker.pid" 2>/dev/null) && kill "$pid" && for _ in $(seq 200); do [ -e "/proc/$pid/exe" ] || break; sleep 0.05; done
  kill -KILL $(find /sys/fs/cgroup -path "*/$group/*" -name cgroup.procs -exec cat {} + 2>/dev/null) 2>/dev/null
  kill -KILL "$machine" "$outer" 2>/dev/null
  wait
  awk -v under="$dir/" 'index($5, under) == 1 {print $5}' /proc/self/mountinfo | tac | xargs -r -n 1 umount -l 2>/dev/null
  for _ in $(seq 100); do # a group is removed when its last process has ended
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null
    [ -n "$(find /sys/fs/cgroup -maxdepth 2 -name "$group")" ] || break
    sleep 0.05
  done
}

if [ "${2:-}" = begin ]; then begin "$3"; fi
mkdir -p "$dir/work" "$dir/config"
echo '{}' >"$dir/config/config.json"
[ -e "$dir/daemon.json" ] || echo "{\"deprecated-key-path\": \"$dir/key.json\"}" >"$dir/daemon.json"
unshare --net sleep infinity </dev/null >/dev/null 2>&1 &
outer=$!
while [ "$(readlink "/proc/$outer/ns/net")" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
unshare --net --mount "$BASH" "$0" "$dir" begin "$outer" </dev/null >/dev/null 2>"$dir/begin.log" &
machine=$!
trap finish EXIT
trap 'exit 1' TERM INT HUP
until [ -e "$dir/begun" ]; do kill -0 "$machine" || { cat "$dir/begin.log" >&2; exit 1; }; sleep 0.01; done
nsenter --target "$outer" --net sh -c 'ip link set lo up; ip address add 198.51.100.1/24 dev outer; ip address add 198.51.100.10/24 dev outer; ip link set outer up'
daemon() {
  rm -f "$dir/docker.pid"
  nsenter --target "$machine" --net --mount setsid dockerd --config-file "$dir/daemon.json" -H "unix://$dir/docker.sock" \
    --data-root "$dir/root" --exec-root "$dir/exec" --pidfile "$dir/docker.pid" --exec-opt native.cgroupdriver=cgroupfs \
    --cgroup-parent "/$group" --shutdown-timeout 1 --log-level warn --default-address-pool base=10.222.0.0/16,size=24 --bip 10.221.0.1/24 \
    ${1:-} </dev/null >/dev/null 2>>"$dir/docker.log" &
}
daemon "${2:-}"
for _ in $(seq 500); do
  DOCKER_HOST="unix://$dir/docker.sock" docker version >/dev/null 2>&1 && break
  sleep 0.02
done
echo "$machine $outer"
cat >/dev/null
