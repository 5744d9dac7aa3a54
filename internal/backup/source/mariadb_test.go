package source_test

import (
	"errors"
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

// TestTheDumpProgramIsKnownByWhatItPrints: that of MySQL needs other options.
func TestTheDumpProgramIsKnownByWhatItPrints(t *testing.T) {
	t.Parallel()
	for printed, want := range map[string]source.MariaDBTool{
		"mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)\n": {Version: "10.11.19"},
		"mariadb-dump from 11.4.2-MariaDB, client 10.19 for debian-linux-gnu (x86_64)\n":    {Version: "11.4.2"},
		"mysqldump  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)\n":        {Version: "8.0.36", MySQL: true},
		"mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)\n":                         {Version: "5.7.44", MySQL: true},
		"mysqldump  Ver 10.16 Distrib 10.1.48-MariaDB, for debian-linux-gnu (x86_64)\n":     {Version: "10.1.48"},
	} {
		want.Program = strings.Fields(printed)[0]
		transport := commandtest.New(t, commandtest.Expect(want.Program, "--version").Prints(printed))
		if want.Program == "mysqldump" {
			transport.Lacks("mariadb-dump")
		}
		got, err := source.FindMariaDBTool(t.Context(), command.NewDoor(transport))
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", printed, got, err, want)
		}
		args := (&source.MariaDBServer{}).Dump(source.MariaDBDump{Tool: got, Database: "-x"}).Args
		if slices.Contains(args, "--set-gtid-purged=OFF") != want.MySQL || !slices.Equal(args[len(args)-2:], []string{"--", "-x"}) {
			t.Errorf("%s runs with %q", printed, args)
		}
	}
	for _, printed := range []string{"", "mysqldump\n", "mariadb-dump Ver x\n"} {
		door := command.NewDoor(commandtest.New(t, commandtest.Expect("mariadb-dump", "--version").Prints(printed)))
		if got, err := source.FindMariaDBTool(t.Context(), door); err == nil {
			t.Errorf("%q is %+v", printed, got)
		}
	}
	door := command.NewDoor(commandtest.New(t).Lacks("mariadb-dump").Lacks("mysqldump"))
	_, err := source.FindMariaDBTool(t.Context(), door)
	var missing *command.NotFound
	if fault.Code(err) != fault.Missing || !errors.As(err, &missing) || !strings.Contains(fault.Hint(err), "mariadb-client") {
		t.Errorf("there is no dump program: %v (hint %q)", err, fault.Hint(err))
	}
}

func TestAPasswordOfMariaDBIsNoArgumentAndNoEnvironment(t *testing.T) {
	t.Parallel()
	const password = "s3cret-of-the-house"
	server := &source.MariaDBServer{Host: "localhost", Port: 3307, User: "iact", Password: password, PasswordFile: "/etc/iact password"}
	c := server.Client("mariadb", "-e", "SELECT '"+password+"'")
	if strings.Contains(strings.Join(c.Env, " "), password) || strings.Contains(c.String(), password) || c.Stdin != nil {
		t.Errorf("the password is in %q or in %s", c.Env, c)
	}
	login := []string{"/etc/iact password", "mariadb", "--defaults-extra-file=/dev/fd/9", "--protocol=tcp", "--host=localhost", "--port=3307", "--user=iact"}
	if got := c.Args[2 : 2+len(login)]; !slices.Equal(got, login) {
		t.Errorf("it logs in with %q, want %q", got, login)
	}
	if origin := server.Origin(); origin != "localhost:3307" {
		t.Errorf("the server is told as %s", origin)
	}
	bare := (&source.MariaDBServer{Socket: "/run/s", As: "mysql"}).Client("mariadb")
	if bare.Program != "mariadb" || !slices.Equal(bare.Args, []string{"--protocol=socket", "--socket=/run/s"}) || bare.As != "mysql" {
		t.Errorf("without a password it is %+v", bare)
	}
}

