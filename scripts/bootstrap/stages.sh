# Part of bootstrap.sh: the five stages, in their order.
# shellcheck shell=bash disable=SC2154

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
