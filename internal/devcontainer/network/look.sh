# What one place sees of the network: sh -c THIS doctor PID ID PROGRAM QUESTION...
# PID is 0 for the place where the script runs. Another one is a process of this
# machine in container ID: its files and tables are read through /proc, and the
# questions are asked from its network, by the programs of this machine. PROGRAM asks
# them, in perl; where there is none, other programs ask what they can. "dns * NAME" is one question for each server of resolv.conf.
pid=$1 id=$2 program=$3
shift 3
root= net=/proc/net enter=
if [ "$pid" != 0 ]; then
  root=/proc/$pid/root net=/proc/$pid/net enter="nsenter --target $pid --net"
fi
perl=
if $enter perl -MSocket=:addrinfo -e1 >/dev/null 2>&1; then perl=yes; fi
if [ "$pid" != 0 ] && { [ -z "$perl" ] || ! grep -q "$id" "/proc/$pid/mountinfo" "/proc/$pid/cgroup" 2>/dev/null || [ ! -e "$root/" ]; }; then
  echo "== apart"
  exit 0
fi
for name in resolv.conf hosts nsswitch.conf; do
  echo "== $name"
  if [ -e "$root/etc/$name" ]; then
    cat "$root/etc/$name" 2>&1 || echo "! unreadable"
    [ "$name" != resolv.conf ] || ls -lLn "$root/etc/$name" 2>/dev/null | sed 's/^/#mode /'
  else
    echo "! missing"
  fi
done
for name in route tcp tcp6 if_inet6; do
  echo "== $name"
  cat "$net/$name" 2>/dev/null
done
echo "== links"
if sed -n 's/^ *\([^ :]*\):.*/\1/p' "$net/dev" 2>/dev/null | while read -r name; do [ -e "$root/sys/class/net/$name" ] || exit 1; done; then
  grep . "$root"/sys/class/net/*/mtu "$root"/sys/class/net/*/operstate 2>/dev/null
else # /sys was mounted in another network
  $enter ip -o link 2>/dev/null | sed -n 's/^[0-9]*: \([^:@]*\)[:@].* mtu \([0-9]*\) .* state \([A-Z]*\) .*/\1\/mtu:\2\n\1\/operstate:\3/p'
fi

servers=$(sed -n 's/^[[:space:]]*nameserver[[:space:]][[:space:]]*\([^[:space:]#;]*\).*/\1/p' "$root/etc/resolv.conf" 2>/dev/null | head -n 3)
n=$#
while [ "$n" -gt 0 ]; do
  n=$((n - 1)) question=$1
  shift
  case $question in
    "dns * "*) for server in $servers; do set -- "$@" "dns $server ${question#dns \* }"; done ;;
    *) set -- "$@" "$question" ;;
  esac
done
echo "== answers"
if [ "$#" -eq 0 ]; then exit 0; fi
if [ -n "$perl" ]; then
  PLACE=$root $enter perl -e "$program" -- "$@"
  exit 0
fi

has() { command -v "$1" >/dev/null 2>&1; }
limit() { if has timeout; then timeout "$@"; else shift; "$@"; fi; }

dns() {
  if has nslookup && has timeout; then
    out=$(limit 1 nslookup "$2" "$1" 2>&1)
    case $?:$out in
      0:*) echo "dns $1 $2 NOERROR $(echo "$out" | awk 'seen && /^Address/ { sub(/^Address[^:]*: */, ""); print $1 } /^Name:/ { seen = 1 }' | tr '\n' ' ')" ;;
      *NXDOMAIN*|*"No answer"*) echo "dns $1 $2 NXDOMAIN" ;;
      *SERVFAIL*) echo "dns $1 $2 SERVFAIL" ;;
      *REFUSED*) echo "dns $1 $2 REFUSED" ;;
      *efused*) echo "dns $1 $2 ! Connection refused" ;;
      *"timed out"*|*"no servers"*|124:*|143:*) echo "dns $1 $2 ! no answer" ;;
    esac
  elif has getent; then
    # Found is found; which of the two it is when it is not, getent does not tell.
    out=$(RES_OPTIONS='timeout:1 attempts:1' limit 2 getent ahostsv4 "$2" | awk '!seen[$1]++ { print $1 }' | tr '\n' ' ')
    [ -z "$out" ] || echo "dns $1 $2 NOERROR $out"
  fi
}

to() {
  if has nc; then
    if nc -w 1 "$1" "$2" </dev/null >/dev/null 2>&1; then echo "to $1 $2 ok $1"; else echo "to $1 $2 ! no connection"; fi
  elif has bash && has timeout; then
    if timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null; then echo "to $1 $2 ok $1"; else echo "to $1 $2 ! no connection"; fi
  fi
}

for question in "$@"; do
  # shellcheck disable=SC2086 # one word each
  set -- $question
  case $1 in
    dns) dns "$2" "$3" & ;;
    to) to "$2" "$3" & ;;
  esac
done
wait