func TestAnAnswerOfMariaDBIsReadWhateverTheNamesHold(t *testing.T) {
	t.Parallel()
	fake := commandtest.New(t, commandtest.Expect("mariadb", commandtest.Rest).Prints("a\\tb\\nc\\\\n\\0\tNULL\n\t\n"))
	rows, err := (&source.MariaDBServer{}).Query(t.Context(), command.NewDoor(fake), "-db", "SELECT 1")
	if err != nil || len(rows) != 2 || !slices.Equal(rows[0], []string{"a\tb\nc\\n\x00", "NULL"}) || !slices.Equal(rows[1], []string{"", ""}) {
		t.Errorf("the rows are %q, %v", rows, err)
	}
	if args := fake.Seen()[0].Args; !slices.Contains(args, "--database=-db") {
		t.Errorf("the database is named by %q", args)
	}
	if got := source.Literal("it's \\ ñ"); got != "CONVERT(x'697427732"+"05c20c3b1' USING utf8mb4)" {
		t.Errorf("a literal is %s", got)
	}
}

func TestAFailureOfMariaDBHasItsWayOut(t *testing.T) {
	t.Parallel()
	for said, way := range map[string]string{
		"ERROR 1045 (28000): Access denied for user 'x'@'localhost' (using password: NO)":                                    "unix_socket",
		"ERROR 1698 (28000): Access denied for user 'root'@'localhost'":                                                      "unix_socket",
		"ERROR 2002 (HY000): Can't connect to local server through socket '/run/s' (111)":                                    "systemctl start mariadb",
		"mariadb-dump: Got error: 2003: \"Can't connect to MySQL server on 'h' (113)\" when trying to connect":               "systemctl start mariadb",
		"mariadb-dump: Couldn't execute 'SHOW FIELDS FROM `v`': View 'e.v' references invalid table(s) … (1356)":             "SHOW CREATE VIEW",
		"mariadb-dump: Couldn't execute 'show create table `v`': SHOW VIEW command denied to user 'l' for `e`.`v` (1142)":    "GRANT",
		"mariadb-dump: low has insufficient privileges to SHOW CREATE PROCEDURE `p`!":                                        "mysql.proc",
		"mariadb-dump: Error 1412: Table definition has changed, please retry transaction when dumping table `t` at row: 0":  "run the backup again",
		"mariadb-dump: Error 2020: Got packet bigger than 'max_allowed_packet' bytes when dumping table `t` at row: 1":       "1 GiB",
		"mariadb-dump: Error 1194: Table 't' is marked as crashed and should be repaired when dumping table `t` at row: 1":   "REPAIR TABLE",
		"mariadb-dump: Got error: 1449: \"The user specified as a definer ('g'@'%') does not exist\" when using LOCK TABLES": "CREATE USER",
		"something new": "",
	} {
		fake := commandtest.New(t, commandtest.Expect("mariadb", commandtest.Rest).Exits(1).Complains(said+"\n"))
		_, err := (&source.MariaDBServer{Socket: "/run/s"}).Query(t.Context(), command.NewDoor(fake), "", "SELECT 1")
		if err == nil || fault.Hint(err) == "" != (way == "") || !strings.Contains(fault.Hint(err), way) || !strings.HasPrefix(err.Error(), "ask MariaDB at /run/s: mariadb: exit 1: ") {
			t.Errorf("%s: %v (hint %q), want %q", said, err, fault.Hint(err), way)
		}
	}
}

func TestTheDefaultSocketOfMariaDBCountsWhenItIsThere(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "mysqld.sock")
	if s := source.MariaDBSocket(socket, noEnvironment); s != nil {
		t.Errorf("there is a server at %s without a socket", s.Origin())
	}
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := source.MariaDBSocket(socket, noEnvironment); s == nil || s.Origin() != socket || s.User != "" {
		t.Errorf("the server at the socket is %+v", s)
	}
	named := func(string) string { return "/elsewhere" }
	if s := source.MariaDBSocket(socket, named); s == nil || s.Origin() != "/elsewhere" {
		t.Errorf("the server that MYSQL_UNIX_PORT names is %+v", s)
	}
}

