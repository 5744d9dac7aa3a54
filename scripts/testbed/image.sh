#!/usr/bin/env bash
# Gives the daemon of docker.sh an image for tests, made of what this machine and its Debian mirror have:
#   image.sh busybox DIR      busybox:testbed, two megabytes: a shell and its programs
#   image.sh databases DIR    databases:testbed, a Debian with PostgreSQL, MariaDB, an OpenSSH server and zstd; and on top of it
#                             postgres:testbed and mariadb:testbed, which run one of them
#
# DIR is the directory of the daemon. An image that is there already is left alone. Debian comes from the mirror that apt uses
# here, takes half a minute once, and is kept in the cache directory of the user until this script changes.
set -euo pipefail

# fail ends the script; 4, the code for a missing prerequisite, says what the image cannot be made without.
fail() { echo "image.sh: $1" >&2; exit "${2:-1}"; }

# need ends the script when a program is missing.
need() { command -v "$1" >/dev/null 2>&1 || fail "no $1 here: scripts/testbed/install.sh installs it" 4; }

# present is true when the daemon has an image.
present() { "$docker" image inspect "$1" >/dev/null 2>&1; }

# put_busybox packs the machine's own busybox; one that is not static takes its libraries along.
put_busybox() {
  local box=$work/box library
  [ -x /bin/busybox ] || fail "no /bin/busybox here: scripts/testbed/install.sh installs it" 4
  mkdir -p "$box/bin" "$box/etc" "$box/root" "$box/home/dev" "$box/tmp"
  cp /bin/busybox "$box/bin/busybox"
  for library in $(ldd /bin/busybox 2>/dev/null | grep -oE '/[^ ]+' || true); do
    mkdir -p "$box$(dirname "$library")"
    cp -L "$library" "$box$library"
  done
  /bin/busybox --list | grep -vx busybox | sed "s|^|$box/bin/|" | xargs -n 1 ln -s busybox
  printf 'root:x:0:0:root:/root:/bin/sh\ndev:x:1000:1000:dev:/home/dev:/bin/sh\n' >"$box/etc/passwd"
  printf 'root:x:0:\ndev:x:1000:\n' >"$box/etc/group"
  chown 1000:1000 "$box/home/dev"
  chmod 1777 "$box/tmp"
  tar -C "$box" -c . | "$docker" import -c 'CMD ["sh"]' - busybox:testbed >/dev/null
}

# mirror prints the address that apt uses here for the distribution itself.
mirror() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
    grep -v '^ *#' | grep -oE "https?://[^ ]+/$1/?( |\$)" | head -n 1 | tr -d ' '
}

# build_debian makes $1. What no test reads is left out: documents, and what LLVM adds to PostgreSQL. The data of both
# servers are in the image, so that they start at once.
build_debian() {
  local from components=main proxy
  need mmdebstrap
  need zstd
  from=$(mirror "$distribution") || fail "apt knows no mirror of $distribution here" 4
  [ "$distribution" = debian ] || components=main,universe
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  cat >"$work/before.sh" <<'EOF'
set -e
mkdir -p "$1/etc/postgresql-common/createcluster.d" "$1/etc/mysql/mariadb.conf.d"
echo 'create_main_cluster = false' >"$1/etc/postgresql-common/createcluster.d/testbed.conf"
printf '[mariadbd]\ninnodb_log_file_size=8M\ninnodb_buffer_pool_size=64M\nbind-address=0.0.0.0\nskip-name-resolve\n' >"$1/etc/mysql/mariadb.conf.d/99-testbed.cnf"
EOF
  cat >"$work/after.sh" <<'EOF'
set -e
ln -s "$(cd "$1/usr/lib/postgresql" && ls | sort -V | tail -n 1)" "$1/usr/lib/postgresql/testbed"
cat >"$1/usr/local/bin/as" <<'AS'
#!/bin/sh
# as USER PROGRAM …: the user's own rights, and the same process.
user=$1; shift
exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"
AS
chmod 0755 "$1/usr/local/bin/as"
chroot "$1" as postgres /usr/lib/postgresql/testbed/bin/initdb -D /var/lib/postgresql/data -U postgres -E UTF8 --locale=C.UTF-8 \
  --no-sync --auth-local=trust --auth-host=scram-sha-256 --wal-segsize=1 >/dev/null
echo 'host all all all scram-sha-256' >>"$1/var/lib/postgresql/data/pg_hba.conf"
mkdir -p "$1/run/postgresql" "$1/run/mysqld" "$1/run/sshd"
chroot "$1" chown postgres:postgres /run/postgresql
chroot "$1" chown mysql:mysql /run/mysqld
rm -rf "$1"/etc/ssh/ssh_host_* "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/cache/debconf/*
EOF
  local -a leave=() options=()
  local path
  for path in '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/info/*' '/usr/share/locale/*' '/usr/share/i18n/*' \
    '/usr/lib/*/libLLVM*' '/usr/lib/*/libz3*' '/usr/lib/postgresql/*/lib/bitcode/*' '/usr/lib/postgresql/*/lib/llvmjit*' \
    '/usr/bin/aria_*' '/usr/bin/myisam*' '/usr/bin/mariadb-slap' '/usr/bin/mariadb-conv' '/usr/bin/mariadb-plugin' \
    '/usr/bin/perror' '/usr/bin/replace' '/usr/bin/resolve_stack_dump' '/usr/bin/innochecksum'; do
    leave+=("--dpkgopt=path-exclude=$path")
  done
  [ -z "${proxy:-}" ] || options+=("--aptopt=Acquire::http::Proxy \"$proxy\"")
  (cd "$work" && TMPDIR=$work nice mmdebstrap --mode=root --variant=essential --skip=cleanup/run --quiet --components="$components" \
    --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io "${leave[@]}" "${options[@]}" \
    --essential-hook='sh before.sh "$1"' --customize-hook='sh after.sh "$1"' \
    --include=postgresql,mariadb-server,openssh-server,zstd "$codename" debian.tar "$from" 2>mmdebstrap.log) ||
    fail "mmdebstrap: $(tail -n 5 "$work/mmdebstrap.log")"
  zstd -q -T0 -3 "$work/debian.tar" -o "$1.$$"
  rm "$work/debian.tar"
  # The name appears only when the file is whole.
  mv "$1.$$" "$1"
}

