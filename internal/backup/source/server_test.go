package source_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
)

func noEnvironment(string) string { return "" }

// TestTheVersionOfAClientProgramIsRead from what real ones print.
func TestTheVersionOfAClientProgramIsRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		printed, version string
		server           int // server_version_num
		older, warned    bool
	}{
		{"pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "15.18", 150018, false, false},
		{"pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "15.18", 150002, false, false},
		{"pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "15.18", 160004, true, false},
		{"pg_dump (PostgreSQL) 16.4 (Debian 16.4-1.pgdg120+1)\n", "16.4", 130004, false, true},
		{"pg_dump (PostgreSQL) 12.22 (Ubuntu 12.22-0ubuntu0.20.04.4)\n", "12.22", 120022, false, false},
		{"pg_dump (PostgreSQL) 16.9\n", "16.9", 160009, false, false},
		{"pg_dump (PostgreSQL) 9.6.24\n", "9.6.24", 90624, false, false},
		{"pg_dump (PostgreSQL) 9.6.24\n", "9.6.24", 100023, true, false},
		{"pg_dump (PostgreSQL) 18beta1\n", "18beta1", 180000, false, false},
		{"pg_dump (PostgreSQL) 18beta1 (Debian 18~beta1-1.pgdg120+1)\n", "18beta1", 170005, false, true},
		{"pg_dump (PostgreSQL) 17rc1\n", "17rc1", 180000, true, false},
		{"pg_dump (PostgreSQL) 19devel\n", "19devel", 190000, false, false},
	} {
		door := command.NewDoor(commandtest.New(t, commandtest.Expect("pg_dump", "--version").Prints(test.printed)))
		server := source.Server{Getenv: noEnvironment}
		version, warning, err := server.Tool(t.Context(), door, "pg_dump", source.Database{Version: test.server, Server: "S"})
		switch {
		case test.older:
			if fault.Code(err) != fault.Missing || !strings.Contains(fault.Hint(err), fmt.Sprintf("postgresql-client-%d", test.server/10000)) {
				t.Errorf("%q for server %d: %v (hint %q), want it refused with the package to install", test.printed, test.server, err, fault.Hint(err))
			}
		case err != nil || version != test.version || (warning != "") != test.warned:
			t.Errorf("%q for server %d: version %q, warning %q, %v; want %q, a warning: %v", test.printed, test.server, version, warning, err, test.version, test.warned)
		}
	}
}

func TestWhatNamesNoVersionIsNotTakenForOne(t *testing.T) {
	t.Parallel()
	for _, printed := range []string{
		"", "\n", "pg_dump\n", "pg_dump (PostgreSQL) \n", "pg_dump (PostgreSQL)\n", "pg_dump (PostgreSQL) devel\n", "pg_dump (PostgreSQL) ?\n",
		"pg_dump (PostgreSQL) .5\n", "pg_dump (PostgreSQL) 99999999999999999999\n", "mysqldump  Ver 10.19 Distrib 10.11.6-MariaDB\n",
	} {
		door := command.NewDoor(commandtest.New(t, commandtest.Expect("pg_dump", "--version").Prints(printed)))
		server := source.Server{Getenv: noEnvironment}
		if version, _, err := server.Tool(t.Context(), door, "pg_dump", source.Database{}); err == nil {
			t.Errorf("%q is version %q", printed, version)
		}
	}
}

func TestAClientProgramThatIsNotThereIsNamedWithItsPackage(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(commandtest.New(t).Lacks("pg_dump"))
	server := source.Server{Getenv: noEnvironment}
	_, _, err := server.Tool(t.Context(), door, "pg_dump", source.Database{})
	var missing *command.NotFound
	if fault.Code(err) != fault.Missing || !strings.Contains(fault.Hint(err), "postgresql-client") || !errors.As(err, &missing) {
		t.Errorf("pg_dump is not there: %v (code %d, hint %q)", err, fault.Code(err), fault.Hint(err))
	}
}

func TestTheServersOfADirectoryAreItsSockets(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a [dir")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".s.PGSQL.5432", ".s.PGSQL.5432.lock", ".s.PGSQL.5433", ".s.PGSQL.", ".s.PGSQL.x", "other", "5434"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for user, as := range map[string]string{"": "postgres", "somebody": ""} {
		found := source.Sockets(dir, func(name string) string {
			if name == "PGUSER" {
				return user
			}
			return ""
		})
		if os.Geteuid() != 0 {
			as = ""
		}
		var got []string
		for _, s := range found {
			got = append(got, s.Origin())
			if s.As != as || s.User != as {
				t.Errorf("with PGUSER=%s the login is %s as %s, want %q", user, s.User, s.As, as)
			}
		}
		if want := []string{dir + ":5432", dir + ":5433"}; !slices.Equal(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	if found := source.Sockets(filepath.Join(dir, "none"), noEnvironment); len(found) != 0 {
		t.Errorf("a directory that is not there holds %v", found)
	}
}

func TestTheEnvironmentNamesAServer(t *testing.T) {
	t.Parallel()
	environment := func(values map[string]string) func(string) string {
		return func(name string) string { return values[name] }
	}
	if s := source.FromEnvironment(environment(map[string]string{"PGPORT": "5433"})); s != nil {
		t.Errorf("without PGHOST there is a server: %+v", s)
	}
	s := source.FromEnvironment(environment(map[string]string{"PGHOST": "db.example", "PGPORT": "5433", "PGUSER": "iact"}))
	if s == nil || s.Origin() != "db.example:5433" || s.User != "iact" || s.As != "" {
		t.Errorf("PGHOST, PGPORT and PGUSER name %+v", s)
	}
	if s := source.FromEnvironment(environment(map[string]string{"PGHOST": "db.example", "PGPORT": "x"})); s == nil || s.Origin() != "db.example" {
		t.Errorf("a port that is no number: %+v", s)
	}
}

// TestAPasswordIsNeverAnArgumentAndNeverShown looks at every command that a
// source starts and at every way in which one is shown.
func TestAPasswordIsNeverAnArgumentAndNeverShown(t *testing.T) {
	t.Parallel()
	const password = "s3cret-of-the-house"
	answer := fmt.Sprintf(`[{"name":"iact","server_version_num":150000,"server_version":"15.0","allows_connections":true,"acl":%q}]`, "")
	fake := commandtest.New(t,
		commandtest.Expect("psql", commandtest.Rest).Env("PGPASSWORD="+password).Reading().Prints(answer).Times(2),
		commandtest.Expect("pg_dump", "--version").Prints("pg_dump (PostgreSQL) 15.0"),
		commandtest.Expect("pg_dumpall", "--version").Prints("pg_dumpall (PostgreSQL) 15.0"),
	)
	var shown []string
	door := command.NewDoor(fake, command.Observe(func(e command.Event) { shown = append(shown, e.Command) }))
	server := &source.Server{Host: "db.example", Port: 5433, User: "iact", Password: password, Getenv: noEnvironment}
	postgres := &source.Postgres{Label: "iact", Database: "iact", Server: server}
	globals := &source.Globals{Label: "roles", Server: server}
	for _, s := range []source.Source{postgres, globals} {
		if _, err := s.Check(t.Context(), door); err != nil {
			t.Fatal(err)
		}
		shown = append(shown, s.Plan(door, "/store"), s.Origin())
	}
	login := []string{"-w", "-h", "db.example", "-p", "5433", "-U", "iact"}
	for _, c := range fake.Seen() {
		if strings.Contains(strings.Join(c.Args, " "), password) {
			t.Errorf("the password is an argument of %s: %q", c.Program, c.Args)
		}
		if c.Program == "psql" && !slices.Equal(c.Args[:len(login)], login) {
			t.Errorf("psql logs in with %q, want %q first", c.Args, login)
		}
		shown = append(shown, c.String())
	}
	for _, line := range shown {
		if strings.Contains(line, password) {
			t.Errorf("the password is shown: %s", line)
		}
	}
}

func TestAServerThatRefusesIsQuotedWithoutThePassword(t *testing.T) {
	t.Parallel()
	const password = "s3cret-of-the-house"
	door := command.NewDoor(commandtest.New(t, commandtest.Expect("psql", commandtest.Rest).Exits(2).
		Complains(`psql: error: connection failed: FATAL:  password "`+password+`" is wrong for user "iact"`)))
	server := &source.Server{Host: "db.example", User: "iact", Password: password, Getenv: noEnvironment}
	_, err := server.Databases(t.Context(), door, "postgres")
	if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), password) || !strings.Contains(err.Error(), "db.example") || !strings.Contains(err.Error(), "is wrong") {
		t.Errorf("the server refuses: %v", err)
	}
}
