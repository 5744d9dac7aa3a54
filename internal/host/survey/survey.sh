PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
has() { command -v "$1" >/dev/null 2>&1; }
say() { if [ -n "$2" ]; then printf '@ %s %s\n' "$1" "$2"; else printf '@ %s\n' "$1"; fi; }
part() { say "$1"; shift; { e=$({ { "$@" 3>&- 4>&-; echo "=$?" >&4; } </dev/null | sed 's/^/|/' >&3; } 4>&1 2>&1); } 3>&1; printf '%s\n' "$e" | sed 's/^/!/'; }
program() { if has "$2"; then n=$1; shift 2; part "$n" "$@"; else say "$1" missing; fi; }
file() { if [ -e "$2" ]; then part "$1" cat "$2"; elif [ -d "${2%/*}" ] && [ ! -x "${2%/*}" ]; then say "$1" closed; else say "$1" absent; fi; }
soon() { if has timeout; then timeout 3 "$@"; else "$@"; fi; }
each() { for f in "$@"; do if [ -e "$f" ]; then echo "$f"; fi; done; }
values() { for f in "$@"; do if [ -r "$f" ]; then IFS= read -r v <"$f"; echo "$f $v"; fi; done; }
from() { for f in "$@"; do if [ -r "$f" ]; then while IFS= read -r l || [ -n "$l" ]; do echo "$f: $l"; done <"$f"; elif [ -e "$f" ]; then echo "$f: permission denied" >&2; fi; done; }

