package backup_test

import (
	"strings"
	"testing"
)

// A load into an empty table does not keep the order of rows whose sizes
// differ: it fills what room a page has left.
func TestWholeRowsThatComeBackInAnotherOrderAreTheSameRows(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	c.SQL(t, database, `CREATE TABLE msgs (id int PRIMARY KEY, body text);
INSERT INTO msgs SELECT g, repeat(md5(g::text), (g * 7919 % 50)) FROM generate_series(1, 20000) g;
DELETE FROM msgs WHERE id % 7 = 0; UPDATE msgs SET body = body || 'x' WHERE id % 5 = 0; VACUUM msgs; INSERT INTO msgs SELECT g, md5(g::text) FROM generate_series(20001, 24000) g;`)
	rows := "SELECT count(*), md5(string_agg(id || coalesce(body, ''), ',' ORDER BY id)) FROM msgs"
	before := c.SQL(t, database, rows)
	r.good("backup:all")
	r.restored("-yes=true")
	if is := c.SQL(t, database, rows); is != before {
		t.Errorf("the rows were %s and are %s", before, is)
	}
}

func TestRealADatabaseThatWasClosedToAllStaysClosed(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	c.SQL(t, "postgres", "REVOKE ALL ON DATABASE "+database+" FROM PUBLIC; REVOKE ALL ON DATABASE "+database+" FROM "+c.User)
	about := "SELECT coalesce(datacl::text, 'open') FROM pg_database WHERE datname = '" + database + "'"
	if was := c.SQL(t, "postgres", about); was != "{}" {
		t.Fatalf("its access list is %s", was)
	}
	r.good("backup:all")
	r.restored("-yes=true")
	if is := c.SQL(t, "postgres", about); is != "{}" {
		t.Errorf("its access list was {} and is %s", is)
	}
}

func TestWholeTheLimitsOfADatabaseDoNotStopItsRestore(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	c.SQL(t, database, "CREATE TABLE wide AS SELECT g, repeat(md5(g::text), 40) AS t FROM generate_series(1, 150000) g; CREATE INDEX ON wide (md5(t));")
	c.SQL(t, "postgres", "ALTER DATABASE "+database+" SET statement_timeout = '100ms'; ALTER DATABASE "+database+" SET lock_timeout = '1ms'")
	r.good("backup:all")
	done := r.restored("-yes=true")
	if len(done.Warnings) > 0 {
		t.Errorf("it warns %v", done.Warnings)
	}
	if is := c.SQL(t, "postgres", "SELECT setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = '"+database+"'"); !strings.Contains(is, "statement_timeout=100ms") {
		t.Errorf("its settings are %s", is)
	}
}
