#!/usr/bin/env bash
# Runs machines of Vagrant for tests, with libvirt on plain QEMU, which needs no hardware for it:
#   libvirt.sh up [PID]     starts libvirt where none answers, with a network and a pool of the tests
#   libvirt.sh box          prints the directory of the box, and makes it where there is none
#   libvirt.sh home DIR     makes DIR a home of Vagrant that has the box, and settings that fit here
#   libvirt.sh down [PID]   ends what up has started, and machines that a killed test has left, unless another test still uses it
#
# With PID the use belongs to that process: when it has ended, however it ended, `down` comes by itself. The box is a Debian with
# PostgreSQL, MariaDB and Vagrant's well-known key, from the mirror that apt uses here. It takes a minute once, and is kept in the
# cache directory of the user until its recipe, build, changes.
#
# Machines of tests have names that begin with iact-t-; those of Vagrant begin with the IACT_TEST_PREFIX of its environment.
set -euo pipefail

run=/run/iact-testbed-libvirt lock=/run/lock/iact-testbed-libvirt pool=iact-testbed
images=/var/lib/libvirt/$pool conf=/etc/libvirt/qemu.conf
box=debian/bookworm64

fail() { echo "libvirt.sh: $1" >&2; exit "${2:-1}"; }

# need ends the script when a program is missing.
need() { command -v "$1" >/dev/null 2>&1 || fail "no $1 here: scripts/testbed/install.sh installs it" 4; }

virsh() { command virsh -c qemu:///system "$@"; }

answers() { virsh uri >/dev/null 2>&1; }

# started makes sure that a net or a pool is on.
started() {
  virsh "$1-info" "$2" 2>/dev/null | grep -E '^(Active|State): +(yes|running)$' >/dev/null || virsh -q "$1-start" "$2" >/dev/null || fail "$1 $2 does not start"
}

# start runs a daemon on its own, and notes it.
start() {
  setsid "/usr/sbin/$1" </dev/null >"$run/$1.log" 2>&1 9>&- &
  echo "$!" >"$run/$1.pid"
}

# alone waits until no other up or down is at work.
alone() {
  exec 9>"$lock"
  flock -w 120 9 || fail "another run holds $lock"
}

# watch takes the use back when its owner has ended; an ended one that nobody has reaped has no program any more.
# It keeps none of this script's files open.
watch() {
  setsid bash -c 'while [ -e "$1" ] && kill -0 "$2" 2>/dev/null && [ -e "/proc/$2/exe" ]; do sleep 0.5; done; exec bash "$0" down "$2"' \
    "$(readlink -f "${BASH_SOURCE[0]}")" "$run/users/$1" "$1" </dev/null >/dev/null 2>&1 9>&- &
}

up() {
  local program
  for program in virsh libvirtd virtlogd qemu-system-x86_64 qemu-img vagrant dnsmasq rsync; do
    PATH=$PATH:/usr/sbin need "$program"
  done
  [ "$(id -u)" -eq 0 ] || fail "machines for tests take root" 4
  alone
  mkdir -p "$run/users" /run/libvirt
  if [ -n "${1:-}" ] && [ ! -e "$run/users/$1" ]; then
    touch "$run/users/$1"
    watch "$1"
  fi
  if ! answers; then
    # QEMU runs as root here: it has to read boxes in the home of root.
    if ! grep -q '^user = ' "$conf"; then
      printf '%s\n' '# iact-testbed: gone when the tests have ended' 'user = "root"' 'group = "root"' 'security_driver = "none"' '# iact-testbed' >>"$conf"
    fi
    start virtlogd
    start libvirtd
    for _ in $(seq 150); do answers && break; sleep 0.2; done
    answers || fail "libvirt does not come up: $(tail -n 3 "$run/libvirtd.log")"
  fi
  # With the spanning tree protocol a guest is not reached for three seconds after each restore of a snapshot.
  if ! virsh net-info vagrant-libvirt >/dev/null 2>&1; then
    touch "$run/network"
    virsh -q net-define /dev/stdin <<'XML'
<network>
  <name>vagrant-libvirt</name>
  <bridge name='virbr121' stp='off' delay='0'/>
  <mtu size='1400'/>
  <forward mode='nat'/>
  <ip address='192.168.121.1' netmask='255.255.255.0'><dhcp><range start='192.168.121.2' end='192.168.121.254'/></dhcp></ip>
</network>
XML
  fi
  started net vagrant-libvirt
  if ! virsh pool-info "$pool" >/dev/null 2>&1; then
    touch "$run/pool"
    mkdir -p "$images"
    virsh -q pool-define-as "$pool" dir --target "$images" >/dev/null
  fi
  started pool "$pool"
}

# used is true while a process that runs has not taken its use back.
used() {
  local user
  for user in "$run"/users/*; do
    if [ -e "$user" ] && [ -e "/proc/${user##*/}/exe" ]; then return 0; fi
  done
  return 1
}