release() { if [ -e /etc/os-release ]; then cat /etc/os-release; else cat /usr/lib/os-release; fi; }
machine() { echo "clock $(date +%s)"; echo "kernel $(uname -s) $(uname -r)"; echo "arch $(uname -m)"; echo "bits $(getconf LONG_BIT 2>/dev/null)"; }
cpu() { grep -c '^processor' /proc/cpuinfo; grep -m1 -E '^(flags|Features)' /proc/cpuinfo || true; }
virt() {
  if has systemd-detect-virt; then echo "vm $(soon systemd-detect-virt --vm 2>/dev/null)"; echo "inside $(soon systemd-detect-virt --container 2>/dev/null)"; fi
  values /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/product_name /sys/hypervisor/type /run/systemd/container /proc/device-tree/model 2>/dev/null
  each /.dockerenv /run/.containerenv /dev/kvm /dev/lxd/sock /proc/sys/fs/binfmt_misc/WSLInterop
  if [ -n "$container" ]; then echo "container $container"; fi
}
cgroup() { each /sys/fs/cgroup/cgroup.controllers; if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo "controllers $(cat /sys/fs/cgroup/cgroup.controllers)"; fi; if [ -r /proc/cgroups ]; then cat /proc/cgroups; fi; }
pid1() { echo "pid1 $(cat /proc/1/comm)"; if [ -d /run/systemd/system ]; then echo "systemd $(soon systemctl is-system-running 2>/dev/null)"; fi; if has rc-service; then echo openrc; fi; }
place() { case $d in /*) ;; *) d=/$d;; esac; p=$d; while [ ! -e "$p" ] && [ -n "$p" ]; do p=${p%/*}; done; [ -n "$p" ] || p=/; p=$(readlink -f "$p"); }
xfs() { xfs_info "$p" | grep -E -o 'ftype=[01]' || [ $? = 1 ]; }
ports() { if has ss; then echo ss; ss -ltnp; else echo proc; cat /proc/net/tcp; cat /proc/net/tcp6 2>/dev/null || true; fi; }
routes() { if has ip; then ip -4 route show table all || ip -4 route show; else echo proc; cat /proc/net/route; fi; }
sysctls() { values /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge/bridge-nf-call-iptables /proc/sys/user/max_user_namespaces; }
dpkgs() { dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' 'docker*' podman podman-docker containerd containerd.io runc moby-engine 2>/dev/null || [ $? = 1 ]; }
rpms() { rpm -q --qf 'ii %{NAME} %{VERSION}-%{RELEASE}\n' docker docker-ce docker-ce-cli docker-common docker-client docker-engine docker-selinux docker-buildx-plugin docker-compose-plugin moby-engine moby-cli podman podman-docker containerd containerd.io runc | grep '^ii ' || true; }
apks() { awk '/^P:/ {n = substr($0, 3)} /^V:/ && n ~ /^(docker|docker-.*|podman|podman-docker|containerd|runc)$/ {print "ii", n, substr($0, 3)}' /lib/apk/db/installed; }
snaps() { for s in /snap/docker /var/lib/snapd/snap/docker; do if [ -d "$s" ]; then echo "$s $(readlink "$s/current")"; fi; done; }
context() { c=${DOCKER_CONFIG:-$HOME/.docker}/config.json; if [ -e "$c" ]; then sed -n 's/.*"currentContext"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' "$c"; fi; }
sockets() { for s in /var/run/docker.sock "${XDG_RUNTIME_DIR:-/run/user/$u}/docker.sock"; do if [ -S "$s" ]; then w=no; if [ -w "$s" ]; then w=yes; fi; echo "$w $(ls -ld "$s")"; fi; done; }
environment() { env | grep -i -E '^(https?_proxy|no_proxy|all_proxy|ftp_proxy|DOCKER_HOST|DOCKER_CONTEXT|DOCKER_TLS_VERIFY|DOCKER_CERT_PATH)=' || true; }
drops() { from /etc/systemd/system/docker.service.d/*.conf /run/systemd/system/docker.service.d/*.conf /usr/lib/systemd/system/docker.service.d/*.conf /etc/default/docker /etc/sysconfig/docker /etc/conf.d/docker; }
aptproxy() { apt-config dump | grep -i proxy || true; }
rights() { echo "uid $u"; echo "user $(id -un 2>/dev/null)"; echo "groups $(id -Gn 2>/dev/null)"; if has sudo; then echo sudo; fi; if has newuidmap; then echo newuidmap; fi; g=$(getent group docker 2>/dev/null || grep '^docker:' /etc/group); echo "dockergroup $g"; n=$(id -un 2>/dev/null); for f in /etc/subuid /etc/subgid; do if [ -r "$f" ]; then grep -E "^($n|$u):" "$f" | sed "s|^|$f |"; fi; done; true; }
lsm() { values /sys/module/apparmor/parameters/enabled /sys/fs/selinux/enforce; }
wanted='OVERLAY_FS|BRIDGE|VETH|NAMESPACES|NET_NS|PID_NS|IPC_NS|UTS_NS|USER_NS|CGROUPS|CGROUP_DEVICE|CGROUP_PIDS|CGROUP_FREEZER|MEMCG|CPUSETS|KEYS|POSIX_MQUEUE|SECCOMP|SECCOMP_FILTER|NF_TABLES|NFT_COMPAT|NF_NAT|IP_NF_IPTABLES|IP_NF_NAT|BRIDGE_NETFILTER|NETFILTER_XT_MATCH_ADDRTYPE|NETFILTER_XT_MATCH_CONNTRACK|NETFILTER_XT_TARGET_MASQUERADE|IP_NF_TARGET_MASQUERADE'
config() { if [ -r /proc/config.gz ] && has zcat; then zcat /proc/config.gz; elif [ -r "/boot/config-$(uname -r)" ]; then cat "/boot/config-$(uname -r)"; else cat "/lib/modules/$(uname -r)/config"; fi; }
options() { o=$(config) || return 1; printf '%s\n' "$o" | grep -E "^(CONFIG_($wanted)=|# CONFIG_($wanted) is)"; }
modules() { r=$(uname -r); for m in "/lib/modules/$r" "/usr/lib/modules/$r"; do if [ -r "$m/modules.dep" ]; then echo tree; grep -h -o -E '(overlay|bridge|veth|nf_tables|nft_compat|nf_nat|ip_tables|br_netfilter|xt_addrtype|xt_conntrack|xt_MASQUERADE)\.ko' "$m/modules.dep" "$m/modules.builtin" | sort -u; break; fi; done; if [ -r /proc/modules ]; then cut -d' ' -f1 /proc/modules | sed 's/^/loaded /'; fi; ls /proc/self/ns | sed 's/^/ns /'; }
clock() { each /run/systemd/timesync/synchronized; if has chronyc; then soon chronyc -n tracking 2>/dev/null | grep '^Leap status' || true; fi; }
tools() { for t in git curl wget sudo gpg apt-get dnf yum apk zypper pacman systemctl rc-service iptables nft docker dockerd podman dockerd-rootless.sh apparmor_parser; do if has "$t"; then echo "$t $(command -v "$t")"; fi; done; }

u=$(id -u)
d=$1
if [ -z "$d" ]; then d=$(sed -n 's/.*"data-root"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' /etc/docker/daemon.json 2>/dev/null | head -n 1); fi
if [ -z "$d" ]; then d=/var/lib/docker; fi
place

k=
for s in "${XDG_RUNTIME_DIR:-/run/user/$u}/docker.sock" /var/run/docker.sock; do if [ -S "$s" ]; then k=$s; fi; done

echo '@@ iact survey 1'
part os release
part machine machine
part cpu cpu
part virt virt
part cgroup cgroup
part init pid1
part memory grep -E '^(Mem|Swap)[A-Z]' /proc/meminfo
part mounts cat /proc/self/mountinfo
part data printf '%s\n' "$d" "$p"
part space soon df -Pk "$p"
part inodes soon df -Pi "$p"
program xfs xfs_info xfs
part ports ports
part routes routes
part sysctl sysctls
program iptables iptables iptables --version
program dpkg dpkg-query dpkgs
if [ -d /var/lib/rpm ] || [ -d /usr/lib/sysimage/rpm ]; then program rpm rpm rpms; else say rpm absent; fi
if [ -e /lib/apk/db/installed ]; then part apk apks; else say apk absent; fi
part snap snaps
program client docker soon docker --version
part context context
if [ -z "$k" ]; then say server absent; else program server docker soon docker --host "unix://$k" info --format '{{.ServerVersion}}|{{.DockerRootDir}}|{{.Driver}}|{{.CgroupVersion}}|{{.HTTPProxy}}|{{.HTTPSProxy}}'; fi
program dockerd dockerd soon dockerd --version
part sockets sockets
file daemon.json /etc/docker/daemon.json
part environment environment
file etc.environment /etc/environment
program apt.proxy apt-config aptproxy
part unit.proxy drops
part rights rights
if [ "$u" != 0 ]; then program sudo sudo soon sudo -n -l; fi
part lsm lsm
part config options
part modules modules
part filesystems cat /proc/filesystems
part clock clock
part tools tools
echo '@@ end'
