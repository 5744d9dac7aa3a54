# What this machine does for the networks of containers. Rules of the firewall
# are for root only; a part that could not be had is missing.
echo "== forward"
grep . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding 2>/dev/null
echo "== bridged"
cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null
echo "== daemons"
for at in /proc/[0-9]*; do
  read -r name <"$at/comm" || continue
  [ "$name" = dockerd ] || continue
  here=here rules=on space=$(readlink "$at/ns/net")
  case $space in
    "$(readlink /proc/self/ns/net)") ;;
    '') here=hidden ;; # but from root
    *) here=other ;;
  esac
  file=$(tr '\0=' '\n\n' <"$at/cmdline" | sed -n '/^--config-file$/{n;p;}')
  ! grep -Eq '"iptables"[[:space:]]*:[[:space:]]*false' "${file:-/etc/docker/daemon.json}" || rules=off
  echo "${at#/proc/} $here $rules $(tr '\0' ' ' <"$at/cmdline")"
done 2>/dev/null
if [ "$(id -u)" -eq 0 ] && command -v iptables >/dev/null; then
  if rules=$(iptables -w 1 -S 2>/dev/null); then
    echo "== filter"
    echo "$rules"
  fi
  if rules=$(iptables -w 1 -t nat -S 2>/dev/null); then
    echo "== nat"
    echo "$rules"
  fi
fi
if [ "$(id -u)" -eq 0 ] && command -v nft >/dev/null; then
  echo "== nft"
  nft list tables 2>/dev/null
fi
echo "== listen"
ss -ltnpH 2>/dev/null
