# Part of bootstrap.sh: packages, repositories of vendors, and how a server is started.
# shellcheck shell=bash disable=SC2154

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
