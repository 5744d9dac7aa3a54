package backup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// lacksMariaDB makes sure that the newest set holds the files, and says why it
// lacks the source ivr.
func (r *rig) lacksMariaDB() {
	r.t.Helper()
	set := r.newest()
	if failed := source(r.t, set, "ivr"); failed.State != "failed" || failed.Error == "" || failed.Stored != 0 || strings.Contains(failed.Error, "\n") {
		r.t.Errorf("source ivr is %+v: want a failed one with its reason", failed)
	}
	if set.State != "incomplete" || source(r.t, set, "config").State != "verified" {
		r.t.Errorf("the set is %+v: want an incomplete one with verified files", set)
	}
	if _, err := os.Stat(filepath.Join(r.store, set.ID, "mariadb-ivr")); !os.IsNotExist(err) {
		r.t.Errorf("the set holds a directory for a source that failed: %v", err)
	}
}

// wrapped puts a script named mariadb-dump first in PATH.
func (r *rig) wrapped(script string) {
	r.t.Helper()
	dir := r.t.TempDir()
	must(r.t, os.WriteFile(filepath.Join(dir, "mariadb-dump"), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	r.env = append(r.env, "PATH="+dir+":"+os.Getenv("PATH"))
}

// dumpPath is the real program.
func dumpPath(t *testing.T) string {
	t.Helper()
	path, err := command.NewDoor(command.Local()).Look(t.Context(), "mariadb-dump")
	must(t, err)
	return path
}

func TestRealAMariaDBServerThatIsDownFailsAloneAndIsExplained(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDB(t)
	before := r.held()
	nowhere := *c
	nowhere.Socket = filepath.Join(r.root, "nowhere")
	r.configure(mariadb(&nowhere, "ivr", database))
	r.run("backup:all").refused(1, "ask MariaDB at "+nowhere.Socket+": mariadb: exit 1: ERROR 2002", "start the server (systemctl start mariadb)")
	r.untouched(before)
	r.lacksMariaDB()
	r.configure("{name: ivr, kind: mariadb, host: 127.0.0.1, port: 1}")
	r.run("backup:prepare").refused(1, "ask MariaDB at 127.0.0.1:1", "correct socket, host and port of the source")
	r.configure(mariadb(c, "ivr", database))
	r.good("backup:all")
	r.onlySets(3)
}

func TestRealAMissingMariaDBDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	r, c, _ := withMariaDB(t)
	r.configure(mariadb(c, "ivr", "no such database"))
	r.run("backup:all").refused(4, "find database no such database at "+c.Socket+": there is none", "correct the name")
	r.lacksMariaDB()
}

func TestRealAMissingMariaDBClientSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	r, _, _ := withMariaDB(t)
	bin := t.TempDir()
	for _, tool := range []string{"sh", "mariadb"} {
		r.env = append(r.env, "PATH="+bin)
		missing := map[string]string{"sh": "mariadb", "mariadb": "mariadb-dump"}[tool]
		path, err := command.NewDoor(command.Local()).Look(t.Context(), tool)
		must(t, err)
		must(t, os.Symlink(path, filepath.Join(bin, tool)))
		r.run("backup:prepare").refused(4, "find program "+missing+": not in PATH", "apt-get install mariadb-client")
	}
}

func TestRealAnOlderMariaDBClientIsWarnedAbout(t *testing.T) {
	t.Parallel()
	r, _, _ := withMariaDB(t)
	r.wrapped(`if [ "$1" = --version ]; then echo "mariadb-dump  Ver 10.19 Distrib 10.5.4-MariaDB, for x"; else exec ` + dumpPath(t) + ` "$@"; fi`)
	if said := r.good("backup:all").said; !strings.Contains(said, "ivr: mariadb-dump 10.5.4 is not of the server's release") {
		t.Errorf("no warning:\n%s", said)
	}
}

// TestRealARightThatALoginLacksIsNamedWithTheGrant: without TRIGGER a dump lacks
// the triggers, and says nothing.
func TestRealARightThatALoginLacksIsNamedWithTheGrant(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDB(t)
	file := filepath.Join(r.root, "password")
	must(t, os.WriteFile(file, []byte("secret-of-low\n"), 0o600))
	low := *c
	low.User = c.CreateUser(t, "secret-of-low")
	c.SQL(t, database, "CREATE VIEW v AS SELECT 1 AS n; CREATE TRIGGER tr BEFORE INSERT ON calls FOR EACH ROW SET NEW.n = NEW.n; GRANT SELECT ON "+database+".* TO "+low.User+"@'%'")
	r.configure(mariadb(&low, "ivr", database, "password_file: "+file, "lock: true"))
	bad := r.run("backup:all")
	grant := "GRANT TRIGGER, EVENT, SHOW VIEW, LOCK TABLES ON `" + database + "`.* TO `" + low.User + "`@`%`"
	bad.refused(1, "the login "+low.User+"@% lacks TRIGGER, EVENT, SHOW VIEW, LOCK TABLES", grant)
	r.lacksMariaDB()
	c.SQL(t, database, grant)
	r.good("backup:all")
	one := source(t, r.newest(), "ivr")
	if notes := strings.Join(one.Notes, "\n"); !strings.Contains(notes, "procedures and functions of others are not seen by the login "+low.User) {
		t.Errorf("the notes are %q: want that routines may be missing", notes)
	}
	c.SQL(t, database, "CREATE PROCEDURE p() SELECT 1; GRANT EXECUTE ON "+database+".* TO "+low.User+"@'%'")
	r.run("backup:all").refused(1, "insufficient privileges to SHOW CREATE PROCEDURE", "SELECT ON mysql.proc")
	c.SQL(t, database, "GRANT SELECT ON mysql.proc TO "+low.User+"@'%'")
	r.good("backup:all")
	to := filepath.Join(r.root, "dump.sql")
	r.good("backup:restore", "-source=ivr", "-to="+to)
	for _, want := range []string{"TRIGGER tr", "PROCEDURE `p`", "VIEW `v`", "-- Dump completed"} {
		if !strings.Contains(read(t, to), want) {
			t.Errorf("the dump lacks %s", want)
		}
	}
}

