package backup_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup"
	"iact-infra/internal/backup/compare"
	"iact-infra/internal/testbed"
)

// around is what surrounds the table calls in the tests.
const around = "CREATE TABLE log (w varchar(40)); CREATE VIEW seen AS SELECT n FROM calls; CREATE TRIGGER t AFTER UPDATE ON calls FOR EACH ROW INSERT INTO log VALUES (OLD.what);" +
	"CREATE PROCEDURE p() SELECT 1; CREATE PROCEDURE kept() SELECT 2; CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO DELETE FROM log; CREATE TABLE child (n int, CONSTRAINT fk FOREIGN KEY (n) REFERENCES calls (n)); INSERT INTO child VALUES (1)"

// withMariaDBAround is withMariaDB with views, triggers and so on, and one set.
func withMariaDBAround(t *testing.T) (r *rig, c *testbed.MariaDBServer, database string) {
	t.Helper()
	r, c, database = withMariaDB(t)
	c.SQL(t, database, around)
	r.good("backup:all")
	t.Cleanup(func() {
		for _, name := range strings.Fields(c.SQL(t, "mysql", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE LEFT(SCHEMA_NAME, "+strings.Repeat("1+", len(database))+"0) = '"+database+"'")) {
			c.SQL(t, "mysql", "DROP DATABASE "+name)
		}
	})
	return r, c, database
}

// objects is what is defined in a database, with the rights on single routines.
func objects(t *testing.T, c *testbed.MariaDBServer, database string) string {
	t.Helper()
	return c.SQL(t, "mysql", strings.ReplaceAll("SELECT 'trigger', TRIGGER_NAME, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'DB'"+
		" UNION SELECT 'view', TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'DB'"+
		" UNION SELECT 'routine', ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'DB'"+
		" UNION SELECT 'event', EVENT_NAME, STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'DB'"+
		" UNION SELECT 'right', CONCAT(Routine_name, ' of ', User), Proc_priv FROM mysql.procs_priv WHERE Db = 'DB' ORDER BY 1, 2", "DB", database))
}

func sameData(t *testing.T, what string, want, got compare.Digest) {
	t.Helper()
	if d := compare.Diff(want, got); d != nil {
		t.Errorf("%s: %v", what, d)
	}
}

// rolledBack undoes the last run.
func (r *rig) rolledBack() {
	r.t.Helper()
	journals, err := filepath.Glob(filepath.Join(r.root, "checkout", ".iact", "journal", "*.jsonl"))
	must(r.t, err)
	var last string
	var at time.Time
	for _, path := range journals {
		info, err := os.Stat(path)
		must(r.t, err)
		if info.ModTime().After(at) {
			last, at = strings.TrimSuffix(filepath.Base(path), ".jsonl"), info.ModTime()
		}
	}
	r.good("procedure:rollback", "-run="+last)
}

func TestRealMariaDBComesBackAfterAWrongUpdateAndTheOldStateIsKept(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDBAround(t)
	good, defined := dumped(t, c, database), objects(t, c, database)
	c.SQL(t, database, "UPDATE calls SET what = 'wrong'; DROP PROCEDURE p; CREATE TABLE newer (a int)")
	wrong, wrongly := dumped(t, c, database), objects(t, c, database)

	done := r.restored("-yes=true", "-source=ivr")
	sameData(t, "restored", good, dumped(t, c, database))
	if got := objects(t, c, database); got != defined {
		t.Errorf("what is defined was\n%s\nand is\n%s", defined, got)
	}
	sameData(t, "kept", wrong, dumped(t, c, done.Old))
	if !strings.HasPrefix(done.Old, database+"_before_") || !strings.Contains(done.Drop, done.Old) || done.Safety == "" {
		t.Errorf("%+v", done)
	}
	// The safety set is a set like others, and nobody gets it who does not name it.
	if set := r.sets()[0]; set.ID != done.Safety || set.State != "verified" {
		t.Errorf("the newest set is %s, %s; the safety set %s", set.ID, set.State, done.Safety)
	}
	if again := r.restored("-to="+database+"_again", "-source=ivr"); again.ID == done.Safety {
		t.Error("without an id the safety set was restored")
	}
	sameData(t, "beside", good, dumped(t, c, database+"_again"))
	r.rolledBack()
	if c.SQL(t, "mysql", "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '"+database+"_again'") != "0" {
		t.Error("the database beside is still there after the rollback")
	}
	r.restored("-yes=true", "-source=ivr", "-set="+done.Safety)
	sameData(t, "from the safety set", wrong, dumped(t, c, database))
	if got := objects(t, c, database); got != wrongly {
		t.Errorf("what was defined was\n%s\nand is\n%s", wrongly, got)
	}
	r.rolledBack()
	sameData(t, "after the rollback", good, dumped(t, c, database))
	if got := objects(t, c, database); got != defined {
		t.Errorf("after the rollback, what is defined was\n%s\nand is\n%s", defined, got)
	}
}

func TestRealTwoMariaDBRestoresOfOneSecondKeepBothOldStates(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDBAround(t)
	c.SQL(t, database, "UPDATE calls SET what = 'wrong'")
	wrong := dumped(t, c, database)
	var kept []string
	for range 2 {
		end := r.runWith([]string{nowVariable + "=2026-11-23T20:00:00Z", "IACT_FORMAT=json"}, "backup:restoreDB", "-yes=true", "-source=ivr").ends(0)
		kept = append(kept, parse[backup.RestoredDB](t, end.out).Old)
	}
	if kept[0] == kept[1] {
		t.Fatalf("both old states are in %s", kept[0])
	}
	sameData(t, "the first one", wrong, dumped(t, c, kept[0]))
}

func TestRealMariaDBComesBackWhereATableWasDroppedAndItsViewBroke(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDBAround(t)
	good, defined := dumped(t, c, database), objects(t, c, database)
	c.SQL(t, database, "DROP TABLE child; DROP TABLE calls")
	done := r.restored("-yes=true", "-source=ivr")
	sameData(t, "restored", good, dumped(t, c, database))
	if got := objects(t, c, database); got != defined {
		t.Errorf("what is defined was\n%s\nand is\n%s", defined, got)
	}
	if said := strings.Join(done.Warnings, "\n"); done.Safety != "" || !strings.Contains(said, "no safety set") || !strings.Contains(said, "view `seen`") {
		t.Errorf("it warns:\n%s", said)
	}
	r.rolledBack()
	if left := c.SQL(t, database, "SHOW TABLES"); left != "log" {
		t.Errorf("after the rollback there is %q", left)
	}
}

func TestRealMariaDBComesBackWhenItIsGone(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDBAround(t)
	c.SQL(t, database, "CREATE SEQUENCE s; CREATE TABLE counted (n int DEFAULT nextval(s), x int); INSERT INTO counted (x) VALUES (1)")
	r.good("backup:all")
	good, defined := dumped(t, c, database), objects(t, c, database)
	c.SQL(t, "mysql", "DROP DATABASE "+database)
	done := r.restored("-yes=true", "-source=ivr")
	sameData(t, "restored", good, dumped(t, c, database))
	if got := objects(t, c, database); got != defined || done.Old != "" {
		t.Errorf("what is defined was\n%s\nand is\n%s; old: %s", defined, got, done.Old)
	}
	if left := c.SQL(t, "mysql", "SELECT SCHEMA_NAME, SCHEMA_COMMENT FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '"+database+"%'"); left != database+"\t" {
		t.Errorf("there is %q", left)
	}
	r.rolledBack()
	if left := c.SQL(t, "mysql", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '"+database+"'"); left != "" {
		t.Errorf("after the rollback there is %q", left)
	}
}

func TestRealMariaDBRestoreRefusesWhatCannotWorkAndTouchesNothing(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDBAround(t)
	before, sets := c.SQL(t, "mysql", "SHOW DATABASES LIKE '"+database+"%'"), r.held()
	other := c.CreateDatabase(t)
	r.run("backup:restoreDB", "-source=ivr", "-to="+other).refused(2, "never overwrites", "-to")
	r.run("backup:restoreDB", "-source=ivr").refused(2, "nobody is at a terminal", "-yes=true")
	r.run("backup:restoreDB", "-source=ivr", "-to="+strings.Repeat("x", 65)).refused(2, "64 characters", "shorten")
	// A login that may back up and not restore.
	weak := c.CreateUser(t, "weak")
	c.SQL(t, "mysql", "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO "+weak+"@'%'")
	file := filepath.Join(r.root, "weak")
	must(t, os.WriteFile(file, []byte("weak\n"), 0o600))
	as := func(user, file string) string {
		return strings.Replace(mariadb(c, "ivr", database, "password_file: "+file), "user: "+c.User, "user: "+user, 1)
	}
	r.configure(as(weak, file))
	r.run("backup:restoreDB", "-source=ivr", "-yes=true").refused(4, "lacks INSERT", "GRANT ALL")
	must(t, os.WriteFile(file, []byte("wrong\n"), 0o600))
	r.run("backup:restoreDB", "-source=ivr", "-yes=true").refused(4, "Access denied", "password")
	r.configure(strings.Replace(mariadb(c, "ivr", database), c.Socket, c.Socket+".none", 1))
	r.run("backup:restoreDB", "-source=ivr", "-yes=true").refused(4, "connect", "start the server")
	// Tables of another database point into this one.
	r.configure(mariadb(c, "ivr", database))
	c.SQL(t, other, "CREATE TABLE outside (n int, CONSTRAINT outside_fk FOREIGN KEY (n) REFERENCES "+database+".calls (n))")
	r.run("backup:restoreDB", "-source=ivr", "-yes=true").refused(4, "outside_fk", "drop these keys")
	c.SQL(t, other, "DROP TABLE outside")
	if after := c.SQL(t, "mysql", "SHOW DATABASES LIKE '"+database+"%'"); after != before || !maps.Equal(sets, r.held()) {
		t.Errorf("there was %q, there is %q", before, after)
	}
}
