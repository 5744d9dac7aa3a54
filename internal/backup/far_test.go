package backup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// over makes the runs of a rig reach a server of the testbed as ssh:iact-test.
func (r *rig) over(s *testbed.SSHServer) string {
	r.t.Helper()
	path := filepath.Join(r.root, "checkout/config/iact.yaml")
	must(r.t, os.WriteFile(path, []byte(read(r.t, path)+"ssh: {config: "+s.ConfigFile+"}\n"), 0o600))
	return "ssh:" + testbed.SSHAlias
}

// inContainer runs a shell line in a container and gives what it prints.
func inContainer(t *testing.T, d *testbed.DockerDaemon, container, line string) string {
	t.Helper()
	return d.Run(t, "exec", container, "sh", "-c", line)
}

func TestRealAPostgresDatabaseInAContainerIsBackedUpAndBroughtBack(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	container := d.Postgres(t)
	sql := func(line string) string {
		return inContainer(t, d, container, `psql -U postgres -AtX -d iact -c "`+line+`"`)
	}
	inContainer(t, d, container, "createdb -U postgres iact")
	sql("CREATE TABLE calls AS SELECT n, md5(n::text) AS what FROM generate_series(1, 30000) AS n")
	before := sql("SELECT count(*), md5(string_agg(what, ',' ORDER BY n)) FROM calls")
	r := newRig(t, "{name: iact, kind: postgres, user: postgres, via: docker:"+container+"}")
	r.env = d.Env()
	r.good("backup:all")
	held := source(t, r.newest(), "iact")
	if held.State != "verified" || !strings.HasPrefix(held.Origin, "docker:"+container+" /var/run/postgresql") {
		t.Errorf("the source is %+v", held)
	}
	sql("UPDATE calls SET what = 'wrong'; DROP TABLE IF EXISTS nothing")
	done := r.restored("-yes=true")
	if is := sql("SELECT count(*), md5(string_agg(what, ',' ORDER BY n)) FROM calls"); is != before {
		t.Errorf("the rows were %s and are %s", before, is)
	}
	if done.Old == "" || !strings.HasPrefix(done.Drop, "docker exec -i "+container+" psql ") {
		t.Errorf("it says %+v", done)
	}
	inContainer(t, d, container, strings.TrimPrefix(done.Drop, "docker exec -i "+container+" "))
	if left := sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'iact_%'"); left != "0" {
		t.Errorf("%s databases are left", left)
	}
	if files := inContainer(t, d, container, "ls -d /tmp/iact-* /dev/shm/iact-* 2>/dev/null | wc -l"); files != "0" {
		t.Errorf("%s directories of ours are left in the container", files)
	}
}

func TestWholeAMariaDBDatabaseInAContainerIsBackedUpAndBroughtBack(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	container := d.MariaDB(t)
	sql := func(line string) string { return inContainer(t, d, container, `mariadb -N -B ivr -e "`+line+`"`) }
	d.Run(t, "exec", container, "mariadb", "-e", `CREATE DATABASE ivr; CREATE USER app@localhost IDENTIFIED BY 'it''s \\ secret'; GRANT ALL ON *.* TO app@localhost WITH GRANT OPTION`)
	sql("CREATE TABLE calls (n int PRIMARY KEY, what varchar(40)); INSERT INTO calls SELECT seq, md5(seq) FROM seq_1_to_20000")
	before := sql("CHECKSUM TABLE calls")
	password := filepath.Join(t.TempDir(), "password")
	must(t, os.WriteFile(password, []byte("it's \\ secret\n"), 0o600))
	r := newRig(t, "{name: ivr, kind: mariadb, user: app, password_file: "+password+", via: docker:"+container+"}")
	r.env = d.Env()
	r.good("backup:all")
	sql("UPDATE calls SET what = 'wrong' WHERE n > 10")
	done := r.restored("-yes=true")
	if is := sql("CHECKSUM TABLE calls"); is != before {
		t.Errorf("the checksum was %s and is %s", before, is)
	}
	if done.Database != "ivr" || done.Compared.Rows != 20000 {
		t.Errorf("it says %+v", done)
	}
	for _, file := range []string{".iact/journal"} {
		if out := search(t, filepath.Join(r.root, "checkout", file), "secret"); out != "" {
			t.Errorf("the password stands in %s", out)
		}
	}
}

