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
	"iact-infra/internal/backup/manifest"
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

func TestRealThePersonAtTheTerminalIsAsked(t *testing.T) {
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

// forge changes what the manifest of a set says.
func (r *rig) forge(id string, change func(*manifest.Manifest)) {
	r.t.Helper()
	replace(r.t, filepath.Join(r.store, id, "manifest.json"), func(data []byte) []byte {
		m, err := manifest.Decode(data)
		must(r.t, err)
		change(m)
		data, err = manifest.Encode(m)
		must(r.t, err)
		return data
	})
}

func TestRealWhatCannotBeRestoredIsRefusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	detail := func(key, value string) func(*manifest.Manifest) {
		return func(m *manifest.Manifest) {
			held, _ := m.Source("iact")
			held.Detail[key] = value
		}
	}
	for name, bad := range map[string]struct {
		change       func(*manifest.Manifest)
		code         int
		what, wayOut string
	}{
		"newer server":   {detail("server_version", "99.1"), 4, "the dump is of a newer server (99.1)", "version 99 or newer"},
		"newer pg_dump":  {detail("dump_version", "99.1"), 4, "the dump is of a newer pg_dump (99.1)", "postgresql-client-99"},
		"encoding":       {detail("encoding", "KLINGON"), 4, "it lacks the encoding KLINGON of the dump", "knows it"},
		"locale":         {detail("collate", "tlh_KX.UTF-8"), 4, "it lacks the locale tlh_KX.UTF-8 of the dump", "locale-gen tlh_KX.UTF-8"},
		"builtin locale": {detail("provider", "b"), 4, "it lacks the builtin locales of version 17", "17 or newer"},
		"space":          {detail("database_size", "1152921504606846976"), 4, "1.0 EiB are needed", "free space there"},
		"owner":          {detail("owner", "iact_nobody"), 4, "it lacks roles iact_nobody, which the dump needs", "CREATE ROLE"},
		"grantee":        {detail("acl", `{=Tc/postgres,"\"iact no\"\"body\"=c/postgres"}`), 4, `it lacks roles iact no"body, which`, "CREATE ROLE"},
		"setting's role": {detail("settings", `[{"role":"iact_nobody","settings":["work_mem=1MB"]}]`), 4, "it lacks roles iact_nobody", "CREATE ROLE"},
		"tablespace":     {detail("tablespace", "iact_nowhere"), 4, "it lacks tablespaces iact_nowhere", "CREATE"},
		"unknown kind":   {func(m *manifest.Manifest) { m.Sources[indexOf(m, "iact")].Kind = "oracle" }, 2, "a source of kind oracle", "backup:restore -source=iact"},
		"several sources": {func(m *manifest.Manifest) {
			m.Sources = append(m.Sources, manifest.Source{Name: "more", Kind: "postgres", State: manifest.Written})
		}, 2, "several databases: iact, more", "-source=NAME"},
	} {
		t.Run(name, func(t *testing.T) {
			fresh := r.again(t, c, database)
			fresh.forge(fresh.newest().ID, bad.change)
			fresh.run("backup:restoreDB", "-yes=true").refused(bad.code, bad.what, bad.wayOut)
			only(t, c, database, database)
		})
	}
	r.run("backup:restoreDB", "-source=iakt", "-yes=true").refused(2, "has no such source", "did you mean iact?")
	r.run("backup:restoreDB", "-source=config", "-yes=true").refused(2, "a source of kind files", "backup:restore -source=config")
	r.run("backup:restoreDB", "-set=2001", "-yes=true").refused(2, "there is no such set", "backup:list")
	r.run("backup:restoreDB", "-globals=all", "-yes=true").refused(2, "-globals=all is neither missing nor none", "-globals=missing")
	only(t, c, database, database)
}

func indexOf(m *manifest.Manifest, name string) int {
	for i := range m.Sources {
		if m.Sources[i].Name == name {
			return i
		}
	}
	return -1
}

// again is a rig over a copy of the store.
func (r *rig) again(t *testing.T, c *testbed.Cluster, database string) *rig {
	t.Helper()
	fresh, _ := r.copy(t)
	fresh.env = r.env
	fresh.configure(postgres(c, "iact", database))
	return fresh
}

func TestRealADamagedSetIsNotRestored(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	id := r.newest().ID
	part := filepath.Join(r.store, id, "postgres-iact", "00000001.zst")
	whole := read(t, part)
	replace(t, part, flip)
	r.run("backup:restoreDB", "-yes=true").refused(3, "set "+id+" is damaged: part postgres-iact/00000001.zst: its bytes are not what was written", "take another set")
	only(t, c, database, database)
	replace(t, part, func([]byte) []byte { return []byte(whole) })
	must(t, os.Remove(filepath.Join(r.store, id, "postgres-iact", "parts.jsonl")))
	r.run("backup:restoreDB", "-yes=true").refused(3, "set "+id+" is damaged: not a complete dump: read list of parts", "take another set")
	only(t, c, database, database)
}

func TestRealAServerThatIsDownIsExplained(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	nowhere := *c
	nowhere.Host = filepath.Join(r.root, "nowhere")
	r.configure(postgres(&nowhere, "iact", database))
	r.run("backup:restoreDB", "-yes=true").refused(1, "ask PostgreSQL at "+nowhere.Host, "")
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

func TestRealRolesThatWereCreatedGoWithTheRestoreThatFails(t *testing.T) {
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

func TestRealTheTerminalMayAskForTheMissingRoles(t *testing.T) {
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

func TestRealSlowADumpOfSeveralLargeTablesIsLoadedBySeveralSessions(t *testing.T) {
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
