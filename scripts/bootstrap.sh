#!/usr/bin/env bash
# Provisions the virtual machine of IACT, from inside and as root, on Debian 12 and 13 and Ubuntu 22.04 and 24.04:
#   bootstrap.sh                what is not done yet
#   bootstrap.sh --from=STAGE   that stage and those after it, once more
#   bootstrap.sh --list         the stages, and which of them are done; changes nothing
#
# A stage that is done has a marker in /var/iact/state, with a hash of what went into it: another version or name makes it
# run again, and so does removing the marker. Every stage may be cut off anywhere and run again. When all are done, a run
# changes nothing.
#
# Settings are variables of the environment (below, with their defaults) and are kept in /etc/iact/vm.conf for a run by
# hand. Passwords never are: they come in a file, from the Vagrantfile, which goes to /etc/iact/vm.env.
set -Eeuo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 022
cd /

conf=/etc/iact/vm.conf logins=/etc/iact/vm.env state=/var/iact/state
stages=(system_prepare mariadb_install postgres_install setup_mariadb_database setup_postgres_database)
declare -A marker=([system_prepare]=system-prepared [mariadb_install]=mariadb-installed [postgres_install]=postgres-installed
  [setup_mariadb_database]=mariadb-configured [setup_postgres_database]=postgres-configured)
declare -A setting=(
  [IACT_POSTGRESQL]=16 # a version, or distribution for that of the system
  [IACT_MARIADB]=11.4
  [IACT_ANALYTICS]=iact_analytics # the database in PostgreSQL
  [IACT_LEGACY]=ivr_legacy        # the database in MariaDB
  [IACT_USER]=django_user         # of the application, in both
  [IACT_TIMEZONE]=UTC
  [IACT_LOCALE]=C.UTF-8
  # From where the user may come: NAT of VirtualBox, network of vagrant-libvirt, host-only networks of VirtualBox.
  [IACT_NETWORKS]="10.0.2.0/24 192.168.121.0/24 192.168.56.0/21"
  [IACT_POSTGRESQL_MIRROR]=https://apt.postgresql.org/pub/repos/apt
  [IACT_POSTGRESQL_KEY]=https://www.postgresql.org/media/keys/ACCC4CF8.asc
  [IACT_POSTGRESQL_FINGERPRINT]=B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8
  [IACT_MARIADB_MIRROR]=https://deb.mariadb.org
  [IACT_MARIADB_KEY]=https://mariadb.org/mariadb_release_signing_key.pgp
  [IACT_MARIADB_FINGERPRINT]=177F4010FE56CA3336300305F1656F24C74CD1D8
)

say() { echo "[INFO] $*"; }
warn() { echo "[WARN] $*" >&2; }
fail() { echo "[ERROR] $*" >&2; exit 1; }

# value prints what NAME=VALUE lines of a file say about a name. Nothing of the file is executed.
value() {
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    if [ "${line%%=*}" = "$2" ] && [ "$line" != "$2" ]; then printf '%s' "${line#*=}"; return 0; fi
  done <"$1"
}

# obey refuses a value that does not keep the rule of its name.
obey() {
  local rule
  case $1 in
    IACT_POSTGRESQL | IACT_MARIADB) rule='^([0-9]+(\.[0-9]+)?|distribution)$' ;;
    IACT_ANALYTICS | IACT_LEGACY | IACT_USER) rule='^[a-z_][a-z0-9_]{0,31}$' ;;
    IACT_TIMEZONE) rule='^[A-Z][A-Za-z]*(/[A-Za-z][A-Za-z0-9_+-]*){0,2}$' ;;
    IACT_LOCALE) rule='^[A-Za-z_]+\.UTF-8$' ;;
    IACT_NETWORKS) rule='^([0-9]{1,3}(\.[0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])( |$))*$' ;;
    *_FINGERPRINT) rule='^[0-9A-F]{40}$' ;;
    *_MIRROR | *_KEY) rule='^(https?://|file:/|/)[^[:space:]]+$' ;;
  esac
  [[ $2 =~ $rule ]] || fail "$1 is '$2', which does not fit $rule"
}