put_databases() {
  local cache key kept codename distribution
  need sha256sum
  need flock
  # shellcheck disable=SC1091 # every Linux has it
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}") distribution=$(. /etc/os-release && echo "$ID")
  command -v apt-get >/dev/null && [ -n "$codename" ] || fail "the databases image takes Debian or Ubuntu" 4
  cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/iact-testbed
  mkdir -p "$cache"
  key=$( (cat "${BASH_SOURCE[0]}"; echo "$codename"; dpkg --print-architecture) | sha256sum | cut -c1-16)
  kept=$cache/databases-$key.tar.zst
  # One makes it; what comes meanwhile waits for that and uses it.
  exec 8>"$cache/lock"
  flock -w 600 8 || fail "another run holds $cache/lock for ten minutes"
  if [ -f "$kept" ] && ! zstd -q -t "$kept"; then rm -f "$kept"; fi
  if [ ! -f "$kept" ]; then
    find "$cache" -name 'databases-*' -mtime +7 -delete
    build_debian "$kept" 8>&-
  fi
  exec 8>&-
  exec 8>"$dir/images.lock"
  flock -w 300 8
  if present mariadb:testbed; then return 0; fi
  zstd -q -dc "$kept" | "$docker" import -c 'CMD ["bash"]' \
    -c 'ENV PATH=/usr/lib/postgresql/testbed/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - databases:testbed >/dev/null
  server postgres /var/lib/postgresql/data 5432 'ENV PGDATA=/var/lib/postgresql/data' \
    'CMD ["as", "postgres", "postgres", "-F", "-c", "listen_addresses=*"]'
  server mariadb /var/lib/mysql 3306 'CMD ["mariadbd", "--user=mysql"]'
}

# server makes an image of a server as the ones that people use are: data in a volume of its own, its port named.
server() {
  local name=$1 data=$2 port=$3 made change
  shift 3
  local -a changes=(-c "VOLUME $data" -c "EXPOSE $port")
  for change in "$@"; do changes+=(-c "$change"); done
  # PostgreSQL ends by this signal without waiting for its clients; MariaDB does so by its own.
  made=$("$docker" create $([ "$name" = mariadb ] || echo --stop-signal=SIGINT) databases:testbed 2>/dev/null)
  "$docker" commit "${changes[@]}" "$made" "$name:testbed" >/dev/null
  "$docker" rm "$made" >/dev/null
}

dir=${2:-}
[ -S "$dir/docker.sock" ] || fail "use: image.sh busybox|databases DIR, with the directory of a daemon that docker.sh started"
docker=/usr/bin/docker
[ -x "$docker" ] || docker=docker
export DOCKER_HOST="unix://$dir/docker.sock" DOCKER_CONFIG="$dir/config" LC_ALL=C
case ${1:-} in
  busybox) made=busybox:testbed ;;
  databases) made=mariadb:testbed ;;
  *) fail "use: image.sh busybox|databases DIR" ;;
esac
if present "$made"; then exit 0; fi
# What is made lies in DIR: `docker.sh down` ends it and takes its mounts away.
work=$(mktemp -d "$dir/work/image-XXXXXX")
trap 'rm -rf "$work"' EXIT
"put_$1"
