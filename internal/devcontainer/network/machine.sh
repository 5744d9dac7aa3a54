# What this machine does for the networks of containers. Rules of the firewall
# are for root only; a part that could not be had is missing.
echo "== forward"
cat /proc/sys/net/ipv4/ip_forward 2>/dev/null
for at in /proc/sys/net/ipv4/conf/*/forwarding; do
  name=${at%/forwarding}
  echo "${name##*/} $(cat "$at" 2>/dev/null)"
done
echo "== bridged"
cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null
echo "== daemons"
for at in /proc/[0-9]*; do
  read -r name <"$at/comm" || continue
  [ "$name" = dockerd ] || continue
  here=other
  [ "$(readlink "$at/ns/net")" != "$(readlink /proc/self/ns/net)" ] || here=here
  echo "${at#/proc/} $here $(tr '\0' ' ' <"$at/cmdline")"
done 2>/dev/null
echo "== daemon.json"
cat /etc/docker/daemon.json 2>/dev/null
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