# configure takes each setting from the environment, or as it was kept, or by default.
configure() {
  local name kept
  for name in "${!setting[@]}"; do
    kept=
    if [ -f "$conf" ]; then kept=$(value "$conf" "$name"); fi
    setting[$name]=${!name:-${kept:-${setting[$name]}}}
    obey "$name" "${setting[$name]}"
  done
}

# keep writes a file anew, whole or not at all, if it is another one; it is false when nothing had to be written.
keep() {
  local text
  text=$(cat)
  if [ -f "$1" ] && [ "$(cat "$1")" = "$text" ]; then return 1; fi
  # Asked in a condition, so that bash does not end at a failure by itself.
  if ! { install -D -m "${2:-0644}" /dev/null "$1.new" && printf '%s\n' "$text" >"$1.new" && mv "$1.new" "$1"; }; then fail "$1 cannot be written"; fi
}

# take moves the passwords that Vagrant has uploaded to where only root reads them.
take() {
  local home from
  home=$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)
  from=${IACT_LOGINS:-$home/.iact/vm.env}
  [ -f "$from" ] && [ ! -L "$from" ] || return 0
  install -d -m 0700 /etc/iact
  if ! cmp -s "$from" "$logins"; then
    install -m 0600 -o root -g root "$from" "$logins.new"
    mv "$logins.new" "$logins"
  fi
  rm -f "$from"
}

# password prints that of POSTGRESQL or MARIADB, for the standard input of a program and never for its arguments.
password() {
  local found
  [ -f "$logins" ] || fail "there are no passwords in $logins: mage vm:bootstrap makes some, mage vm:provision brings them"
  found=$(value "$logins" "$1_PASSWORD")
  [ -n "$found" ] || fail "$logins has no line $1_PASSWORD=…"
  [[ $found =~ ^[A-Za-z0-9._~+/=@%^:,-]{8,128}$ ]] || fail "$1_PASSWORD is not 8 to 128 of A-Z a-z 0-9 . _ ~ + / = @ % ^ : , -"
  printf '%s' "$found"
}

# inputs prints what a stage depends on, after a number that changes when the stage does something else.
inputs() {
  case $1 in
    system_prepare) echo "1 ${setting[IACT_TIMEZONE]} ${setting[IACT_LOCALE]}" ;;
    mariadb_install) echo "1 ${setting[IACT_MARIADB]} ${setting[IACT_TIMEZONE]}" ;;
    postgres_install) echo "1 ${setting[IACT_POSTGRESQL]} ${setting[IACT_TIMEZONE]} ${setting[IACT_LOCALE]}" ;;
    setup_mariadb_database)
      echo "1 ${setting[IACT_MARIADB]} ${setting[IACT_LEGACY]} ${setting[IACT_USER]} ${setting[IACT_NETWORKS]}"
      grep '^MARIADB_PASSWORD=' "$logins" 2>/dev/null || true
      ;;
    setup_postgres_database)
      echo "1 ${setting[IACT_POSTGRESQL]} ${setting[IACT_ANALYTICS]} ${setting[IACT_USER]} ${setting[IACT_NETWORKS]} ${setting[IACT_LOCALE]}"
      grep '^POSTGRESQL_PASSWORD=' "$logins" 2>/dev/null || true
      ;;
  esac
}

digest() { inputs "$1" | sha256sum | cut -c1-64; }

is_done() { [ "$(cat "$state/${marker[$1]}" 2>/dev/null)" = "$(digest "$1")" ]; }

apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold "$@" </dev/null; }

# refresh brings the lists of packages up to date; a list that cannot be had is no reason to take an old one.
refresh() {
  local try
  for try in 1 2 3; do
    if apt -o APT::Update::Error-Mode=any update; then return 0; fi
    # Right after its start a machine may update by itself, or still be without a network.
    [ "$try" = 3 ] || { warn "apt-get update failed, trying again"; sleep $((try * 5)); }
  done
  fail "apt-get update failed three times: look at the lines above, and at the network of the machine"
}

missing() {
  local package
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || echo "$package"
  done
}

# packages installs those that are missing, and downloads nothing when none is.
packages() {
  local -a wanted
  # What was cut off; without it dpkg may be at work for somebody else, and apt waits for that.
  if [ -n "$(ls /var/lib/dpkg/updates)$(dpkg --audit)" ]; then dpkg --configure -a; fi
  mapfile -t wanted < <(missing "$@")
  [ "${#wanted[@]}" -gt 0 ] || return 0
  refresh
  apt install --no-install-recommends "${wanted[@]}"
}

