package backup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/testbed"
)

// TestWholeADatabaseThatComesLaterTakesNoName: what is found by itself is called
// today what it was called yesterday, and a restore by that name brings it back.
func TestWholeADatabaseThatComesLaterTakesNoName(t *testing.T) {
	t.Parallel()
	c := testbed.OwnMariaDB(t)
	fill := func(database, what string) {
		c.SQL(t, "mysql", "CREATE DATABASE `"+database+"`")
		c.SQL(t, database, "CREATE TABLE t (what TEXT); INSERT INTO t VALUES ('"+what+"')")
	}
	fill("sales", "the first")
	r := newRig(t)
	r.put("checkout/config/iact.yaml", "project: "+r.project+"\nbackup:\n  store: "+r.store+"\n")
	r.put(".my.cnf", "[client]\nuser="+c.User+"\n")
	must(t, os.Chmod(filepath.Join(r.root, ".my.cnf"), 0o600))
	r.env = []string{"HOME=" + r.root, "MYSQL_UNIX_PORT=" + c.Socket, "PGHOST="}
	r.good("backup:all")
	fill("Sales", "the second")
	fill("config", "no file")
	fill("roles", "no role")
	r.good("backup:all")
	set := r.newest()
	for name, database := range map[string]string{"sales": "sales", "sales-2": "Sales", "config-2": "config", "roles-2": "roles"} {
		if one := source(t, set, name); one.Kind != "mariadb" || one.Origin != c.Socket+"/"+database {
			t.Errorf("source %s is %+v, want %s", name, one, database)
		}
	}
	if one := source(t, set, "config"); one.Kind != "files" {
		t.Errorf("the project directory is not called config: %+v", one)
	}
	for word, want := range map[string]string{"sales": "the first", "Sales": "the second", "sales-2": "the second", "config-2": "no file"} {
		r.good("backup:restoreDB", "-source="+word, "-to=look")
		if got := strings.TrimSpace(c.SQL(t, "look", "SELECT what FROM t")); got != want {
			t.Errorf("-source=%s restores %q, want %q", word, got, want)
		}
		c.SQL(t, "mysql", "DROP DATABASE look")
	}
	r.run("backup:restoreDB", "-source=SALES", "-to=look").refused(2, "restore SALES: set "+set.ID+" has no such source", "sales-2 (database Sales)")
	r.run("backup:restore", "-source=nope", "-to="+filepath.Join(r.root, "new")).refused(2, "restore nope: set "+set.ID+" has no such source", "it holds ")
}