// search names the files below a directory that hold a text.
func search(t *testing.T, dir, text string) string {
	t.Helper()
	c := command.Read("sh", "-c", `grep -rlF -- "$1" "$2" || true`, "sh", text, dir)
	out, err := command.NewDoor(command.Local()).Text(t.Context(), c).String()
	must(t, err)
	return out
}

func TestRealEveryKindOfSourceIsBackedUpOverSSHAndOneConnection(t *testing.T) {
	t.Parallel()
	s, p, m := testbed.SSHD(t), testbed.Postgres(t), testbed.MariaDB(t)
	iact, ivr := p.CreateDatabase(t), m.CreateDatabase(t)
	dropFamily(t, p, iact)
	p.SQL(t, iact, "CREATE TABLE calls AS SELECT n, md5(n::text) AS what FROM generate_series(1, 20000) AS n")
	m.SQL(t, ivr, "CREATE TABLE calls (n int PRIMARY KEY); INSERT INTO calls SELECT seq FROM seq_1_to_5000")
	tree := t.TempDir()
	for name, content := range map[string]string{"a": "one", "deep/er/b": strings.Repeat("two\n", 4000), "skip/c": "not me", "deep/d.log": "nor me", "only/top.tmp": "nor me", "only/deeper/kept.tmp": "me"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(tree, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(tree, name), []byte(content), 0o640))
	}
	must(t, os.Symlink("a", filepath.Join(tree, "link")))
	must(t, os.Link(filepath.Join(tree, "a"), filepath.Join(tree, "hard")))
	const via = "via: ssh:" + testbed.SSHAlias
	r := newRig(t, postgres(p, "iact", iact, via), mariadb(m, "ivr", ivr, via),
		"{name: docs, kind: files, path: "+tree+", exclude: [skip/, '*.log', '/only/*.tmp'], "+via+"}")
	r.over(s)
	r.env = []string{"PATH=" + p.Bin + ":" + os.Getenv("PATH")}
	r.good("backup:all")
	first := r.newest()
	for _, name := range []string{"iact", "ivr", "docs"} {
		if held := source(t, first, name); held.State != "verified" || !strings.HasPrefix(held.Origin, "ssh:"+testbed.SSHAlias+" ") {
			t.Errorf("source %s is %+v", name, held)
		}
	}
	r.good("backup:all")
	for _, name := range []string{"ivr", "docs"} {
		if again := source(t, r.newest(), name); again.New != 0 || again.State != "verified" {
			t.Errorf("unchanged, %s has %d new bytes and is %s", name, again.New, again.State)
		}
	}
	to := filepath.Join(r.root, "back")
	r.good("backup:restore", "-source=docs", "-to="+to)
	if a, b := read(t, filepath.Join(to, "a")), read(t, filepath.Join(to, "deep/er/b")); a != "one" || len(b) != 16000 {
		t.Errorf("restored %q and %d bytes", a, len(b))
	}
	if kept := read(t, filepath.Join(to, "only/deeper/kept.tmp")); kept != "me" { // a * does not reach over a slash
		t.Errorf("restored %q", kept)
	}
	for _, name := range []string{"skip", "deep/d.log", "only/top.tmp"} {
		if _, err := os.Lstat(filepath.Join(to, name)); !os.IsNotExist(err) {
			t.Errorf("%s was excluded and is there", name)
		}
	}
	if target, err := os.Readlink(filepath.Join(to, "link")); err != nil || target != "a" {
		t.Errorf("link: %q, %v", target, err)
	}
	p.SQL(t, iact, "DROP TABLE calls")
	r.restored("-source=iact", "-yes=true")
	if n := p.SQL(t, iact, "SELECT count(*) FROM calls"); n != "20000" {
		t.Errorf("%s rows came back", n)
	}
	plan := r.runWith([]string{"IACT_PLAN=1"}, "backup:db").ends(0).out
	if !strings.Contains(plan, "ssh -F "+s.ConfigFile+" "+testbed.SSHAlias+" 'PGTZ=UTC pg_dump ") || !strings.Contains(plan, " | zstd -T0 -1 > ") {
		t.Errorf("the plan is\n%s", plan)
	}
}

