package backup_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/testbed"
)

// TestRealDatabasesOfMariaDBAreFoundByThemselves, and when their server is down
// that is one failure, and no database is taken for one that is gone for good.
func TestRealDatabasesOfMariaDBAreFoundByThemselves(t *testing.T) {
	t.Parallel()
	c := testbed.OwnMariaDB(t)
	c.SQL(t, "mysql", "CREATE DATABASE `Ventas ñ`; CREATE DATABASE `ventas ñ`; CREATE DATABASE ivr")
	r := newRig(t)
	r.put("checkout/config/iact.yaml", "project: "+r.project+"\nbackup:\n  store: "+r.store+"\n")
	r.put(".my.cnf", "[client]\nuser="+c.User+"\n")
	must(t, os.Chmod(filepath.Join(r.root, ".my.cnf"), 0o600))
	socket := filepath.Join(r.root, "mysqld.sock")
	must(t, os.Symlink(c.Socket, socket))
	r.env = []string{"HOME=" + r.root, "MYSQL_UNIX_PORT=" + socket, "PGHOST="}
	r.good("backup:all")
	set := r.newest()
	for name, origin := range map[string]string{"ventas--": "Ventas ñ", "ventas---2": "ventas ñ", "ivr": "ivr"} {
		if one := source(t, set, name); one.State != "verified" || one.Kind != "mariadb" || one.Origin != socket+"/"+origin {
			t.Errorf("source %s is %+v, want %s verified", name, one, origin)
		}
	}
	for _, one := range set.Sources {
		if one.Kind == "mariadb" && strings.Contains(one.Name+" mysql sys", "schema") {
			t.Errorf("%s is backed up", one.Name)
		}
	}

	must(t, os.Remove(socket))
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	must(t, err)
	stale.SetUnlinkOnClose(false)
	must(t, stale.Close())
	down := r.run("backup:all")
	down.refused(1, "ask MariaDB at "+socket, "start the server")
	if strings.Contains(down.said, "retired") || strings.Count(down.said, "Error: ") != 1 {
		t.Errorf("a server that is down is told as\n%s", down.said)
	}
	if one := source(t, r.newest(), "ivr"); one.State != "failed" || !strings.Contains(one.Error, "its server does not answer") {
		t.Errorf("the source is %+v", one)
	}
}

// TestRealLockedTablesAreOfOneMoment although a writer goes on: of two tables
// that are written one after the other, the second never has more rows.
func TestRealLockedTablesAreOfOneMoment(t *testing.T) {
	t.Parallel()
	c := testbed.MariaDB(t)
	database := c.CreateDatabase(t)
	c.SQL(t, database, "CREATE TABLE a_first (n int, v varchar(1000)) ENGINE=MyISAM; CREATE TABLE b_second LIKE a_first; INSERT INTO a_first SELECT seq, repeat('x', 900) FROM seq_1_to_30000; INSERT INTO b_second SELECT * FROM a_first")
	r := newRig(t, mariadb(c, "ivr", database, "lock: true"))
	r.env = []string{"HOME=" + r.root}
	stop, done := make(chan bool), make(chan int)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				done <- n
				return
			default:
				c.SQL(t, database, strings.Repeat("INSERT INTO a_first VALUES (0, ''); INSERT INTO b_second VALUES (0, '');\n", 50))
			}
		}
	}()
	r.good("backup:db")
	close(stop)
	if n := <-done; n == 0 {
		t.Fatal("the writer wrote nothing")
	}
	to := filepath.Join(r.root, "dump.sql")
	r.good("backup:restore", "-source=ivr", "-to="+to)
	first, second, _ := strings.Cut(read(t, to), "Table structure for table `b_second`")
	if a, b := strings.Count(first, "(0,''"), strings.Count(second, "(0,''"); a != b && a != b+1 {
		t.Errorf("the first table has %d new rows, the second %d", a, b)
	}
	if one := source(t, r.newest(), "ivr"); len(one.Notes) != 0 {
		t.Errorf("the notes are %q", one.Notes)
	}
}
