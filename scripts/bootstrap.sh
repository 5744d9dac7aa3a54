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

# parts: vm:bootstrap puts their text in place of these lines, for Vagrant uploads one file alone.
parts=$(cd "$OLDPWD" && dirname "$(readlink -f "$0")")/bootstrap
[ -d "$parts" ] || fail "this file lacks its parts in $parts: mage vm:bootstrap puts a whole one beside a Vagrantfile of ours"
# shellcheck source=bootstrap/servers.sh
. "$parts/servers.sh"
# shellcheck source=bootstrap/stages.sh
. "$parts/stages.sh"
# end of parts

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
# A run by hand needs no synced folder, but the whole file.
if [ -f "$0" ] && [ -z "${parts:-}" ] && ! cmp -s "$0" /usr/local/sbin/iact-bootstrap; then install -m 0755 "$0" /usr/local/sbin/iact-bootstrap; fi
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
