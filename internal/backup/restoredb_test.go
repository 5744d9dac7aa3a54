package backup_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"iact-infra/internal/backup"
	"iact-infra/internal/testbed"
)

// restored is backup:restoreDB with its result.
func (r *rig) restored(args ...string) backup.RestoredDB {
	r.t.Helper()
	end := r.runWith([]string{"IACT_FORMAT=json"}, append([]string{"backup:restoreDB"}, args...)...).ends(0)
	return parse[backup.RestoredDB](r.t, end.out)
}

// family are a database and all that restores have put beside it, by name,
// each with its number.
func family(t *testing.T, c *testbed.Cluster, database string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(c.SQL(t, "postgres", "SELECT datname, oid FROM pg_database WHERE starts_with(datname, '"+database+"')")) {
		name, number, _ := strings.Cut(strings.TrimSpace(line), "|")
		all[name] = number
	}
	return all
}

// dropFamily drops them when the test ends.
func dropFamily(t *testing.T, c *testbed.Cluster, database string) {
	t.Helper()
	t.Cleanup(func() {
		for name := range family(t, c, database) {
			c.SQL(t, "postgres", "DROP DATABASE "+name+" WITH (FORCE)")
		}
	})
}

// only makes sure of the names that are there.
func only(t *testing.T, c *testbed.Cluster, database string, want ...string) {
	t.Helper()
	have := family(t, c, database)
	for _, name := range want {
		if have[name] == "" {
			t.Errorf("database %s is not there, but %v", name, have)
		}
		delete(have, name)
	}
	if len(have) > 0 {
		t.Errorf("databases %v are left over", have)
	}
}

func TestRealADatabaseIsBroughtBackAndTheOldStateIsKept(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	owner := database + "_owner"
	c.SQL(t, "postgres", "CREATE ROLE "+owner)
	t.Cleanup(func() { c.SQL(t, "postgres", "DROP ROLE "+owner) })
	dropFamily(t, c, database)
	c.SQL(t, database, oddities+"GRANT SELECT ON noise TO "+owner)
	c.SQL(t, "postgres", fmt.Sprintf(`ALTER DATABASE %[1]s OWNER TO %[2]s; REVOKE ALL ON DATABASE %[1]s FROM PUBLIC; GRANT CONNECT ON DATABASE %[1]s TO pg_monitor WITH GRANT OPTION;
ALTER DATABASE %[1]s SET search_path TO "$user", 'Odd, one', ''; ALTER DATABASE %[1]s SET timezone TO 'America/Mexico_City'; ALTER DATABASE %[1]s CONNECTION LIMIT 17;
ALTER DATABASE %[1]s SET bytea_output TO 'escape'; ALTER ROLE %[2]s IN DATABASE %[1]s SET work_mem TO '9MB'; COMMENT ON DATABASE %[1]s IS 'it''s \ ours'`, database, owner))
	about := fmt.Sprintf(`SELECT pg_get_userbyid(datdba), datacl, datconnlimit, encoding, datcollate, shobj_description(oid, 'pg_database'),
 (SELECT json_agg(json_build_object('r', setrole, 's', setconfig) ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = '%s'`, database)
	before, was := content(t, c, database), c.SQL(t, "postgres", about)
	r.good("backup:all")
	c.SQL(t, database, "DROP TABLE public.noise CASCADE; UPDATE public.calls SET what = 'wrong'")
	wrong := content(t, c, database)

	done := r.restored("-yes=true")
	only(t, c, database, database, done.Old)
	if is := content(t, c, database); is != before {
		t.Errorf("the restored database differs: %d bytes of SQL became %d", len(before), len(is))
	}
	if is := c.SQL(t, "postgres", about); is != was {
		t.Errorf("about the database it said\n%s\nand says\n%s", was, is)
	}
	if is := content(t, c, done.Old); is != wrong {
		t.Errorf("the old database is not what it was: %d bytes of SQL became %d", len(wrong), len(is))
	}
	if !strings.HasPrefix(done.Old, database+"_before_2") || done.Database != database || done.Compared.Tables != 6 || done.Compared.Rows < 85000 || len(done.Warnings) > 0 {
		t.Errorf("it says %+v", done)
	}
	for _, phase := range []string{"verify_seconds", "load_seconds", "compare_seconds", "swap_seconds"} {
		if done.Phases[phase] <= 0 {
			t.Errorf("no time of %s: %v", phase, done.Phases)
		}
	}
	shell(t, c, "", done.Back)
	if is := content(t, c, database); is != wrong {
		t.Error("the command that goes back does not")
	}
	done = r.restored("-yes=true")
	shell(t, c, "", done.Drop)
	if now := family(t, c, database); now[done.Old] != "" || now[database] == "" {
		t.Errorf("after the command that drops the old database there are %v", now)
	}
}

func TestRealADroppedDatabaseComesBack(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	before := content(t, c, database)
	c.SQL(t, "postgres", "DROP DATABASE "+database)
	r.run("backup:restoreDB").refused(2, "would take the live name, and nobody is at a terminal", "-yes=true")
	if done := r.restored("-yes=true"); done.Old != "" || done.Back != "" {
		t.Errorf("it says %+v: want nothing about an old database", done)
	}
	if is := content(t, c, database); is != before {
		t.Error("the restored database differs")
	}
	only(t, c, database, database)
	r.good("procedure:rollback", "-run="+r.lastRun())
	if have := family(t, c, database); have[database] != "" || len(have) != 1 {
		t.Errorf("after the rollback there are %v: want the restored one under another name", have)
	}
}

