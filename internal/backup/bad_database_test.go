package backup_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// withDatabase is a rig that also backs up a database of its own, and a first
// set of both.
func withDatabase(t *testing.T) (r *rig, c *testbed.Cluster, database string) {
	t.Helper()
	c = testbed.Postgres(t)
	database = c.CreateDatabase(t)
	c.SQL(t, database, "CREATE TABLE calls AS SELECT n, md5(n::text) AS what FROM generate_series(1, 20000) AS n")
	r = newRig(t, postgres(c, "iact", database))
	r.env = []string{"PATH=" + c.Bin + ":" + os.Getenv("PATH")}
	r.good("backup:all")
	return r, c, database
}

// otherSourcesAreSealed makes sure that the newest set holds the files, and
// says which source it lacks.
func (r *rig) otherSourcesAreSealed(lacks string) {
	r.t.Helper()
	set := r.newest()
	if set.State != "incomplete" || source(r.t, set, "config").State != "verified" {
		r.t.Errorf("the set is %+v: want an incomplete one with verified files", set)
	}
	if failed := source(r.t, set, lacks); failed.State != "failed" || failed.Error == "" || failed.Stored != 0 || strings.Contains(failed.Error, "\n") {
		r.t.Errorf("source %s is %+v: want a failed one with its reason", lacks, failed)
	}
	if _, err := os.Stat(filepath.Join(r.store, set.ID, "postgres-"+lacks)); !os.IsNotExist(err) {
		r.t.Errorf("the set holds a directory for a source that failed: %v", err)
	}
}

// role makes a role for the time of the test.
func role(t *testing.T, c *testbed.Cluster, database, options string) string {
	t.Helper()
	name := database + "_role"
	c.SQL(t, "postgres", "CREATE ROLE "+name+" LOGIN "+options)
	t.Cleanup(func() {
		drop := command.Change(c.Program("psql"), "-X", "-q", "-d", database, "-c", "DROP OWNED BY "+name, "-c", "DROP ROLE "+name)
		drop.Env = c.Client()
		must(t, command.NewDoor(command.Local()).Run(context.Background(), drop))
	})
	return name
}

func TestRealADatabaseThatIsDownFailsAloneAndIsExplained(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	before := r.held()
	nowhere := *c
	nowhere.Host = filepath.Join(r.root, "nowhere")
	r.configure(postgres(&nowhere, "iact", database))
	r.run("backup:all").refused(1, "ask PostgreSQL at "+nowhere.Host, "")
	r.untouched(before)
	r.otherSourcesAreSealed("iact")
	r.configure(postgres(c, "iact", database))
	r.good("backup:all")
	r.onlySets(3)
}

func TestRealAMissingDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	r, c, _ := withDatabase(t)
	before := r.held()
	r.configure(postgres(c, "iact", "iact_no_such_database"))
	r.run("backup:all").refused(4, "find database iact_no_such_database at ", "correct the name")
	r.untouched(before)
	r.otherSourcesAreSealed("iact")
}

func TestRealAWrongPasswordIsExplainedAndNeverShown(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	before := r.held()
	user := role(t, c, database, "SUPERUSER PASSWORD 'right-one'")
	tcp := *c
	tcp.Host, tcp.User = "127.0.0.1", user
	file := filepath.Join(r.root, "password")
	must(t, os.WriteFile(file, []byte("wrong-one\n"), 0o600))
	r.configure(postgres(&tcp, "iact", database, "password_file: "+file))
	bad := r.run("backup:all")
	bad.refused(1, "password authentication failed for user", "")
	if strings.Contains(bad.said+bad.out, "wrong-one") {
		t.Errorf("the password is shown:\n%s", bad.said)
	}
	r.untouched(before)
	r.otherSourcesAreSealed("iact")

	must(t, os.WriteFile(file, []byte("right-one\n"), 0o600))
	r.good("backup:all")
	for _, secret := range []string{"right-one", "wrong-one"} {
		r.nowhereInTheJournal(secret)
	}
	must(t, os.Chmod(file, 0o644))
	r.run("backup:all").refused(2, "mode 0644: others can read it", "")
}

// nowhereInTheJournal makes sure that no journal holds a secret.
func (r *rig) nowhereInTheJournal(secret string) {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.root, "checkout/.iact/journal/*.jsonl"))
	must(r.t, err)
	if len(files) == 0 {
		r.t.Fatal("there is no journal")
	}
	for _, file := range files {
		if strings.Contains(read(r.t, file), secret) {
			r.t.Errorf("%s holds the password %s", file, secret)
		}
	}
}

func TestRealOneTableThatMayNotBeReadFailsTheWholeDatabase(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	before := r.held()
	user := role(t, c, database, "")
	c.SQL(t, database, "CREATE TABLE open AS SELECT 1 AS n; GRANT SELECT ON open TO "+user)
	reader := *c
	reader.User = user
	r.configure(postgres(&reader, "iact", database))
	r.run("backup:all").refused(1, "permission denied for table calls", "")
	r.untouched(before)
	r.otherSourcesAreSealed("iact")
	if roles := source(t, r.newest(), "roles"); roles.State != "verified" || len(roles.Notes) != 1 || !strings.Contains(roles.Notes[0], "passwords") {
		t.Errorf("the roles are %+v: want them without passwords, which is noted", roles)
	}
}