func TestRealADumpWhoseConnectionIsCutIsTakenAgainAndLeavesNoHalfPart(t *testing.T) {
	t.Parallel()
	s, p := testbed.OwnSSHD(t), testbed.Postgres(t)
	database := p.CreateDatabase(t)
	// It does not compress to what pipes and buffers hold: the cut comes in the middle.
	p.SQL(t, database, "CREATE TABLE wide AS SELECT n, (SELECT string_agg(md5((n * g)::text), '') FROM generate_series(1, 60) AS g) AS what FROM generate_series(1, 30000) AS n; ALTER TABLE wide ALTER what SET STORAGE EXTERNAL")
	for retries, state := range map[int]string{1: "written", 0: "failed"} {
		r := newRig(t, postgres(p, "iact", database, "via: ssh:"+testbed.SSHAlias, fmt.Sprintf("retries: %d", retries)))
		r.over(s)
		r.env = []string{"PATH=" + p.Bin + ":" + os.Getenv("PATH")}
		gate := filepath.Join(r.root, "gate")
		code := map[string]int{"written": 0, "failed": 1}[state]
		ran := make(chan ended)
		go func() {
			ran <- r.runWith([]string{hookVariable + "=hold:" + gate}, "backup:db")
		}()
		waitFor(t, gate+".there")
		s.Drop(t)
		must(t, os.WriteFile(gate, nil, 0o600))
		e := (<-ran).ends(code)
		if held := source(t, r.newest(), "iact"); held.State != state {
			t.Errorf("with %d retries it is %+v", retries, held)
		}
		if again := strings.Contains(e.said, "trying again (1 of 1)"); again != (retries == 1) || !strings.Contains(e.said, "lost the connection to ssh:"+testbed.SSHAlias) {
			t.Errorf("with %d retries it says\n%s", retries, e.said)
		}
		r.good("backup:verify")
	}
}

// waitFor waits until a file is there.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
	t.Fatalf("%s does not come", path)
}

func TestRealAPlaceThatCannotBeBackedUpIsToldInOneLineAndTheOthersAreSealed(t *testing.T) {
	t.Parallel()
	d, s := testbed.Docker(t), testbed.SSHD(t)
	bare := d.Container(t, "--init", d.Busybox(t), "sleep", "1000000")
	old := d.Postgres(t)
	inContainer(t, d, old, `printf '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.1"\n' >/tmp/old; chmod +x /tmp/old; mv /tmp/old "$(command -v pg_dump)"`)
	vagrant := "vagrant" // is to be installed
	if _, err := command.Local().Look(t.Context(), "vagrant"); err == nil {
		vagrant = "name its directory"
	}
	for _, c := range []struct{ source, what, wayOut string }{
		{"{name: iact, kind: postgres, via: docker:iact-none}", "No such container", "docker ps"},
		{"{name: iact, kind: postgres, user: postgres, via: docker:" + bare + "}", "find program psql at docker:" + bare, "install"},
		{"{name: iact, kind: mariadb, via: docker:" + bare + "}", "find program mariadb", "install"},
		{"{name: iact, kind: postgres, database: postgres, user: postgres, via: docker:" + old + "}", "dump with pg_dump 9.6.1: it is older than the server", "install postgresql-client"},
		{"{name: iact, kind: files, path: /no/such, via: docker:" + bare + "}", "open docker:" + bare + " /no/such: no such directory", "correct the path"},
		{"{name: iact, kind: postgres, via: 'ssh:nobody@no-such-host.invalid'}", "Could not resolve hostname", "correct the name"},
		{"{name: iact, kind: postgres, via: 'ssh:" + testbed.SSHRefusedAlias + "'}", "Permission denied", "ssh-copy-id"},
		{"{name: iact, kind: postgres, via: vagrant:devbox}", "vagrant", vagrant},
	} {
		r := newRig(t, c.source)
		r.over(s)
		r.env = d.Env()
		e := r.run("backup:all")
		if e.code != 1 && e.code != 4 {
			t.Errorf("%s: exit %d", c.source, e.code)
		}
		e.refused(e.code, c.what, c.wayOut)
		r.otherSourcesAreSealed("iact")
	}
}
