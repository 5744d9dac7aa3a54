package marialive_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/backup/marialive"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// as is the server for a login of its own, which has no password.
func (m *maria) as(user string) *marialive.Server {
	login := []string{m.login[0], m.login[1], "--user=" + user}
	one := *m.Server
	one.Client = func(program string, args ...string) command.Command {
		return command.Read(program, append(append([]string{}, login...), args...)...)
	}
	return &one
}

// user makes a login that may do all but pass on what it may.
func (m *maria) user(e *marialive.Exchange, suffix string) string {
	m.t.Helper()
	name := e.Live + suffix
	m.sql("CREATE USER " + name + "@localhost")
	m.t.Cleanup(func() { m.sql("DROP USER IF EXISTS " + name + "@localhost") })
	return name
}

// withRights makes a database with rights on single routines.
func (m *maria) withRights() (e *marialive.Exchange, dee, app string) {
	m.t.Helper()
	e = m.names()
	e.Becomes.Charset, e.Becomes.Collation = "utf8mb4", "utf8mb4_general_ci"
	dee, app = m.user(e, "_d"), m.user(e, "_a")
	m.sql("GRANT ALL ON *.* TO " + dee + "@localhost; CREATE DATABASE " + e.Live + "; USE " + e.Live + "; CREATE TABLE t (a int); INSERT INTO t VALUES (1);" +
		"CREATE PROCEDURE p1() SELECT 1; CREATE FUNCTION f1() RETURNS int RETURN 1;\n" +
		"DELIMITER ;;\nSET sql_mode = 'ORACLE';; CREATE PACKAGE pk AS FUNCTION f RETURN int; END;; SET sql_mode = '';;\nDELIMITER ;\n" +
		"GRANT EXECUTE ON PROCEDURE P1 TO " + dee + "@localhost; GRANT ALTER ROUTINE, EXECUTE ON FUNCTION f1 TO " + app + "@localhost WITH GRANT OPTION;" +
		"SET sql_mode = 'ORACLE'; GRANT EXECUTE ON PACKAGE pk TO " + app + "@localhost; GRANT EXECUTE ON PROCEDURE p1 TO PUBLIC")
	return e, dee, app
}

func TestRealMariaDBLoginThatCouldNotGiveRightsAgainIsRefused(t *testing.T) {
	t.Parallel()
	m := newMaria(t)
	e, dee, _ := m.withRights()
	look := func() error {
		_, err := m.as(dee).Look(t.Context(), e.Live, marialive.Need{})
		return err
	}
	err := look()
	if fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "it lacks GRANT OPTION") || !strings.Contains(err.Error(), "`P1`") ||
		!strings.HasSuffix(fault.Hint(err), "GRANT ALL ON *.* TO '"+dee+"'@'localhost' WITH GRANT OPTION") {
		t.Errorf("it says %v (%s)", err, fault.Hint(err))
	}
	pattern := "`" + strings.ReplaceAll(e.Live[:len(e.Live)-1], "_", `\_`) + "%`"
	for where, on := range map[string]string{"everywhere": "*", "on this database": e.Live, "by a pattern": pattern} {
		m.sql("GRANT EXECUTE, ALTER ROUTINE ON " + on + ".* TO " + dee + "@localhost WITH GRANT OPTION")
		if err := look(); err != nil {
			t.Errorf("%s: %v", where, err)
		}
		m.sql("REVOKE GRANT OPTION ON " + on + ".* FROM " + dee + "@localhost")
		if look() == nil {
			t.Errorf("%s: it is not refused when that is taken away", where)
		}
	}
	m.sql("DROP PROCEDURE " + e.Live + ".p1; DROP FUNCTION " + e.Live + ".f1; SET sql_mode = 'ORACLE'; DROP PACKAGE " + e.Live + ".pk")
	if err := look(); err != nil {
		t.Errorf("without such rights: %v", err)
	}
}

// TestRealMariaDBRightsThatCannotBeGivenAgainStopNothing lets a login that was
// not refused in time restore and go back: each comes to its end, tells what to
// type, and what it tells brings the rights back.
func TestRealMariaDBRightsThatCannotBeGivenAgainStopNothing(t *testing.T) {
	t.Parallel()
	m := newMaria(t)
	e, dee, app := m.withRights()
	server := m.as(dee)
	was, dump := m.all(e.Live), m.dump(e.Live)
	step := func(what string, do func(context.Context, *marialive.Exchange) error) {
		t.Helper()
		if err := do(t.Context(), e); err != nil {
			t.Fatalf("%s: %v (%s)", what, err, fault.Hint(err))
		}
	}
	typed := func(what, told string) {
		t.Helper()
		_, statements, found := strings.Cut(told, "Let an administrator type: ")
		if !found || !strings.Contains(told, "ERROR 1370") || strings.Count(told, "GRANT EXECUTE") != 4 || !strings.Contains(told, "WITH GRANT OPTION") {
			t.Fatalf("%s: it tells %q", what, told)
		}
		m.sql(statements)
		if now := m.all(e.Live); now != was {
			t.Errorf("%s:\n%s", what, difference(was, now))
		}
	}
	must(t, server.Load(t.Context(), e, strings.NewReader(dump), 0))
	step("prepare", server.Prepare)
	step("take over", server.TakeOver)
	typed("after the takeover", e.Lost)
	step("check", server.Check)

	// Another run finds it before it was concluded, and finishes it.
	told, err := server.Settle(t.Context(), e.Live, filepath.Dir(e.Dir))
	must(t, err)
	typed("after it was settled", strings.Join(told.Warned, "\n"))

	told, err = server.Back(t.Context(), e)
	must(t, err)
	typed("after it was taken back", strings.Join(told.Warned, "\n"))

	// A login that may brings all of them back by itself, but no user who is gone.
	m.sql("DROP USER " + app + "@localhost")
	told, err = m.Back(t.Context(), e)
	must(t, err)
	if said := strings.Join(told.Warned, "\n"); !strings.Contains(said, "ERROR 1133") || strings.Count(said, "GRANT ") != 3 || strings.Contains(said, "`P1`") {
		t.Errorf("without the user it tells %q", said)
	}
	if m.sql("SELECT COUNT(*) FROM mysql.user WHERE User = '"+app+"'") != "0" {
		t.Error("a user who was dropped is back, without a password")
	}
	if now := m.sql("SELECT COUNT(*) FROM mysql.procs_priv WHERE Db = '" + e.Live + "'"); now != "2" {
		t.Errorf("%s rights are there, want those of %s and PUBLIC", now, dee)
	}
}

// TestRealMariaDBRestoreThatDiedBeforeItsSwapIsTakenBackByAWeakLogin is a run
// that a login without the right began, as a run of an older version did, and
// that another one has to end.
func TestRealMariaDBRestoreThatDiedBeforeItsSwapIsTakenBackByAWeakLogin(t *testing.T) {
	t.Parallel()
	m := newMaria(t)
	e, dee, _ := m.withRights()
	server := m.as(dee)
	must(t, server.Load(t.Context(), e, strings.NewReader(m.dump(e.Live)), 0))
	must(t, server.Prepare(t.Context(), e))
	told, err := server.Settle(t.Context(), e.Live, filepath.Dir(e.Dir))
	if err != nil || len(told.Did) != 1 || len(told.Warned) != 1 {
		t.Fatalf("it says %+v, %v", told, err)
	}
	if left := m.sql("SHOW DATABASES LIKE '" + e.New + "'"); left != "" {
		t.Errorf("%s is left", left)
	}
	if _, err := os.Stat(filepath.Join(e.Dir, "done")); err != nil {
		t.Error(err)
	}
}