func TestRealAnOlderClientIsRefusedBeforeItStarts(t *testing.T) {
	t.Parallel()
	r, c, _ := withDatabase(t)
	before := r.held()
	r.env = []string{"PATH=" + fake(t, "pg_dump (PostgreSQL) 9.6.24", c.Program("pg_dump")) + ":" + c.Bin + ":" + os.Getenv("PATH")}
	r.run("backup:prepare").refused(4, "it is older than the server", "install postgresql-client-")
	r.run("backup:all").refused(4, "dump with pg_dump 9.6.24: it is older than the server", "install postgresql-client-")
	r.untouched(before)
	r.otherSourcesAreSealed("iact")
}

func TestRealANewerClientIsWarnedAbout(t *testing.T) {
	t.Parallel()
	r, c, _ := withDatabase(t)
	r.env = []string{"PATH=" + fake(t, "pg_dump (PostgreSQL) 99.1", c.Program("pg_dump")) + ":" + c.Bin + ":" + os.Getenv("PATH")}
	said := r.good("backup:all").said
	if !strings.Contains(said, "iact: pg_dump 99.1 is newer than the server") {
		t.Errorf("no warning:\n%s", said)
	}
}

func TestRealAMissingClientSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	r, c, _ := withDatabase(t)
	before := r.held()
	bin := t.TempDir()
	for _, tool := range []string{"sh", "psql"} { // what the program needs before it misses pg_dump
		for _, dir := range []string{c.Bin, "/usr/bin", "/bin"} {
			if _, err := os.Stat(filepath.Join(dir, tool)); err == nil {
				must(t, os.Symlink(filepath.Join(dir, tool), filepath.Join(bin, tool)))
				break
			}
		}
	}
	r.env = []string{"PATH=" + bin}
	r.run("backup:all").refused(4, "find program pg_dump: not in PATH", "postgresql-client")
	r.untouched(before)
}

// fake is a directory with a pg_dump that reports another version.
func fake(t *testing.T, version, program string) string {
	t.Helper()
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nif [ \"$1\" = --version ]; then echo '%s'; exit 0; fi\nexec %s \"$@\"\n", version, program)
	must(t, os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o755))
	return dir
}

func TestRealADumpThatIsCutHalfWayIsNeverTakenForAWhole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ end, wayOut string }{
		"because it was killed": {"kill -9 $$", "run the backup again"},
		"because it failed":     {"echo 'pg_dump: error: server closed the connection unexpectedly' >&2; exit 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, server, database := withDatabase(t)
			before := r.held()
			dir := t.TempDir()
			script := "#!/bin/sh\ncase $1 in --version) exec " + server.Program("pg_dump") + " --version;; esac\n" + server.Program("pg_dump") + " \"$@\" | head -c 300000; " + c.end + "\n"
			must(t, os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o755))
			path := r.env
			r.env = []string{"PATH=" + dir + ":" + server.Bin + ":" + os.Getenv("PATH")}
			r.run("backup:all").refused(1, "back up iact: dump database "+database+": pg_dump: ", c.wayOut)
			r.untouched(before)
			r.otherSourcesAreSealed("iact")
			r.env = path
			r.good("backup:all")
		})
	}
}

func TestRealAServerThatEndsTheDumpFailsIt(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	before := r.held()
	// A session holds a table until the dump, which waits for it, was found
	// and ended.
	c.SQL(t, database, "CREATE TABLE held (n int)")
	done := make(chan ended, 1)
	go func() {
		locked := "SELECT count(*) FROM pg_locks WHERE relation = 'held'::regclass AND mode = 'AccessExclusiveLock' AND granted"
		for c.SQL(t, database, locked) == "0" {
			time.Sleep(5 * time.Millisecond)
		}
		done <- r.run("backup:all")
	}()
	c.SQL(t, database, `BEGIN;
LOCK TABLE held IN ACCESS EXCLUSIVE MODE;
DO $$
BEGIN
	FOR i IN 1..3000 LOOP
		PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'pg_dump' AND wait_event_type = 'Lock';
		EXIT WHEN FOUND;
		PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
	END LOOP;
END $$;
COMMIT`)
	(<-done).refused(1, "back up iact: dump database "+database, "")
	r.untouched(before)
	r.otherSourcesAreSealed("iact")
}

func TestRealADumpThatEndsEarlyAndSaysAllIsWellIsFoundByVerify(t *testing.T) {
	t.Parallel()
	r, c, _ := withDatabase(t)
	before := r.held()
	dir := t.TempDir()
	script := "#!/bin/sh\ncase $1 in --version) exec " + c.Program("pg_dump") + " --version;; esac\n" + c.Program("pg_dump") + " \"$@\" | head -c 300000\n"
	must(t, os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o755))
	r.env = []string{"PATH=" + dir + ":" + c.Bin + ":" + os.Getenv("PATH")}
	r.run("backup:all").refused(3, "not a complete dump: pg_restore: ", "still good in this set: config, roles")
	r.untouched(before)
	if set := r.newest(); set.State != "damaged" || source(t, set, "iact").State != "damaged" || source(t, set, "config").State != "verified" {
		t.Errorf("the set is %+v: want its dump damaged and the rest verified", set)
	}
}
