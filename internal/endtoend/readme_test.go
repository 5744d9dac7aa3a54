package endtoend_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/ignore"
	"iact-infra/internal/testbed"
	"iact-infra/internal/testbed/cluster"
)

// TestRealEverythingInTheReadmesWorks types what the READMEs say, in a copy of the checkout, beside a PostgreSQL with
// one small database, and compares what comes back. readme_console_test.go says how. One follows the other, in the same
// place: what the first one has compiled serves the second.
func TestRealEverythingInTheReadmesWorks(t *testing.T) {
	t.Parallel()
	environment := analytics(t)
	place := filepath.Join(t.TempDir(), "place")
	for _, name := range readmes() {
		t.Run(name, func(t *testing.T) {
			document, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			commands, err := session(string(document))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(commands) < 10 {
				t.Fatalf("%s types only %d commands", name, len(commands))
			}
			if err := os.RemoveAll(place); err != nil {
				t.Fatal(err)
			}
			checkout := filepath.Join(place, "iact-infra")
			copyCheckout(t, checkout)
			compare(t, name, checkout, commands, play(t, checkout, environment, commands))
		})
	}
}

// compare holds what came back against what the document shows.
func compare(t *testing.T, name, checkout string, commands []typed, answers []answer) {
	t.Helper()
	for i, c := range commands {
		if i >= len(answers) {
			t.Fatalf("%s:%d: $ %s\nnever ran", name, c.line, c.shell)
		}
		got := answers[i]
		if !agree(c.want, strings.Split(got.text, "\n")) {
			t.Errorf("%s:%d: $ %s\nprinted\n%s", name, c.line, c.shell, veiled(got.text, checkout))
		}
		if got.status != 0 && !mayFail(commands, i) {
			t.Fatalf("%s:%d: $ %s\nended with code %d, which the document does not show", name, c.line, c.shell, got.status)
		}
	}
}

// mayFail says whether the document shows the code of a command.
func mayFail(commands []typed, i int) bool {
	return i+1 < len(commands) && commands[i+1].shell == "echo $?"
}

// answer is what came back for one command.
type answer struct {
	text   string
	status int
}

// play types all commands into one shell. Between them a mark tells where one answer ends, and its code, which stays
// in $? for the next command. The first failure that the document does not show is the end.
func play(t *testing.T, dir string, environment []string, commands []typed) []answer {
	t.Helper()
	const mark = "\x1e"
	var script strings.Builder
	script.WriteString("exec 2>&1\nunset ${!IACT_*} ${!MAGEFILE_*} ${!PG*}\n")
	for _, setting := range environment {
		script.WriteString("export " + setting + "\n")
	}
	script.WriteString("mark() { local code=$?; printf '\\036%s\\036' $code; return $code; }\n")
	for i, c := range commands {
		script.WriteString(c.shell + "\nmark")
		if !mayFail(commands, i) { // the next command could do harm in a place where it does not belong
			script.WriteString(" || exit 0")
		}
		script.WriteString("\n")
	}
	script.WriteString("exit 0\n")
	file := filepath.Join(t.TempDir(), "session")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	shell := command.Change(foreign("bash")[0], append(foreign("bash")[1:], file)...)
	shell.Dir, shell.Timeout = dir, 5*time.Minute
	printed, err := command.NewDoor(command.Local()).Text(t.Context(), shell).String()
	if err != nil {
		t.Errorf("the shell: %v", err)
	}
	var answers []answer
	fields := strings.Split(printed, mark)
	for i := 0; i+1 < len(fields); i += 2 {
		code, err := strconv.Atoi(fields[i+1])
		if err != nil {
			t.Fatalf("the shell printed %q as a code", fields[i+1])
		}
		answers = append(answers, answer{text: fields[i], status: code})
	}
	return answers
}

// foreign hides the PostgreSQL servers of the machine from a command where there are any: the documents show one
// server, and a backup finds them all.
func foreign(program string) []string {
	const sockets = "/var/run/postgresql"
	if found, err := filepath.Glob(sockets + "/.s.PGSQL.*"); err != nil || len(found) == 0 {
		return []string{program}
	}
	hide := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		hide = append(hide, "--map-root-user")
	}
	return append(hide, "sh", "-c", "mount -t tmpfs none "+sockets+` && exec "$0" "$@"`, program)
}

// analytics starts a PostgreSQL of its own, with the one database that the documents speak of, and returns the
// environment in which it is found. The shared cluster would show what other tests have in it.
func analytics(t *testing.T) []string {
	t.Helper()
	testbed.Postgres(t) // knows what to do on a machine without PostgreSQL
	checkout, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	door := command.NewDoor(command.Local())
	own, stop, err := cluster.Start(t.Context(), door, checkout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	login := []string{"-h", own.Host, "-p", strconv.Itoa(own.Port), "-U", own.User}
	psql := command.Change(filepath.Join(own.Bin, "psql"), append(login, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres")...)
	psql.Stdin = strings.NewReader(`CREATE ROLE app;
CREATE DATABASE iact_analytics TEMPLATE template0 OWNER app;
\connect iact_analytics
SET ROLE app;
CREATE TABLE calls AS SELECT n AS id, md5(n::text) AS caller FROM generate_series(1, 20000) AS n;
ALTER TABLE calls ADD PRIMARY KEY (id);
`)
	if err := door.Run(t.Context(), psql); err != nil {
		t.Fatal(err)
	}
	return []string{
		"PGHOST=" + own.Host, "PGPORT=" + strconv.Itoa(own.Port), "PGUSER=" + own.User, "LANG=C.UTF-8", "NO_COLOR=1",
		"PATH=" + own.Bin + ":$PATH",
		"DOCKER_HOST=unix:///none", // or what is printed would depend on the volumes of this machine
		// The settings of release:binary, so that what its test has compiled is used again; and a place of its own for
		// what mage builds, since other tests run mage too. No source changes here, so mage need not ask the compiler
		// each time whether one did.
		"CGO_ENABLED=0", "GOFLAGS=-trimpath", "MAGEFILE_CACHE=" + t.TempDir(), "MAGEFILE_HASHFAST=1",
	}
}

// copyCheckout copies what git would: all files that .gitignore does not name.
func copyCheckout(t *testing.T, to string) {
	t.Helper()
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	skip, err := ignore.Compile(append(strings.Split(string(ignored), "\n"), "/.git", "/.git/"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case name != "." && skip.Match(filepath.ToSlash(name), d.IsDir()):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is neither a file nor a directory", name)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}
