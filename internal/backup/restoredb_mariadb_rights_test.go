package backup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWholeMariaDBLoginThatMayNotPassRightsOnIsRefusedAndNeverStuck walks the way
// of a login that has the rights that the hint of another refusal names.
func TestWholeMariaDBLoginThatMayNotPassRightsOnIsRefusedAndNeverStuck(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDBAround(t)
	dee := c.CreateUser(t, "secret")
	who := dee + "@'%'"
	c.SQL(t, "mysql", "GRANT ALL ON *.* TO "+who+"; GRANT EXECUTE ON PROCEDURE "+database+".P TO "+who)
	file := filepath.Join(r.root, "password")
	must(t, os.WriteFile(file, []byte("secret\n"), 0o600))
	r.configure(strings.Replace(mariadb(c, "ivr", database, "password_file: "+file), "user: "+c.User, "user: "+dee, 1))
	r.good("backup:all")
	good := dumped(t, c, database)
	c.SQL(t, database, "UPDATE calls SET what = 'wrong'")
	wrong := dumped(t, c, database)
	right := func(when, want string) {
		t.Helper()
		if got := c.SQL(t, "mysql", "SELECT Routine_name, Proc_priv FROM mysql.procs_priv WHERE User = '"+dee+"'"); got != want {
			t.Errorf("%s, the right on the routine is %q, want %q", when, got, want)
		}
	}
	const has = "P\tExecute"

	sets := r.held()
	r.run("backup:restoreDB", "-source=ivr", "-yes=true").refused(4, "it lacks GRANT OPTION", "WITH GRANT OPTION")
	sameData(t, "after the refusal", wrong, dumped(t, c, database))
	if names := c.SQL(t, "mysql", "SHOW DATABASES LIKE '"+database+"\\_%'"); names != "" || len(r.held()) != len(sets) {
		t.Errorf("the refused restore left %q", names)
	}

	// With what the hint says it goes, and the right survives both ways.
	c.SQL(t, "mysql", "GRANT ALL ON *.* TO "+who+" WITH GRANT OPTION")
	r.restored("-yes=true", "-source=ivr")
	sameData(t, "restored", good, dumped(t, c, database))
	right("after the restore", has)
	r.rolledBack()
	sameData(t, "rolled back", wrong, dumped(t, c, database))
	right("after the rollback", has)

	// It is taken away between the restore and the rollback.
	r.restored("-yes=true", "-source=ivr")
	c.SQL(t, "mysql", "REVOKE GRANT OPTION ON *.* FROM "+who)
	back := r.run("procedure:rollback", "-run="+r.lastRun())
	back.ends(0)
	statement := "GRANT EXECUTE ON PROCEDURE `" + database + "`.`P` TO '" + dee + "'@'%';"
	if !strings.Contains(back.said, "ERROR 1370") || !strings.Contains(back.said, statement) {
		t.Errorf("the rollback does not tell what to type:\n%s", back.said)
	}
	sameData(t, "rolled back without the right", wrong, dumped(t, c, database))
	right("after the rollback without the right", "")
	c.SQL(t, "mysql", statement)
	right("after what it told was typed", has)
	if left := c.SQL(t, "mysql", "SHOW DATABASES LIKE '"+database+"\\_restoring%'"); left != "" {
		t.Errorf("%s is left", left)
	}
}