# repository adds a vendor's, signed by the one key that is pinned here, for packages of its own alone.
repository() {
  local name=$1 prefix=$2 suite=$3 pinned=$4 work ring=/etc/apt/keyrings/iact-$1.gpg host
  local mirror=${setting[${prefix}_MIRROR]} key=${setting[${prefix}_KEY]} fingerprint=${setting[${prefix}_FINGERPRINT]}
  packages ca-certificates curl gpg
  work=$(mktemp -d)
  case $key in /*) key=file://$key ;; esac
  curl -fsSL --retry 3 --max-time 120 -o "$work/key" "$key" || fail "the key of $name cannot be had from $key"
  gpg --homedir "$work" --batch --no-autostart --quiet --import "$work/key" 2>"$work/said" || fail "$key is no key: $(tail -n 1 "$work/said")"
  gpg --homedir "$work" --batch --no-autostart --export "$fingerprint" >"$work/ring"
  [ -s "$work/ring" ] || fail "$key does not hold the key $fingerprint of $name: it was replaced on the way, or by its owner"
  install -D -m 0644 "$work/ring" "$ring"
  rm -rf "$work"
  keep "/etc/apt/sources.list.d/iact-$name.list" <<<"deb [signed-by=$ring] $suite main" || true
  # Debian 13 has a newer MariaDB than the one asked for: the vendor's goes first.
  case $mirror in
    http*) host=${mirror#*://} host=${host%%[/:]*} ;;
    *) host='' ;; # what is on this machine has no origin
  esac
  keep "/etc/apt/preferences.d/iact-$name" <<<"Package: $pinned
Pin: origin \"$host\"
Pin-Priority: 900" || true
  refresh
}

# system_id prints a field of /etc/os-release.
system_id() { value /etc/os-release "$1" | tr -d '"'; }

systemd() { [ -d /run/systemd/system ]; }

# answers waits for a server, for as long as a slow machine needs.
answers() {
  local what=$1
  shift
  for _ in $(seq 240); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.5
  done
  fail "$what does not answer within two minutes"
}

# free fails when somebody else listens where a server of ours is about to.
free() {
  local who=
  (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
  if command -v ss >/dev/null; then who=$(ss -Hltnp "sport = :$1" | grep -o 'users:.*' | head -n 1 || true); fi
  fail "port $1 is taken by another program${who:+ ($who)}: stop it, or let it take another port"
}

mariadb_up() { mariadb --protocol=socket --batch -e 'SELECT 1'; }

postgres_up() { runuser -u postgres -- pg_isready -q -h /var/run/postgresql -p 5432; }

# start starts a server that is not up, or does to it what is asked for, and waits for its answer. Without systemd there
# are Debian's own scripts, whose servers must not hold our output.
start() {
  local up=$1 unit=$2 port=$3 how=${4:-} said=/var/log/iact/start.log
  if ! "$up" >/dev/null 2>&1; then how=restart; free "$port"; fi
  if systemd; then systemctl --quiet enable "$unit"; fi
  if [ -n "$how" ]; then
    say "$unit: $how"
    case $(systemd && echo systemd):$unit in
      systemd:*) systemctl restart "$unit" || fail "$unit does not start: $(journalctl -u "$unit" -n 5 --no-pager -o cat 2>/dev/null | tr '\n' ' ')" ;;
      :mariadb) service mariadb restart >"$said" 2>&1 </dev/null || fail "$unit does not start: $(tail -n 3 "$said" | tr '\n' ' ')" ;;
      *) pg_ctlcluster "${unit//[!0-9.]/}" main restart >"$said" 2>&1 </dev/null || fail "$unit does not start: $(tail -n 3 "$said" | tr '\n' ' ')" ;;
    esac
  fi
  answers "$unit" "$up"
}

system_prepare() {
  local zone=${setting[IACT_TIMEZONE]} locale=${setting[IACT_LOCALE]}
  local -a wanted=(ca-certificates tzdata)
  case $(system_id ID):$(system_id VERSION_ID) in
    debian:12 | debian:13 | ubuntu:22.04 | ubuntu:24.04) ;;
    *) warn "$(system_id PRETTY_NAME) was never tried: Debian 12 and 13, Ubuntu 22.04 and 24.04 were" ;;
  esac
  [ "$locale" = C.UTF-8 ] || wanted+=(locales)
  # By it the host freezes the file systems for a snapshot.
  if [ -e /dev/virtio-ports/org.qemu.guest_agent.0 ]; then wanted+=(qemu-guest-agent); fi
  packages "${wanted[@]}"
  # udev starts the agent at the next boot only.
  if [ "${wanted[-1]}" = qemu-guest-agent ] && systemd; then systemctl start qemu-guest-agent || warn "qemu-guest-agent does not start"; fi
  [ -f "/usr/share/zoneinfo/$zone" ] || fail "there is no time zone $zone in /usr/share/zoneinfo"
  if [ "$(readlink /etc/localtime)" != "/usr/share/zoneinfo/$zone" ]; then ln -sfn "/usr/share/zoneinfo/$zone" /etc/localtime; fi
  keep /etc/timezone <<<"$zone" || true
  if [ "$locale" != C.UTF-8 ] && ! locale -a | grep -qix "${locale%.UTF-8}.utf-\?8"; then
    keep /etc/locale.gen <<<"$locale UTF-8" || true
    locale-gen
  fi
  keep /etc/default/locale <<<"LANG=$locale" || true
}

mariadb_install() {
  local want=${setting[IACT_MARIADB]} have='' how=''
  if [ -x /usr/sbin/mariadbd ] && [ -z "$(missing mariadb-server)" ]; then
    have=$(/usr/sbin/mariadbd --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+-MariaDB' | head -n 1)
  fi
  if [ "$want" = distribution ]; then
    packages mariadb-server mariadb-client
  elif [ "${have#"$want".}" = "$have" ]; then
    if [ -n "$have" ] && [ "$(printf '%s\n' "$want" "$have" | sort -V | head -n 1)" = "$want" ]; then
      fail "MariaDB $have is here and $want is wanted: its data cannot go back; vm: {mariadb: distribution} takes it, a new machine can have $want"
    fi
    repository mariadb IACT_MARIADB "${setting[IACT_MARIADB_MIRROR]}/$want/$(system_id ID) $(system_id VERSION_CODENAME)" 'mariadb-* libmariadb* mysql-common galera-*'
    apt install --no-install-recommends mariadb-server mariadb-client
  fi
  if keep /etc/mysql/mariadb.conf.d/90-iact.cnf <<EOT; then how=restart; fi
# Written by bootstrap.sh. The accounts say from where one may come; the time zone is the system's, ${setting[IACT_TIMEZONE]}.
[mariadbd]
bind-address         = 0.0.0.0
skip-name-resolve
character-set-server = utf8mb4
collation-server     = utf8mb4_unicode_ci
EOT
  start mariadb_up mariadb 3306 "$how"
}

# cluster prints the version of the cluster that is ours, or nothing.
cluster() {
  local want=${setting[IACT_POSTGRESQL]}
  if command -v pg_lsclusters >/dev/null; then
    pg_lsclusters -h | awk -v want="$want" '$2 == "main" && (want == "distribution" || $1 == want) {print $1}' | sort -V | tail -n 1
  fi
}

postgres_install() {
  local want=${setting[IACT_POSTGRESQL]} version port how=''
  if [ "$want" = distribution ]; then
    packages postgresql
  elif [ -n "$(missing "postgresql-$want")" ]; then
    repository postgresql IACT_POSTGRESQL "${setting[IACT_POSTGRESQL_MIRROR]} $(system_id VERSION_CODENAME)-pgdg" 'postgresql* libpq* libecpg* libpgtypes*'
    apt install --no-install-recommends "postgresql-$want"
  fi
  version=$(cluster)
  if [ -z "$version" ]; then
    [ "$want" != distribution ] || want=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | tail -n 1)
    pg_createcluster --locale "${setting[IACT_LOCALE]}" --encoding UTF8 "$want" main
    version=$want
  fi
  port=$(pg_lsclusters -h | awk -v v="$version" '$1 == v && $2 == "main" {print $3}')
  [ "$port" = 5432 ] || fail "PostgreSQL $version has port $port, since there is another cluster: $(pg_lsclusters -h | awk '$3 == 5432 {print $1 "/" $2}'); pg_dropcluster removes it where nothing in it is needed, vm: {postgresql: …} takes it"
  if keep "/etc/postgresql/$version/main/conf.d/iact.conf" <<EOT; then how=restart; fi
# Written by bootstrap.sh. pg_hba.conf says from where one may come.
listen_addresses = '*'
password_encryption = 'scram-sha-256'
shared_preload_libraries = 'pg_stat_statements'
timezone = '${setting[IACT_TIMEZONE]}'
log_timezone = '${setting[IACT_TIMEZONE]}'
EOT
  start postgres_up "postgresql@$version-main" 5432 "$how"
}

# netmask prints a network as MariaDB wants it: 10.0.2.0/255.255.255.0.
netmask() {
  local bits=$((0xffffffff << (32 - ${1#*/}) & 0xffffffff))
  echo "${1%/*}/$((bits >> 24 & 255)).$((bits >> 16 & 255)).$((bits >> 8 & 255)).$((bits & 255))"
}

