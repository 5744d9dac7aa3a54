package backup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
)

// secret is a password that an option file could get wrong.
const secret = `it's \ "se#cret\n; %ñ `

// TestRealAPasswordIsSeenNowhere: in no argument, no environment, no file, no
// message; and it wins over that of ~/.my.cnf.
func TestRealAPasswordIsSeenNowhere(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDB(t)
	c.SQL(t, database, "CREATE VIEW v AS SELECT 1 AS n")
	login := *c
	login.User = c.CreateUser(t, secret)
	c.SQL(t, database, "GRANT ALL ON "+database+".* TO "+login.User+"@'%'")
	file, spied, temp := filepath.Join(r.root, "pass word"), filepath.Join(r.root, "spied"), t.TempDir()
	must(t, os.WriteFile(file, []byte(secret+"\r\n"), 0o600))
	r.put(".my.cnf", "[client]\npassword=another\n")
	r.configure(mariadb(&login, "ivr", database, `password_file: "`+file+`"`))
	r.env = append(r.env, "TMPDIR="+temp, "p=exported")
	r.wrapped("tr '\\0' '\\n' < /proc/$$/cmdline >> " + spied + "\nenv >> " + spied + "\nexec " + dumpPath(t) + ` "$@"`)
	ran := r.good("backup:all")
	if seen := read(t, spied); !strings.Contains(seen, "--defaults-extra-file=") || strings.Contains(seen, "se#cret") {
		t.Errorf("the dump program shows\n%s", seen)
	}
	left, err := os.ReadDir(temp)
	must(t, err)
	if len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
	plan := r.runWith([]string{"IACT_PLAN=1"}, "backup:all").ends(0)
	must(t, os.WriteFile(file, []byte("wrong-one"), 0o600))
	bad := r.run("backup:all")
	bad.refused(1, "Access denied for user '"+login.User+"'", "correct user or the password in "+file)
	if !strings.Contains(bad.said, "(the password is that in "+file+")") {
		t.Errorf("the error does not name the file:\n%s", bad.said)
	}
	for _, said := range []string{ran.said, ran.out, plan.said, plan.out, bad.said, bad.out} {
		if strings.Contains(said, "se#cret") || strings.Contains(said, "wrong-one") {
			t.Errorf("a password is shown:\n%s", said)
		}
	}
	r.nowhereInTheJournal("se#cret")
	r.nowhereInTheJournal("wrong-one")
	// The planned line is one that works.
	must(t, os.WriteFile(file, []byte(secret), 0o600))
	_, line, found := strings.Cut(plan.out, "mariadb-ivr\n")
	line, _, _ = strings.Cut(line, " | zstd")
	if !found {
		t.Fatalf("the plan holds no dump:\n%s", plan.out)
	}
	dump := command.Read("sh", "-c", line)
	dump.Env = []string{"HOME=" + r.root}
	text, err := command.NewDoor(command.Local()).Text(t.Context(), dump).String()
	if err != nil || !strings.HasSuffix(text, "-- Dump completed\n") {
		t.Errorf("%s\n%v", line, err)
	}
}

// TestRealProgramsOfMariaDBRunAsTheUserThatTheSourceNames, who reads the
// password.
func TestRealProgramsOfMariaDBRunAsTheUserThatTheSourceNames(t *testing.T) {
	t.Parallel()
	r, c, database := withMariaDB(t)
	user := c.CreateUser(t, "secret-of-as")
	c.SQL(t, database, "GRANT ALL ON "+database+".* TO "+user+"@'%'")
	file, spied := filepath.Join(r.root, "password"), filepath.Join(r.root, "spied")
	must(t, os.WriteFile(file, []byte("secret-of-as"), 0o600))
	must(t, os.WriteFile(spied, nil, 0o666))
	must(t, os.Chmod(spied, 0o666))
	as := "nobody"
	if os.Geteuid() != 0 {
		as = os.Getenv("USER")
	}
	for _, dir := range []string{filepath.Dir(r.root), r.root} {
		must(t, os.Chmod(dir, 0o755))
	}
	r.configure(fmt.Sprintf("{name: ivr, kind: mariadb, database: %s, host: 127.0.0.1, port: %d, user: %s, password_file: %s, as: %s}", database, c.Port, user, file, as))
	bin := filepath.Join(r.root, "bin")
	must(t, os.Mkdir(bin, 0o755))
	must(t, os.WriteFile(filepath.Join(bin, "mariadb-dump"), []byte("#!/bin/sh\nid -un >> "+spied+"\nexec "+dumpPath(t)+` "$@"`+"\n"), 0o755))
	r.env = append(r.env, "PATH="+bin+":"+os.Getenv("PATH"))
	if os.Geteuid() == 0 {
		r.run("backup:all").refused(2, file+" does not belong to nobody, who runs the programs of the source (as)", "chown nobody "+file)
		door := command.NewDoor(command.Local())
		must(t, door.Run(t.Context(), command.Change("chown", "nobody", file)))
	}
	r.good("backup:all")
	if seen := read(t, spied); !strings.HasSuffix(seen, as+"\n") {
		t.Errorf("the dump ran as %s", seen)
	}
}
