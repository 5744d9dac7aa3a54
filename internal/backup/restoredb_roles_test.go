package backup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/backup"
)

func TestRealMissingRolesComeFromTheSetWhenTheyAreAskedFor(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	elsewhere := other(t)
	owner := role(t, c, database, "PASSWORD 'keep-me' CONNECTION LIMIT 7 VALID UNTIL '2031-01-01'")
	c.SQL(t, database, "ALTER TABLE calls OWNER TO "+owner+"; GRANT pg_monitor TO "+owner+"; ALTER ROLE "+owner+" SET work_mem TO '3MB'; COMMENT ON ROLE "+owner+" IS 'it''s mine'")
	r.good("backup:all")
	secret := c.SQL(t, "postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = '"+owner+"'")
	r.configure(postgres(elsewhere, "iact", database))

	r.run("backup:restoreDB", "-yes=true").refused(4, "it lacks roles "+owner+", which the dump needs", "-globals=missing creates")
	r.run("backup:restoreDB", "-yes=true", "-globals=none").refused(4, "it lacks roles "+owner+", which the dump needs", "-globals=missing creates")
	end := r.runWith([]string{"IACT_FORMAT=json"}, "backup:restoreDB", "-yes=true", "-globals=missing").ends(0)
	if done := parse[backup.RestoredDB](t, end.out); len(done.Roles) == 0 {
		t.Errorf("it says %+v", done)
	}
	if strings.Contains(end.said+end.out, "SCRAM") || !strings.Contains(end.said, "PASSWORD '***'") {
		t.Errorf("it says\n%s", end.said)
	}
	r.nowhereInTheJournal(secret)
	r.nowhereInTheJournal("SCRAM")
	about := `SELECT rolpassword, rolconnlimit, rolvaliduntil, rolconfig, shobj_description(r.oid, 'pg_authid'), pg_has_role(r.oid, 'pg_monitor', 'MEMBER')
 FROM pg_authid a JOIN pg_roles r USING (oid, rolname, rolconnlimit, rolvaliduntil) WHERE a.rolname = '` + owner + `'`
	about = strings.Replace(about, "SELECT rolpassword", "SELECT a.rolpassword", 1)
	if was, is := c.SQL(t, "postgres", about), elsewhere.SQL(t, "postgres", about); was != is || is == "" {
		t.Errorf("the role was %s, is %s", was, is)
	}
	if was, is := content(t, c, database), content(t, elsewhere, database); was != is {
		t.Error("the restored database differs")
	}
	// What is used by a database that stays does not go with the run.
	end = r.good("procedure:rollback", "-run="+r.lastRun())
	if !strings.Contains(end.said, "role "+owner+" stays, it is in use") {
		t.Errorf("the rollback says\n%s", end.said)
	}
}

func TestWholeRolesThatWereCreatedGoWithTheRestoreThatFails(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	elsewhere := other(t)
	owner := role(t, c, database, "")
	c.SQL(t, database, "ALTER TABLE calls OWNER TO "+owner)
	r.good("backup:all")
	r.configure(postgres(elsewhere, "iact", database))
	dir := t.TempDir()
	script := "#!/bin/sh\ncase \"$*\" in *_restoring_*) exit 1;; esac\nexec " + c.Program("pg_dump") + " \"$@\"\n"
	must(t, os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o755))
	r.env = []string{"PATH=" + dir + ":" + c.Bin + ":" + os.Getenv("PATH")}
	end := r.run("backup:restoreDB", "-yes=true", "-globals=missing").ends(1)
	if !strings.Contains(end.said, "restore iact: read the restored database back: pg_dump: exit 1") {
		t.Errorf("it says\n%s", end.said)
	}
	if have := elsewhere.SQL(t, "postgres", "SELECT rolname FROM pg_roles WHERE rolname = '"+owner+"' UNION SELECT datname FROM pg_database WHERE starts_with(datname, '"+database+"')"); have != "" {
		t.Errorf("%s is left over", have)
	}
}

func TestWholeTheTerminalMayAskForTheMissingRoles(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	elsewhere := other(t)
	owner := role(t, c, database, "")
	c.SQL(t, database, "ALTER TABLE calls OWNER TO "+owner)
	r.good("backup:all")
	r.configure(postgres(elsewhere, "iact", database))
	r.runWith([]string{answersVariable + "=n\n"}, "backup:restoreDB").refused(4, "it lacks roles "+owner, "-globals=missing")
	r.runWith([]string{answersVariable + "=y\nn\n"}, "backup:restoreDB").ends(1)
	if elsewhere.SQL(t, "postgres", "SELECT count(*) FROM pg_roles WHERE rolname = '"+owner+"'") != "0" {
		t.Error("a role was created for a restore that was not confirmed")
	}
	r.runWith([]string{answersVariable + "=y\nyes\n"}, "backup:restoreDB").ends(0)
}