setup_mariadb_database() {
  local database=${setting[IACT_LEGACY]} user=${setting[IACT_USER]} secret host network other
  local -a hosts=(localhost 127.0.0.1 ::1)
  secret=$(password MARIADB)
  for network in ${setting[IACT_NETWORKS]}; do hosts+=("$(netmask "$network")"); done
  start mariadb_up mariadb 3306
  {
    # Neither a log nor a replica sees what follows.
    echo "SET SESSION sql_log_off = 1, SESSION sql_log_bin = 0;"
    echo "CREATE DATABASE IF NOT EXISTS \`$database\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;"
    for host in "${hosts[@]}"; do
      echo "CREATE USER IF NOT EXISTS '$user'@'$host';"
      echo "ALTER USER '$user'@'$host' IDENTIFIED BY '$secret';"
      # A bare _ would stand for any character: other databases, too.
      echo "GRANT ALL PRIVILEGES ON \`${database//_/\\_}\`.* TO '$user'@'$host';"
    done
    cat <<EOT
CREATE TABLE IF NOT EXISTS \`$database\`.schema_version (
  version INT NOT NULL PRIMARY KEY, description VARCHAR(200) NOT NULL, applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
INSERT IGNORE INTO \`$database\`.schema_version (version, description) VALUES (1, 'made by bootstrap.sh');
EOT
  } | mariadb --protocol=socket --batch
  while read -r other; do
    [[ " ${hosts[*]} " == *" $other "* ]] || warn "'$user'@'$other' is an account that this script has not made"
  done < <(mariadb --protocol=socket --batch --skip-column-names -e "SELECT Host FROM mysql.user WHERE User = '$user'")
}

# sql runs statements of the standard input as the superuser of PostgreSQL.
sql() { runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 -h /var/run/postgresql -p 5432 -d "$1"; }

# admit lets the user in by pg_hba.conf: a block of ours before all others, since the first line that fits decides.
admit() {
  local file=$1 network begin='# begin of bootstrap.sh' end='# end of bootstrap.sh'
  {
    echo "$begin"
    echo "local ${setting[IACT_ANALYTICS]} ${setting[IACT_USER]} scram-sha-256"
    for network in 127.0.0.1/32 ::1/128 ${setting[IACT_NETWORKS]}; do
      echo "host ${setting[IACT_ANALYTICS]} ${setting[IACT_USER]} $network scram-sha-256"
    done
    echo "$end"
    sed "/^$begin\$/,/^$end\$/d" "$file"
  } >"$file.new"
  if cmp -s "$file.new" "$file"; then rm "$file.new"; return 0; fi
  chown --reference="$file" "$file.new"
  chmod --reference="$file" "$file.new"
  mv "$file.new" "$file"
}

setup_postgres_database() {
  local database=${setting[IACT_ANALYTICS]} user=${setting[IACT_USER]} secret version extension
  secret=$(password POSTGRESQL)
  version=$(cluster)
  [ -n "$version" ] || fail "there is no cluster of PostgreSQL ${setting[IACT_POSTGRESQL]}: bootstrap.sh --from=postgres_install makes it"
  start postgres_up "postgresql@$version-main" 5432
  sql postgres <<EOT
-- Neither the log nor the statistics see the password.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SET pg_stat_statements.track_utility = off;
SELECT 'CREATE ROLE "$user"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$user') \gexec
ALTER ROLE "$user" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '$secret';
SELECT 'CREATE DATABASE "$database" OWNER "$user" TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''${setting[IACT_LOCALE]}'' LC_CTYPE ''${setting[IACT_LOCALE]}'''
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$database') \gexec
ALTER DATABASE "$database" OWNER TO "$user";
REVOKE ALL ON DATABASE "$database" FROM PUBLIC;
EOT
  for extension in uuid-ossp pg_trgm hstore citext pg_stat_statements; do
    sql "$database" <<<"SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS \"$extension\";"
  done
  sql "$database" <<EOT
SET client_min_messages = warning;
SET ROLE "$user";
CREATE TABLE IF NOT EXISTS schema_version (
  version integer PRIMARY KEY, description text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
INSERT INTO schema_version (version, description) VALUES (1, 'made by bootstrap.sh') ON CONFLICT DO NOTHING;
EOT
  admit "/etc/postgresql/$version/main/pg_hba.conf"
  sql postgres <<<'SELECT pg_reload_conf() \g /dev/null'
}

list() {
  local stage
  for stage in "${stages[@]}"; do
    if is_done "$stage"; then echo "done    $stage"; else echo "missing $stage"; fi
  done
}

# open_log names the log of this run, where the host sees it if it can.
open_log() {
  local dir
  mkdir -p /var/log/iact
  for dir in /vagrant/logs /var/log/iact; do
    [ "$dir" != /vagrant/logs ] || [ -d /vagrant ] || continue
    log=$dir/bootstrap-$(date +%Y%m%d-%H%M%S).log
    if mkdir -p "$dir" 2>/dev/null && (: >>"$log") 2>/dev/null; then return 0; fi
  done
  log=/dev/null
  warn "no log can be written, neither in /vagrant/logs nor in /var/log/iact: is the disk full?"
}

# run does one stage in a shell of its own, in which every failure ends it, and sets its marker at the very end.
run() {
  local stage=$1 code
  rm -f "$state/${marker[$stage]}"
  set +e
  (
    set -e
    trap 'echo "[ERROR] line $LINENO: $BASH_COMMAND" >&2' ERR
    exec 9>&-
    "$stage"
  ) 2>&1 | tee -a "$log"
  code=${PIPESTATUS[0]}
  set -e
  [ "$code" = 0 ] || { echo "[ERROR] $stage.sh failed with code: $code; stage $number of ${#stages[@]}, log: $log" | tee -a "$log" >&2; exit "$code"; }
  keep "$state/${marker[$stage]}" 0600 < <(digest "$stage") || true
}

from='' only_list='' again=''
for word; do
  case $word in
    --list) only_list=1 ;;
    --from=*)
      from=${word#*=}
      [[ " ${stages[*]} " == *" $from "* ]] || fail "$from is no stage: ${stages[*]}"
      ;;
    *) fail "use: bootstrap.sh [--from=STAGE] [--list]" ;;
  esac
done
[ "$(id -u)" = 0 ] || fail "bootstrap.sh works as root: sudo bash $0"
configure
if [ -n "$only_list" ]; then list; exit 0; fi

mkdir -p "$state"
exec 9>"$state/.lock"
flock -n 9 || fail "another bootstrap.sh is at work"
take
for name in "${!setting[@]}"; do echo "$name=${setting[$name]}"; done | sort | keep "$conf" || true
# A run by hand needs no synced folder.
if [ -f "$0" ] && ! cmp -s "$0" /usr/local/sbin/iact-bootstrap; then install -m 0755 "$0" /usr/local/sbin/iact-bootstrap; fi
log='' number=0
for stage in "${stages[@]}"; do
  number=$((number + 1))
  if [ "$stage" = "$from" ]; then again=1; fi
  if [ -z "$again" ] && is_done "$stage"; then
    echo "[STEP $number/${#stages[@]}] $stage.sh (done already)"
    continue
  fi
  [ -n "$log" ] || open_log
  echo "[STEP $number/${#stages[@]}] $stage.sh" | tee -a "$log"
  run "$stage"
done
echo "[SUCCESS] Bootstrap completado exitosamente" | tee -a "${log:-/dev/null}"
