echo "me $(id -un 2>/dev/null || id -u)"
for s in /var/run/postgresql/.s.PGSQL.[0-9]* /tmp/.s.PGSQL.[0-9]*; do if [ -S "$s" ]; then echo "postgres $s"; fi; done
for s in /var/run/mysqld/mysqld.sock /var/lib/mysql/mysql.sock /tmp/mysql.sock /opt/bitnami/*/tmp/mysql.sock; do if [ -S "$s" ]; then echo "mariadb $s"; fi; done
for p in psql pg_dump mariadb mysql mariadb-dump mysqldump; do if command -v "$p" >/dev/null 2>&1; then echo "program $p"; fi; done
echo "user ${POSTGRES_USER:-$POSTGRESQL_USERNAME}"
for a in $(hostname -I 2>/dev/null); do echo "address $a"; done