// TestRealATableThatIsCrashedIsNamedWithTheRepair, which then repairs it.
func TestRealATableThatIsCrashedIsNamedWithTheRepair(t *testing.T) {
	t.Parallel()
	c := testbed.OwnMariaDB(t)
	c.SQL(t, "mysql", "CREATE DATABASE crashed")
	c.SQL(t, "crashed", "CREATE TABLE m (a int PRIMARY KEY, b varchar(100)) ENGINE=MyISAM; INSERT INTO m SELECT seq, md5(seq) FROM seq_1_to_5000; FLUSH TABLES")
	data := filepath.Join(c.Data, "crashed", "m.MYD")
	f, err := os.OpenFile(data, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt(make([]byte, 3000), 1000)
	must(t, err)
	must(t, f.Close())
	c.SQL(t, "crashed", "CHECK TABLE m")
	r := newRig(t, mariadb(c, "ivr", "crashed"))
	r.env = []string{"HOME=" + r.root}
	r.run("backup:all").refused(1, "read table crashed.m: ", "REPAIR TABLE `crashed`.`m`")
	r.lacksMariaDB()
	c.SQL(t, "crashed", "REPAIR TABLE `crashed`.`m`")
	r.good("backup:all")
}

func TestRealADefinerThatIsGoneIsNamedWithTheUserToCreate(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDB(t)
	user := c.CreateUser(t, "x")
	c.SQL(t, database, "CREATE DEFINER = "+user+"@'%' VIEW mine AS SELECT * FROM calls; DROP USER "+user+"@'%'")
	r.good("backup:all") // the rows are all there
	want := "view mine: the definer " + user + "@% is no user of this server"
	if notes := strings.Join(source(t, r.newest(), "ivr").Notes, "\n"); !strings.Contains(notes, want) {
		t.Errorf("the notes are %q, want %q", notes, want)
	}
	r.configure(mariadb(c, "ivr", database, "lock: true"))
	create := "CREATE USER `" + user + "`@`%` ACCOUNT LOCK"
	r.run("backup:all").refused(1, "its definer "+user+"@% is no user of this server", create)
	r.lacksMariaDB()
	c.SQL(t, database, create)
	c.SQL(t, database, "GRANT SELECT ON "+database+".* TO "+user+"@'%'")
	r.good("backup:all")
}

func TestRealAViewThatIsBrokenIsNamed(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDB(t)
	c.SQL(t, database, "CREATE TABLE gone (n int); CREATE VIEW v AS SELECT * FROM gone; DROP TABLE gone")
	r.run("backup:all").refused(1, "references invalid table(s)", "SHOW CREATE VIEW")
	r.lacksMariaDB()
}

func TestRealAMariaDBDumpThatIsCutHalfWayIsNeverTakenForAWhole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ end, what, wayOut string }{
		"because it was killed":   {"kill -9 $$", "mariadb-dump: ended by SIGKILL", "run the backup again"},
		"because it failed":       {"echo 'mariadb-dump: Error 2013: Lost connection to server during query when dumping table `calls` at row: 9' >&2; exit 3", "mariadb-dump: exit 3: Error 2013: Lost connection", "see its log"},
		"and it says all is well": {"exit 0", `mariadb-dump ended without "-- Dump completed"`, "run the backup again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, database := withMariaDB(t)
			before := r.held()
			env := r.env
			r.wrapped("case $1 in --version) exec " + dumpPath(t) + " --version;; esac\n" + dumpPath(t) + ` "$@" | head -c 300000; ` + c.end)
			r.run("backup:all").refused(1, "back up ivr: dump database "+database+": "+c.what, c.wayOut)
			r.untouched(before)
			r.lacksMariaDB()
			r.env = env
			r.good("backup:all")
		})
	}
}

func TestRealAMariaDBSetWithoutTheEndOfItsDumpIsDamaged(t *testing.T) {
	t.Parallel()
	r, _, database := withMariaDB(t)
	r.wrapped("case $1 in --version) exec " + dumpPath(t) + " --version;; esac\nprintf -- '--\\n-- Dump completed'")
	r.good("backup:all")
	id := r.newest().ID
	part := filepath.Join(r.store, id, "mariadb-ivr", "00000001.zst")
	if _, err := os.Stat(part); err != nil {
		t.Fatalf("%s of %s: %v", part, database, err)
	}
	replace(t, part, flip)
	r.run("backup:verify", "-set="+id).refused(3, "ivr mariadb-ivr/00000001.zst", "still good in this set: config")
}