// lastRun is the id of the newest run that wrote a journal.
func (r *rig) lastRun() string {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.root, "checkout/.iact/journal/*.jsonl"))
	must(r.t, err)
	newest, at := "", int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		must(r.t, err)
		if info.ModTime().UnixNano() > at {
			newest, at = strings.TrimSuffix(filepath.Base(file), ".jsonl"), info.ModTime().UnixNano()
		}
	}
	return newest
}

func TestRealADatabaseIsRestoredBesideTheLiveOne(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	before, number := content(t, c, database), family(t, c, database)[database]
	beside := database + "_beside_" + strings.Repeat("x", 63-len(database)-len("_beside_"))
	if done := r.restored("-to=" + beside); done.Database != beside || done.Old != "" {
		t.Errorf("it says %+v", done)
	}
	only(t, c, database, database, beside)
	if is := content(t, c, beside); is != before || family(t, c, database)[database] != number {
		t.Error("the restored database differs, or the live one was touched")
	}
	r.run("backup:restoreDB", "-to="+beside).refused(2, "database "+beside+" is there already", "let -to name a new database")
	r.run("backup:restoreDB", "-to="+database).refused(2, "database "+database+" is there already", "let -to name a new database")
	r.run("backup:restoreDB", "-to="+beside+"y").refused(2, "a name has at most 63 bytes", "shorten it")
	only(t, c, database, database, beside)
}

func TestWholeThePersonAtTheTerminalIsAsked(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	number := family(t, c, database)[database]
	for _, answer := range []string{"", "\n", "n\n", "quit\n"} {
		end := r.runWith([]string{answersVariable + "=" + answer}, "backup:restoreDB").ends(1)
		if !strings.Contains(end.said, "database "+database+" at ") || !strings.Contains(end.said, "0 sessions are ended, and what is there now stays as "+database+"_before_") {
			t.Errorf("the question does not say what a yes means:\n%s", end.said)
		}
		if now := family(t, c, database); now[database] != number || len(now) != 1 {
			t.Errorf("after the answer %q there are %v", answer, now)
		}
	}
	if said := r.runWith([]string{answersVariable + "=y\n"}, "backup:restoreDB").ends(0).out; !strings.Contains(said, "what was there is kept as "+database+"_before_") {
		t.Errorf("it prints\n%s", said)
	}
	if family(t, c, database)[database] == number {
		t.Error("nothing was restored")
	}
}

func TestRealARestoreThatDiffersFromItsDumpChangesNothing(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	number := family(t, c, database)[database]
	// Somebody writes into the new database before it is read back.
	dir := t.TempDir()
	script := "#!/bin/sh\ncase \"$*\" in *_restoring_*) " + c.Program("psql") + " -q -h " + c.Host + " -p " + fmt.Sprint(c.Port) + " -U " + c.User +
		" -d $(echo \"$*\" | grep -o '[a-z0-9_]*_restoring_[0-9]*') -c \"UPDATE calls SET what = 'other' WHERE n = 77; CREATE TABLE more AS SELECT 1 AS n\";; esac\nexec " + c.Program("pg_dump") + " \"$@\"\n"
	must(t, os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o755))
	path := r.env
	r.env = []string{"PATH=" + dir + ":" + c.Bin + ":" + os.Getenv("PATH")}
	r.run("backup:restoreDB", "-yes=true").refused(3, "what was loaded is not what the dump holds: public.calls has ", "the new database is dropped")
	if now := family(t, c, database); now[database] != number || len(now) != 1 {
		t.Errorf("there are %v", now)
	}
	r.env = path
	r.restored("-yes=true")
}

func TestRealARestoreKeepsOthersAwayFromTheStore(t *testing.T) {
	t.Parallel()
	r, _, _ := withDatabase(t)
	lock, err := os.OpenFile(filepath.Join(r.store, ".lock"), os.O_RDWR, 0)
	must(t, err)
	defer lock.Close()
	must(t, flock(lock))
	r.run("backup:restoreDB", "-yes=true").refused(11, "another run", "wait")
}

func TestRealThePlanOfARestoreChangesNothing(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	before := family(t, c, database)
	plan := r.runWith([]string{"IACT_PLAN=1"}, "backup:restoreDB").ends(0).out
	for _, line := range []string{"CREATE DATABASE " + database + "_restoring_", "zstd -dc | pg_restore -w ", "ALTER DATABASE " + database + " RENAME TO " + database + "_before_"} {
		if !strings.Contains(plan, line) {
			t.Errorf("the plan lacks %q:\n%s", line, plan)
		}
	}
	if now := family(t, c, database); len(now) != len(before) || now[database] != before[database] {
		t.Errorf("there are %v", now)
	}
	var document struct{ Steps []struct{ Commands []string } }
	must(t, json.Unmarshal([]byte(r.runWith([]string{"IACT_PLAN=1", "IACT_FORMAT=json"}, "backup:restoreDB").ends(0).out), &document))
}

func TestWholeADumpOfSeveralLargeTablesIsLoadedBySeveralSessions(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	c.SQL(t, database, `CREATE TABLE a AS SELECT n, repeat(md5(n::text), 300) AS t FROM generate_series(1, 4200) AS n; CREATE INDEX ON a (n);
CREATE TABLE b AS SELECT n, repeat(md5((-n)::text), 300) AS t FROM generate_series(1, 4200) AS n`)
	r.good("backup:all")
	end := r.good("backup:restoreDB", "-yes=true")
	if runtime.GOMAXPROCS(0) > 1 && !strings.Contains(end.said, " sessions load it") {
		t.Errorf("one session loaded it:\n%s", end.said)
	}
	if !strings.Contains(end.said, "as in the dump") {
		t.Errorf("it says\n%s", end.said)
	}
	names, err := filepath.Glob(filepath.Join(r.store, "[!.]*"))
	if err != nil || len(names) != 2 {
		t.Errorf("the store holds %q (%v), want its two sets", names, err)
	}
}
