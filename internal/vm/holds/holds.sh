# What the databases of a machine hold, as root: one line NAME<TAB>VALUE each. With READ=1 in the environment it waits until
# the machine has started, and reads every row. It only reads.
set -u
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd /
read_all=${READ:-}
if [ -n "$read_all" ]; then timeout 240 systemctl is-system-running --wait >/dev/null 2>&1; fi
# A server that is starting answers soon: $1 is asked, for a minute.
answers() {
  for _ in $(seq 60); do
    if "$1" </dev/null >/dev/null 2>&1; then return 0; fi
    sleep 1
  done
  return 1
}
pg() { setpriv --reuid=postgres --regid=postgres --init-groups -- psql -X -A -t -q -v ON_ERROR_STOP=1 -h /var/run/postgresql "$@"; }
pg_up() { pg -d postgres -c 'select 1'; }
my() { mariadb --protocol=socket --batch --skip-column-names "$@"; }
my_up() { my -e 'select 1'; }
sum() { awk '{n += $1} END {print n + 0}'; }
own="n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)' and c.relkind in ('r', 'm')"
if command -v psql >/dev/null && ls /etc/postgresql/*/*/postgresql.conf >/dev/null 2>&1; then
  if [ -n "$read_all" ]; then answers pg_up; fi
  if pg_up >/dev/null 2>&1; then
    printf 'PostgreSQL\t%s\n' "$(pg -d postgres -c 'show server_version')"
    pg -d postgres -c 'select datname from pg_database where datallowconn and not datistemplate order by 1' | while IFS= read -r db; do
      printf 'PostgreSQL database %s\t%s tables\n' "$db" "$(pg -d "$db" -c "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where $own" </dev/null)"
      if [ -n "$read_all" ]; then
        rows=$(set -o pipefail; pg -d "$db" -c "select format('select count(*) from only %I.%I;', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where $own" </dev/null | pg -d "$db" | sum) || rows='not all'
        printf 'read PostgreSQL database %s\t%s rows read\n' "$db" "$rows"
      fi
    done
  fi
fi
if command -v mariadb >/dev/null && command -v mariadbd >/dev/null; then
  if [ -n "$read_all" ]; then answers my_up; fi
  if my_up >/dev/null 2>&1; then
    printf 'MariaDB\t%s\n' "$(my -e 'select version()')"
    tables="from information_schema.tables where table_type = 'BASE TABLE' and table_schema"
    my -e "select schema_name from information_schema.schemata where schema_name not in ('information_schema', 'performance_schema', 'sys', 'mysql') order by 1" | while IFS= read -r db; do
      quoted=$(printf '%s' "$db" | sed "s/'/''/g")
      printf 'MariaDB database %s\t%s tables\n' "$db" "$(my -e "select count(*) $tables = '$quoted'" </dev/null)"
      if [ -n "$read_all" ]; then
        rows=$(set -o pipefail; my -e "select concat('select count(*) from \`', replace(table_schema, '\`', '\`\`'), '\`.\`', replace(table_name, '\`', '\`\`'), '\`;') $tables = '$quoted'" </dev/null | my | sum) || rows='not all'
        printf 'read MariaDB database %s\t%s rows read\n' "$db" "$rows"
      fi
    done
  fi
fi
exit 0