# leave takes away what is in libvirt of the tests alone.
leave() {
  local name
  for name in $(virsh -q list --all --name | grep '^iact-t-'); do
    virsh -q destroy "$name" >/dev/null 2>&1 || true
    virsh -q undefine "$name" --managed-save --snapshots-metadata >/dev/null || true
  done
  if [ -e "$run/pool" ]; then
    virsh -q pool-destroy "$pool" >/dev/null || true
    virsh -q pool-undefine "$pool" >/dev/null || true
    rm -rf "$images"
  fi
  # dnsmasq and the bridge belong to the network, and end with it.
  if [ -e "$run/network" ]; then
    virsh -q net-destroy vagrant-libvirt >/dev/null || true
    virsh -q net-undefine vagrant-libvirt >/dev/null || true
  fi
}

down() {
  local daemon pid
  alone
  [ -d "$run" ] || return 0
  rm -f "$run/users/${1:-}" 2>/dev/null || true
  if used; then return 0; fi
  if answers; then leave; fi
  for daemon in libvirtd virtlogd; do
    pid=$(cat "$run/$daemon.pid" 2>/dev/null) || continue
    [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "/usr/sbin/$daemon" ] || continue
    kill "$pid"
    for _ in $(seq 100); do [ -e "/proc/$pid/exe" ] || break; sleep 0.1; done
  done
  if [ -e "$run/libvirtd.pid" ]; then sed -i '/^# iact-testbed: /,/^# iact-testbed$/d' "$conf"; fi
  rm -rf "$run"
}

# mirror prints the address that apt uses here for the distribution itself.
mirror() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
    grep -v '^ *#' | grep -oE "https?://[^ ]+/debian/?( |\$)" | head -n 1 | tr -d ' '
}

