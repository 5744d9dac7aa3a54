# Looks at this host for virtual machines and changes nothing. $1 is what to look at; $2 Vagrant's home, $3 the project, $4 the URI of libvirt.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
has() { command -v "$1" >/dev/null 2>&1; }
say() { if [ -n "$2" ]; then printf '@ %s %s\n' "$1" "$2"; else printf '@ %s\n' "$1"; fi; }
part() { say "$1"; shift; { e=$({ { "$@" 3>&- 4>&-; echo "=$?" >&4; } </dev/null | sed 's/^/|/' >&3; } 4>&1 2>&1); } 3>&1; printf '%s\n' "$e" | sed 's/^/!/'; }
program() { if has "$2"; then n=$1; shift 2; part "$n" "$@"; else say "$1" missing; fi; }
soon() { if has timeout; then timeout 10 "$@"; else "$@"; fi; }
each() { for f in "$@"; do if [ -e "$f" ]; then echo "$f"; fi; done; }
values() { for f in "$@"; do if [ -r "$f" ]; then IFS= read -r v <"$f"; echo "$f $v"; fi; done; }

machine() { echo "clock $(date +%s)"; echo "kernel $(uname -s) $(uname -r)"; echo "arch $(uname -m)"; if has sw_vers; then echo "macos $(sw_vers -productVersion)"; fi; }
cpu() {
  if [ -r /proc/cpuinfo ]; then echo "count $(grep -c '^processor' /proc/cpuinfo)"; echo "flags $(grep -m1 -E '^flags' /proc/cpuinfo | grep -o -w -E 'vmx|svm|hypervisor' | tr '\n' ' ')"
  else echo "count $(sysctl -n hw.ncpu)"; echo "hv $(sysctl -n kern.hv_support)"; fi
}
virt() {
  if has systemd-detect-virt; then echo "vm $(soon systemd-detect-virt --vm 2>/dev/null)"; echo "inside $(soon systemd-detect-virt --container 2>/dev/null)"; fi
  values /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/product_name /sys/hypervisor/type
  each /proc/sys/fs/binfmt_misc/WSLInterop /.dockerenv /run/.containerenv
}
modules() {
  for m in kvm kvm_intel kvm_amd kvm_pvm vboxdrv vboxnetadp vboxnetflt; do if [ -d "/sys/module/$m" ]; then echo "loaded $m $(cat "/sys/module/$m/refcnt" 2>/dev/null)"; fi; done
  for f in /sys/module/kvm/parameters/enable_virt_at_load /sys/module/kvm_intel/parameters/nested /sys/module/kvm_amd/parameters/nested; do if [ -r "$f" ]; then echo "${f##*/} $(cat "$f")"; fi; done
  r=$(uname -r); for f in "/lib/modules/$r"/*/vboxdrv.ko* "/lib/modules/$r"/*/*/vboxdrv.ko*; do if [ -e "$f" ]; then echo "built vboxdrv"; break; fi; done
  each /dev/kvm /dev/vboxdrv | sed 's/^/device /'
}
secureboot() { for f in /sys/firmware/efi/efivars/SecureBoot-*; do if [ -r "$f" ]; then od -An -tu1 -j4 -N1 "$f"; fi; done; }
memory() { if [ -r /proc/meminfo ]; then grep -E '^(MemTotal|MemAvailable|SwapTotal|SwapFree):' /proc/meminfo; else echo "MemTotal: $(($(sysctl -n hw.memsize) / 1024)) kB"; fi; }
ports() { if has ss; then ss -ltnp; else lsof -nP -iTCP -sTCP:LISTEN; fi; }
rights() { echo "uid $(id -u)"; echo "user $(id -un 2>/dev/null)"; echo "groups $(id -Gn 2>/dev/null)"; }
environment() { env | grep -i -E '^(https?_proxy|no_proxy|all_proxy|VAGRANT_(HOME|CWD|DOTFILE_PATH|DEFAULT_PROVIDER|WSL_ENABLE_WINDOWS_ACCESS))=' || true; }
clock() { each /run/systemd/timesync/synchronized; if has chronyc; then soon chronyc -n tracking 2>/dev/null | grep '^Leap status' || true; fi; }

home() { if [ -d "$h" ]; then if [ -w "$h" ] && [ -x "$h" ]; then echo writable; else ls -ld "$h"; fi; else echo absent; fi; }
plugins() { for f in "$h/plugins.json" "$p/.vagrant/plugins.json" /usr/share/vagrant-plugins/plugins.d/*.json; do if [ -r "$f" ]; then cat "$f"; echo; fi; done | grep -o -E '"(vagrant-[A-Za-z0-9_-]+|[a-z0-9_-]+)" *: *\{'; }
locks() {
  for f in "$h"/data/lock.*.lock "$h"/data/machine-index/*.lock; do if [ -e "$f" ]; then ls -i "$f"; fi; done
  if [ -r /proc/locks ]; then sed -n 's/^[0-9]*: FLOCK .* \([0-9]*\) [0-9a-f]*:[0-9a-f]*:\([0-9]*\) .*/held \2 \1/p' /proc/locks; fi
}

h=$2
p=$3
echo '@@ iact vm survey 1'
case $1 in
host)
  part machine machine
  part cpu cpu
  part virt virt
  part modules modules
  part secureboot secureboot
  part memory memory
  part ports ports
  program routes ip ip -4 route show table all
  part rights rights
  part environment environment
  part clock clock
  program git git git --version
  program ssh ssh ssh -V
  if [ -e /etc/vbox/networks.conf ]; then part networks.conf cat /etc/vbox/networks.conf; else say networks.conf absent; fi
  ;;
vagrant)
  program vagrant vagrant soon vagrant --version
  part home home
  part plugins plugins
  part locks locks
  ;;
virtualbox)
  v=VBoxManage # in WSL it is that of Windows
  if ! has "$v" && has VBoxManage.exe; then v=VBoxManage.exe; fi
  program virtualbox "$v" soon "$v" --version
  program properties "$v" soon "$v" list systemproperties
  program extpacks "$v" soon "$v" list extpacks
  program hostinfo "$v" soon "$v" list hostinfo
  ;;
libvirt)
  program libvirt virsh soon virsh -c "$4" version --daemon
  program pool virsh soon virsh -c "$4" pool-dumpxml default
  ;;
esac
echo '@@ end'