// look answers the questions that Check asks, with the grants of a login.
func look(t *testing.T, version string, grants ...string) *command.Door {
	t.Helper()
	table := "server\t" + version + "\tl@h\t0\nschema\tutf8mb4\tutf8mb4_general_ci\ntable\tt\tBASE TABLE\tInnoDB\t99\tYES\t\n"
	return command.NewDoor(commandtest.New(t,
		commandtest.Expect("mariadb", commandtest.Rest).Reading().Prints(table),
		commandtest.Expect("mariadb", commandtest.Rest).Reading().Prints(strings.Join(grants, "\n")+"\n"),
		commandtest.Expect("mariadb-dump", "--version").Prints("mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for x"),
	))
}

func TestRightsCountWhereverTheyComeFrom(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		grants []string
		lacks  string
	}{
		{[]string{"GRANT ALL PRIVILEGES ON *.* TO `l`@`h` IDENTIFIED VIA unix_socket WITH GRANT OPTION", "GRANT PROXY ON ''@'%' TO `l`@`h`"}, ""},
		{[]string{"GRANT USAGE ON *.* TO `l`@`h`", "GRANT ALL PRIVILEGES ON `my\\\\_db`.* TO `l`@`h`"}, ""},
		{[]string{"GRANT `r` TO `l`@`h`", "GRANT USAGE ON *.* TO `l`@`h`", "GRANT SELECT, EVENT, TRIGGER ON *.* TO `r`"}, ""},
		{[]string{"GRANT SELECT ON *.* TO `l`@`h`", "GRANT EVENT, TRIGGER ON `my%`.* TO `l`@`h`"}, ""},
		{[]string{"GRANT SELECT, EVENT, TRIGGER ON `myxdb`.* TO `l`@`h`"}, "SELECT, TRIGGER, EVENT"},
		{[]string{"GRANT SELECT, EVENT, TRIGGER ON `my_db`.`t` TO `l`@`h`"}, "SELECT, TRIGGER, EVENT"},
		{[]string{"GRANT SELECT, SHOW VIEW ON `my_db`.* TO `l`@`h`"}, "TRIGGER, EVENT"},
		{[]string{"GRANT USAGE ON *.* TO `l`@`h`"}, "SELECT, TRIGGER, EVENT"},
	} {
		m := &source.MariaDB{Label: "db", Database: "my_db", Server: &source.MariaDBServer{}}
		_, err := m.Check(t.Context(), look(t, "10.11.19-MariaDB", test.grants...))
		switch {
		case test.lacks == "" && err != nil:
			t.Errorf("%q: %v", test.grants, err)
		case test.lacks != "" && (err == nil || !strings.Contains(err.Error(), "l@h lacks "+test.lacks+",") || fault.Hint(err) != "GRANT "+test.lacks+" ON `my_db`.* TO `l`@`h`"):
			t.Errorf("%q: %v (hint %q), want that it lacks %s", test.grants, err, fault.Hint(err), test.lacks)
		}
	}
}

func TestADumpProgramOfAnotherReleaseIsWarnedAbout(t *testing.T) {
	t.Parallel()
	for version, warned := range map[string]bool{"10.11.2-MariaDB-log": false, "10.6.1-MariaDB": false, "11.4.2-MariaDB": true, "10.12.0-MariaDB": true, "8.0.36": true} {
		m := &source.MariaDB{Label: "db", Database: "d", Server: &source.MariaDBServer{}}
		check, err := m.Check(t.Context(), look(t, version, "GRANT ALL PRIVILEGES ON *.* TO `l`@`h`"))
		if err != nil || len(check.Warnings) > 0 != warned || check.Estimate != 99 {
			t.Errorf("10.11 of a server %s: %+v, %v, want a warning: %v", version, check, err, warned)
		}
	}
}
