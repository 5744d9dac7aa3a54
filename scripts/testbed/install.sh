#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: install.sh
#
# On Debian and Ubuntu as root it installs the missing packages and nothing else, without starting a service and without
# creating a PostgreSQL cluster. When nothing is missing it touches neither apt nor its index. As another user, or without
# apt, it prints what is missing and succeeds: the tests then say themselves what they could not do.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
no_cluster=/etc/postgresql-common/createcluster.d/iact-testbed.conf
mark="# written by scripts/testbed/install.sh, removed when it ends"

# has PROGRAM is true when the program can be run.
has() { command -v "$1" >/dev/null 2>&1; }

# has_postgres is true when one PostgreSQL version has all the programs that the tests run, its server included.
has_postgres() {
  local bin program
  for bin in "${IACT_TEST_PGBIN:-}" /usr/lib/postgresql/*/bin "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
    for program in initdb pg_ctl postgres psql pg_dump pg_dumpall pg_restore pgbench; do
      [ -x "$bin/$program" ] || continue 2
    done
    return 0
  done
  return 1
}

# has_mariadb is true when all programs of MariaDB that the tests run are there, its server included.
has_mariadb() {
  local program
  for program in mariadb mariadb-dump mariadb-check mariadb-install-db; do has "$program" || return 1; done
  has mariadbd || [ -x /usr/sbin/mariadbd ] || [ -x /usr/libexec/mariadbd ]
}

# has_docker is true when a Docker daemon, its containerd and its network can be had. Their tests need root.
has_docker() {
  local program
  for program in dockerd containerd runc iptables ip; do
    has "$program" || [ -x "/usr/sbin/$program" ] || [ -x "/sbin/$program" ] || return 1
  done
}

# has_libvirt is true when Vagrant can run machines with libvirt and QEMU. Their tests need root.
has_libvirt() {
  local program
  for program in vagrant virsh libvirtd virtlogd qemu-system-x86_64 qemu-img dnsmasq; do
    has "$program" || [ -x "/usr/sbin/$program" ] || return 1
  done
  # A plugin that Vagrant has installed itself lies in the home of its user, which the tests do not use.
  compgen -G '/usr/share/rubygems-integration/*/specifications/vagrant-libvirt-*.gemspec' >/dev/null
}

# has_node is true when Node.js is there that the devcontainers CLI runs with. That of Debian 12 is too old.
has_node() { [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 20 ]; }

# newer_node gets it from npm's registry, beside that of the distribution.
newer_node() {
  local arch
  case "$(uname -m)" in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) return 0 ;; esac
  echo "testbed: installing Node.js 20"
  npm install --global --silent --prefix /usr/local "node-linux-$arch@20" </dev/null
}

# missing_packages prints the Debian names of what is not there, one a line.
missing_packages() {
  has_postgres || printf '%s\n' postgresql postgresql-contrib
  has_mariadb || printf '%s\n' mariadb-server mariadb-client
  [ -x /usr/sbin/sshd ] || has sshd || echo openssh-server
  { has ssh && has ssh-keygen; } || echo openssh-client
  has_docker || printf '%s\n' docker.io iptables iproute2
  # Where the client has a package of its own, docker.io only recommends it.
  { has docker || ! has_docker; } || echo docker-cli
  # The Compose that Debian has; the plugin is compiled by devcontainer.sh.
  has docker-compose || echo docker-compose
  has_libvirt || printf '%s\n' vagrant vagrant-libvirt libvirt-clients libvirt-daemon libvirt-daemon-system libvirt-daemon-driver-qemu \
    libvirt-daemon-config-network libvirt-daemon-config-nwfilter qemu-system-x86 qemu-utils dnsmasq-base
  has rsync || echo rsync
  has shellcheck || echo shellcheck
  # What the images of the tests are made of and with.
  [ -x /bin/busybox ] || echo busybox-static
  has mmdebstrap || echo mmdebstrap
  has zstd || echo zstd
  has tar || echo tar
  has getfacl || echo acl
  has getfattr || echo attr
  has bsdtar || echo libarchive-tools
  has git || echo git
  has restic || echo restic
  has hyperfine || echo hyperfine
  [ -x /usr/bin/time ] || echo time
  # What host:export writes is held against it.
  has ansible-playbook || echo ansible-core
  has npm || echo npm
  has setpriv || echo util-linux
  has strace || echo strace
  # The page of ci:report is looked at in a browser.
  has chromium || echo chromium
  has sudo || echo sudo
  # Virtual environments of the system's own interpreter.
  { has python3 && /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null; } || printf '%s\n' python3 python3-venv
  # How we read .env files is held against it.
  { has python3 && /usr/bin/python3 -c 'import dotenv' 2>/dev/null; } || echo python3-dotenv
  # The pipeline of a Python project.
  { has python3 && /usr/bin/python3 -c 'import pytest, pytest_cov, flake8' 2>/dev/null; } || printf '%s\n' python3-pytest python3-pytest-cov python3-flake8
  # The race detector links C.
  has gcc || printf '%s\n' gcc libc6-dev
}

# forget takes away what kept packages from starting services; only what this script wrote.
forget() {
  local file
  for file in "$policy" "$no_cluster"; do
    if [ -f "$file" ] && grep -qxF "$mark" "$file"; then rm -f "$file"; fi
  done
}

# hold_services keeps apt from starting daemons and from creating a cluster. A policy of the machine's own stays.
hold_services() {
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
    chmod 0755 "$policy"
  fi
  mkdir -p "$(dirname "$no_cluster")"
  printf '%s\ncreate_main_cluster = false\n' "$mark" >"$no_cluster"
}

# put_in installs packages, and none that they only recommend.
put_in() {
  echo "testbed: installing $*"
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confold install -y -qq --no-install-recommends "$@" </dev/null
}

# update_index waits for another apt: unlike the lock of dpkg, the lock of the lists has no timeout of its own.
update_index() {
  local try
  for try in $(seq 60); do
    if apt-get update -qq >/tmp/iact-apt.$$ 2>&1; then rm -f /tmp/iact-apt.$$; return 0; fi
    if ! grep -q 'lock' /tmp/iact-apt.$$; then break; fi
    [ "$try" -gt 1 ] || echo "testbed: waiting for another apt to finish"
    sleep 5
  done
  echo "testbed: apt-get update failed, going on with the index that is here:"
  tail -n 3 /tmp/iact-apt.$$
  rm -f /tmp/iact-apt.$$
}

main() {
  local -a missing
  mapfile -t missing < <(missing_packages)
  if [ "${#missing[@]}" -eq 0 ] && has_node; then
    echo "testbed: nothing is missing"
    return 0
  fi
  if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
    echo "testbed: missing here: ${missing[*]:-Node.js 20} (Debian names); as root on Debian or Ubuntu this script installs them"
    return 0
  fi
  # Two runs at once must not remove each other's policy.
  if has flock; then
    exec 9>/var/lock/iact-testbed-install
    flock -w 900 9
  fi
  trap forget EXIT
  trap 'exit 130' INT TERM HUP
  forget
  hold_services
  if [ "${#missing[@]}" -gt 0 ]; then
    update_index
    put_in "${missing[@]}"
  fi
  mapfile -t missing < <(missing_packages)
  # Only with docker.io installed is it known whether its client comes apart.
  if [ "${missing[*]}" = docker-cli ]; then
    put_in docker-cli
    mapfile -t missing < <(missing_packages)
  fi
  has_node || newer_node
  if [ "${#missing[@]}" -gt 0 ]; then
    echo "testbed: still missing after the installation: ${missing[*]}" >&2
    return 1
  fi
}

main "$@"
