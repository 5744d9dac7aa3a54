# Facts about a machine, from inside and as root: one section each, that begins with == NAME. It only reads. Standard input
# holds what is asked for as NAME=VALUE lines: ANALYTICS LEGACY USER POSTGRESQL_PASSWORD MARIADB_PASSWORD, and ONLY=system.
set -u
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_PAGER=''
umask 077
cd /
while IFS= read -r line; do
  case $line in
    ANALYTICS=*) analytics=${line#*=} ;;
    LEGACY=*) legacy=${line#*=} ;;
    USER=*) user=${line#*=} ;;
    POSTGRESQL_PASSWORD=*) pg_password=${line#*=} ;;
    MARIADB_PASSWORD=*) my_password=${line#*=} ;;
    ONLY=*) only=${line#*=} ;;
  esac
done
part() { echo "== $1"; }
part system
echo "hostname=$(hostname)"
echo "addresses=$(hostname -I)"
echo "cpus=$(nproc)"
echo "memory_kib=$(awk '/^MemTotal/ {print $2}' /proc/meminfo)"
echo "available_kib=$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)"
echo "zone=$(readlink /etc/localtime | sed 's|.*/zoneinfo/||')"
echo "clock=$(date +%s.%N)"
echo "route=$(ip -4 route show default 2>/dev/null | head -n 1)"
echo "disk=$(df -P -k / | awk 'NR == 2 {print $2, $4}')"
echo "inodes=$(df -P -i / | awk 'NR == 2 {print $2, $4}')"
echo "readonly=$(awk '$2 == "/" {print $4}' /proc/mounts | grep -cE '(^|,)ro(,|$)')"
echo "names=$(if getent hosts "$(hostname)" >/dev/null; then echo yes; fi)"
echo "dns=$(awk '$1 == "nameserver" {print $2; exit}' /etc/resolv.conf 2>/dev/null)"
echo "shared=$(if [ -n "$(ls -A /vagrant 2>/dev/null)" ]; then echo yes; fi)"
if [ "${only:-}" = system ]; then exit 0; fi
part units
systemctl list-units --all --plain --no-legend --type=service 'postgresql@*' 'mariadb*' 'mysql*' 'apache2*' 'nginx*' 'php*-fpm*' 2>/dev/null |
  while read -r unit _; do
    case $unit in *@bootstrap.service | *-check*) continue ;; esac
    echo "$unit $(systemctl is-active "$unit") $(systemctl is-enabled "$unit" 2>/dev/null)"
  done
part failed
systemctl list-units --plain --no-legend --state=failed 2>/dev/null | awk '{print $1}'
part markers
ls /var/iact/state 2>/dev/null
part log
log=$(find /vagrant/logs /var/log/iact -maxdepth 1 -name 'bootstrap-*.log' -printf '%T@ %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d' ' -f2-)
if [ -n "$log" ]; then
  echo "log=$log"
  grep -h '^\[ERROR\]' "$log" | tail -n 3
fi
part listening
ss -Hltn 2>/dev/null | awk '{print $4}'
work=$(mktemp -d /run/iact-XXXXXX) || exit 1 # never on the disk, which has snapshots, and may be full
trap 'rm -rf "$work"' EXIT
part postgres
if command -v psql >/dev/null; then
  setpriv --reuid=postgres --regid=postgres --init-groups -- psql -X -A -t -q -h /var/run/postgresql -d postgres 2>&1 <<SQL
select 'answer=' || current_setting('server_version');
select 'zone=' || current_setting('timezone');
select 'listen=' || current_setting('listen_addresses');
select 'database=' || pg_get_userbyid(datdba) || ' ' || pg_encoding_to_char(encoding) from pg_database where datname = '${analytics:-}';
select 'login=' || rolcanlogin from pg_roles where rolname = '${user:-}';
select 'beyond=' || concat_ws(' ', case when rolsuper then 'superuser' end, case when rolcreatedb then 'createdb' end, case when rolcreaterole then 'createrole' end,
  case when rolreplication then 'replication' end, case when rolbypassrls then 'bypassrls' end,
  (select string_agg(r.rolname, ' ') from pg_auth_members m join pg_roles r on r.oid = m.roleid where m.member = u.oid)) from pg_roles u where rolname = '${user:-}';
SQL
  if [ -n "${pg_password:-}" ]; then
    # A password with : or \ is escaped in this file.
    printf '*:*:*:*:%s\n' "$(printf '%s' "$pg_password" | sed 's/[\\:]/\\&/g')" >"$work/pgpass"
    echo "own=begins"
    # Nothing stays of what is rolled back.
    PGPASSFILE=$work/pgpass psql -X -A -t -q -w -h 127.0.0.1 -U "$user" -d "$analytics" -v ON_ERROR_STOP=1 2>&1 <<SQL
select 'query=' || current_user;
begin; create table iact_probe (n int); rollback; select 'create=yes';
select 'tables=' || count(*) from pg_stat_user_tables;
select 'version=' || coalesce(to_regclass('schema_version')::text, '');
SQL
  fi
fi
part mariadb
my=$(command -v mariadb || command -v mysql)
if [ -n "$my" ]; then
  "$my" --protocol=socket --batch --skip-column-names 2>&1 <<SQL
select concat('answer=', version()); select concat('zone=', @@global.time_zone, ' ', @@system_time_zone); select concat('listen=', @@bind_address);
select concat('database=', default_character_set_name) from information_schema.schemata where schema_name = '${legacy:-}';
select concat('account=', host) from mysql.user where user = '${user:-}';
select concat('global=', privilege_type, ' to ', grantee) from information_schema.user_privileges where grantee like concat(quote('${user:-}'), '@%') and privilege_type <> 'USAGE';
select distinct concat('schema=', table_schema) from information_schema.schema_privileges where grantee like concat(quote('${user:-}'), '@%');
SQL
  if [ -n "${my_password:-}" ]; then
    printf '[client]\nuser="%s"\npassword="%s"\nhost=127.0.0.1\nprotocol=tcp\n' "$user" "$(printf '%s' "$my_password" | sed 's/[\\"]/\\&/g')" >"$work/my.cnf"
    echo "own=begins"
    # A temporary table is seen by nobody and goes with the connection.
    "$my" --defaults-extra-file="$work/my.cnf" --batch --skip-column-names "$legacy" 2>&1 <<SQL
select concat('query=', substring_index(current_user(), '@', 1));
create temporary table iact_probe (n int); select 'create=yes';
select concat('tables=', count(*)) from information_schema.tables where table_schema = database();
select concat('version=', table_name) from information_schema.tables where table_schema = database() and table_name = 'schema_version';
SQL
  fi
fi
part web
if command -v apache2 >/dev/null || command -v nginx >/dev/null; then
  for port in 80 443; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; fi
  done
fi
part suite
if [ -f /vagrant/tests/bootstrap_test.sh ]; then echo /vagrant/tests/bootstrap_test.sh; fi