# build makes the files of the box in $1.
build() {
  local from work=$1.work root=$1.work/root key path
  local -a options=() leave=()
  need mmdebstrap
  from=$(mirror) || fail "apt knows no mirror of Debian here" 4
  key=$(find /usr /opt -path '*/gems/vagrant-*/keys/vagrant.pub' -print -quit 2>/dev/null)
  [ -n "$key" ] || fail "vagrant has no vagrant.pub here" 4
  rm -rf "$work" "$1"
  mkdir -p "$work" "$1"
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [ -z "${proxy:-}" ] || options+=("--aptopt=Acquire::http::Proxy \"$proxy\"")
  for path in '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/info/*' '/usr/share/locale/*' '/usr/lib/*/libLLVM*' '/usr/lib/*/libz3*' \
    '/usr/lib/postgresql/*/lib/bitcode/*' '/usr/lib/postgresql/*/lib/llvmjit*'; do
    leave+=("--dpkgopt=path-exclude=$path")
  done
  cat >"$work/before.sh" <<'HOOK'
set -e
# Only what a machine of QEMU needs to find its disk.
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/etc/initramfs-tools/hooks"
printf 'MODULES=list\nCOMPRESS=lz4\n' >"$1/etc/initramfs-tools/conf.d/testbed"
printf '#!/bin/sh\n[ "$1" = prereqs ] && exit 0\n. /usr/share/initramfs-tools/hook-functions\nmanual_add_modules virtio_pci virtio_blk virtio_net ext4 crc32c_generic\n' >"$1/etc/initramfs-tools/hooks/testbed"
chmod 0755 "$1/etc/initramfs-tools/hooks/testbed"
HOOK
  cat >"$work/after.sh" <<'HOOK'
set -e
r=$1
echo iact-devbox >"$r/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 iact-devbox\n' >"$r/etc/hosts"
echo '/dev/vda / ext4 noatime,errors=remount-ro 0 1' >"$r/etc/fstab"
# Of eth0 alone: a rule for all would take private addresses from the others.
printf '[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n[DHCPv4]\nClientIdentifier=mac\nUseMTU=true\n' >"$r/etc/systemd/network/20-dhcp.network"
chroot "$r" useradd -m -s /bin/bash -G sudo vagrant
echo 'vagrant ALL=(ALL) NOPASSWD:ALL' >"$r/etc/sudoers.d/vagrant"
chmod 0440 "$r/etc/sudoers.d/vagrant"
install -d -m 0700 "$r/home/vagrant/.ssh"
install -m 0600 "$2" "$r/home/vagrant/.ssh/authorized_keys"
chroot "$r" chown -R vagrant:vagrant /home/vagrant/.ssh
printf 'UseDNS no\n' >"$r/etc/ssh/sshd_config.d/testbed.conf"
chroot "$r" systemctl -q enable systemd-networkd ssh postgresql mariadb
chroot "$r" systemctl -q mask systemd-networkd-wait-online apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer
: >"$r/etc/machine-id"
rm -f "$r/etc/resolv.conf"
echo 'nameserver 192.168.121.1' >"$r/etc/resolv.conf"
rm -rf "$r"/var/lib/apt/lists/* "$r"/var/cache/apt/*
HOOK
  (cd "$work" && TMPDIR=$work mmdebstrap --mode=root --variant=minbase --quiet \
    --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io "${leave[@]}" "${options[@]}" \
    --essential-hook="sh before.sh \"\$1\"" --customize-hook="sh after.sh \"\$1\" $key" \
    --include=systemd,systemd-sysv,tzdata,qemu-guest-agent,udev,dbus,openssh-server,sudo,ca-certificates,iproute2,linux-image-cloud-amd64,initramfs-tools,lz4,rsync,curl,gnupg,locales,postgresql,mariadb-server \
    bookworm root "$from" 2>mmdebstrap.log) || fail "mmdebstrap: $(tail -n 5 "$work/mmdebstrap.log")"
  cp "$root"/boot/vmlinuz-* "$1/vmlinuz"
  cp "$root"/boot/initrd.img-* "$1/initrd.img"
  truncate -s 8G "$work/disk.raw"
  mkfs.ext4 -q -F -L root -E lazy_itable_init=1,lazy_journal_init=1 -d "$root" "$work/disk.raw"
  qemu-img convert -O qcow2 "$work/disk.raw" "$1/box.img"
  echo '{"provider":"libvirt","format":"qcow2","virtual_size":8}' >"$1/metadata.json"
  cat >"$1/Vagrantfile" <<'RUBY'
Vagrant.configure("2") do |config|
  dir = File.dirname(File.expand_path(__FILE__))
  config.vm.provider :libvirt do |libvirt|
    libvirt.kernel = File.join(dir, "vmlinuz")
    libvirt.initrd = File.join(dir, "initrd.img")
    libvirt.cmd_line = "root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off quiet"
  end
end
RUBY
  rm -rf "$work"
}

# make_box makes the box unless it is there, and prints its directory.
make_box() {
  local cache kept
  cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/iact-testbed
  kept=$cache/box-$(declare -f build | sha256sum | cut -c1-12)
  mkdir -p "$cache"
  exec 8>"$cache/box.lock"
  flock -w 900 8 || fail "another run holds $cache/box.lock"
  if [ ! -d "$kept" ]; then
    find "$cache" -maxdepth 1 -name 'box-*' -mtime +7 -exec rm -rf {} +
    (build "$kept.new") 8>&-
    # The name appears only when it is whole.
    mv "$kept.new" "$kept"
  fi
  echo "$kept"
}

# home prints nothing. The files of the box are links into the cache.
home() {
  local kept version at copy
  [ -n "${1:-}" ] || fail "use: libvirt.sh home DIR"
  kept=$(make_box)
  # libvirt keeps a copy by name and version: another box is another version.
  version=${kept##*box-} version=12.$((16#${version:0:7}))
  at=$1/boxes/${box/\//-VAGRANTSLASH-}/$version/libvirt
  mkdir -p "$at"
  ln -sf "$kept"/* "$at/"
  # Two vagrants that put it into the pool at once would each take the other's half for the whole.
  copy=$images/${box/\//-VAGRANTSLASH-}_vagrant_box_image_${version}_box.img
  if [ -d "$images" ] && [ ! -e "$copy" ]; then
    ln "$kept/box.img" "$copy" 2>/dev/null || { cp "$kept/box.img" "$copy.new" && mv "$copy.new" "$copy"; }
    virsh -q pool-refresh "$pool" >/dev/null
  fi
  cat >"$1/Vagrantfile" <<RUBY
Vagrant.configure("2") do |config|
  config.ssh.insert_key = false
  config.vm.box_check_update = false
  config.vm.boot_timeout = 600
  config.vm.synced_folder ".", "/vagrant", type: "rsync"
  config.vm.provider :libvirt do |libvirt|
    libvirt.driver = "qemu"
    libvirt.cpu_mode = "custom"
    libvirt.cpu_model = "qemu64"
    libvirt.memory = 768
    libvirt.default_prefix = ENV["IACT_TEST_PREFIX"].to_s
    libvirt.storage_pool_name = "$pool"
    libvirt.graphics_type = "none"
    libvirt.video_type = "none"
    libvirt.management_network_mtu = 1400
    libvirt.management_network_keep = true
  end
end
RUBY
}

case ${1:-} in
  up | down)
    case ${2:-} in *[!0-9]*) fail "$2 is no process" ;; esac
    "$1" "${2:-}"
    ;;
  box) make_box ;;
  home) home "${2:-}" ;;
  *) fail "use: libvirt.sh up [PID] | box | home DIR | down [PID]" ;;
esac
