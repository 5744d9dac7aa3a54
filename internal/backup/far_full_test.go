package backup_test

import (
	"strings"
	"testing"

	"iact-infra/internal/testbed"
)

// TestRealAFullDiskOverThereStopsARestoreAndLeavesTheLiveDatabaseAlone restores
// into servers whose disks hold the live database and not a second one.
func TestRealAFullDiskOverThereStopsARestoreAndLeavesTheLiveDatabaseAlone(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	for kind, test := range map[string]struct {
		server    string // starts it with room for data in /small
		client    string // runs the SQL that follows
		create    string
		fill      string // takes all of the disk but a little
		rows      string // 40,000 of a kilobyte
		databases string
	}{
		"postgres": {
			// Only a tablespace: a server with no room for its own files dies.
			server:    "chown postgres: /small; exec as postgres postgres -F -D /var/lib/postgresql/data",
			client:    "psql -U postgres -AtX -v ON_ERROR_STOP=1 -d iact -c ",
			create:    `psql -U postgres -c "CREATE TABLESPACE small LOCATION '/small'" && createdb -U postgres -D small iact`,
			fill:      "head -c 1G /dev/zero >/small/fill 2>/dev/null; truncate -s -20M /small/fill",
			rows:      "CREATE TABLE calls AS SELECT n, repeat(md5(n::text), 32) AS what FROM generate_series(1, 40000) AS n; ALTER TABLE calls ALTER what SET STORAGE EXTERNAL",
			databases: "SELECT datname FROM pg_database",
		},
		"mariadb": {
			server:    "cp -a /var/lib/mysql/. /small; chown mysql: /small; exec mariadbd --user=mysql --datadir=/small",
			client:    "mariadb -N -D iact -e ",
			create:    "mariadb -e 'CREATE DATABASE iact'",
			fill:      "head -c 1G /dev/zero >/small/fill 2>/dev/null; truncate -s -12M /small/fill",
			rows:      "CREATE TABLE calls AS SELECT seq AS n, repeat(md5(seq), 32) AS what FROM seq_1_to_40000",
			databases: "SHOW DATABASES",
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			container := d.Container(t, "--init", "--mount", "type=tmpfs,destination=/small,tmpfs-size=400m", d.Databases(t), "sh", "-c", test.server)
			inContainer(t, d, container, "for n in $(seq 600); do "+test.create+" 2>/dev/null && exit; sleep 0.1; done; exit 1")
			sql := func(line string) string { return inContainer(t, d, container, test.client+"'"+line+"'") }
			sql(test.rows)
			user := map[string]string{"postgres": ", user: postgres"}[kind]
			r := newRig(t, "{name: iact, kind: "+kind+user+", database: iact, via: docker:"+container+"}")
			r.env = d.Env()
			r.good("backup:all")
			inContainer(t, d, container, test.fill)
			end := r.run("backup:restoreDB", "-source=iact", "-yes=true")
			if end.code != 1 || !strings.Contains(end.said, "No space left on device") && !strings.Contains(end.said, "is full") || !strings.Contains(end.said, "free") {
				t.Errorf("exit %d\n%s", end.code, end.said)
			}
			if n := sql("SELECT count(*) FROM calls"); n != "40000" {
				t.Errorf("the live database has %s rows", n)
			}
			if left := sql(test.databases); strings.Contains(left, "iact_") {
				t.Errorf("left are the databases\n%s", left)
			}
		})
	}
}
