package source_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
	"iact-infra/internal/testbed"
)

// connect is the server of the tests, seen through a door that refuses changes.
func connect(t *testing.T, c *testbed.Cluster) (*source.Server, *command.Door) {
	t.Helper()
	return &source.Server{Host: c.Host, Port: c.Port, User: c.User, Getenv: noEnvironment}, command.NewDoor(commandtest.ReadOnly(t, command.Local()))
}

// newRole makes a role with a password and drops it when the test ends.
func newRole(t *testing.T, c *testbed.Cluster, password string) string {
	t.Helper()
	role := "iact_r_" + strings.ToLower(rand.Text()[:12])
	c.SQL(t, "postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", role, password))
	return role
}

func find(t *testing.T, all []source.Database, name string) source.Database {
	t.Helper()
	for _, d := range all {
		if d.Name == name {
			return d
		}
	}
	t.Fatalf("database %s is not among the %d listed", name, len(all))
	return source.Database{}
}

func TestRealDatabasesAreListedWithAllThatARestoreNeeds(t *testing.T) {
	t.Parallel()
	cluster := testbed.Postgres(t)
	server, door := connect(t, cluster)
	role := newRole(t, cluster, "unused")
	name := "Iact 'T' ñ " + rand.Text()[:10]
	cluster.SQL(t, "postgres", fmt.Sprintf(`CREATE DATABASE "%s" TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' OWNER %s CONNECTION LIMIT 7`, name, role))
	t.Cleanup(func() {
		cluster.SQL(t, "postgres", fmt.Sprintf("DROP DATABASE \"%s\"; DROP ROLE %s", name, role))
	})
	cluster.SQL(t, "postgres", fmt.Sprintf(`ALTER DATABASE "%[1]s" SET work_mem = '7MB'; ALTER ROLE %[2]s IN DATABASE "%[1]s" SET search_path = a, b; REVOKE CONNECT ON DATABASE "%[1]s" FROM PUBLIC`, name, role))
	all, err := server.Databases(t.Context(), door, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	d := find(t, all, name)
	if d.Encoding != "LATIN1" || d.Collate != "C" || d.Ctype != "C" || d.Owner != role || d.Limit != 7 || !d.Connects || !d.Passwords || d.Size < 1<<20 {
		t.Errorf("the database is told as %+v", d)
	}
	if !strings.Contains(d.ACL, role+"=CTc/"+role) || !strings.Contains(d.ACL, "{=T/") {
		t.Errorf("its rights are told as %s", d.ACL)
	}
	var settings []struct {
		Role     string
		Settings []string
	}
	if err := json.Unmarshal([]byte(d.Settings), &settings); err != nil || len(settings) != 2 {
		t.Fatalf("its settings are told as %s (%v)", d.Settings, err)
	}
	of := map[string]string{}
	for _, s := range settings {
		of[s.Role] = strings.Join(s.Settings, ";")
	}
	if of[""] != "work_mem=7MB" || of[role] != "search_path=a, b" {
		t.Errorf("its settings are told as %q", of)
	}
	if d.Version/10000 < 9 || !strings.HasPrefix(d.Server, fmt.Sprint(d.Version/10000)) {
		t.Errorf("the server's version is told as %d and %s", d.Version, d.Server)
	}
	for _, other := range all {
		if strings.HasPrefix(other.Name, "template") {
			t.Errorf("a template is listed: %s", other.Name)
		}
	}
}

func TestRealLoginWithoutRightsIsToldSoAndStillLists(t *testing.T) {
	t.Parallel()
	cluster := testbed.Postgres(t)
	_, door := connect(t, cluster)
	role := newRole(t, cluster, "low-rights")
	closed := cluster.CreateDatabase(t)
	cluster.SQL(t, "postgres", fmt.Sprintf("REVOKE CONNECT ON DATABASE %s FROM PUBLIC", closed))
	t.Cleanup(func() { cluster.SQL(t, "postgres", "DROP ROLE "+role) })
	server := &source.Server{Host: "127.0.0.1", Port: cluster.Port, User: role, Password: "low-rights", Getenv: noEnvironment}
	all, err := server.Databases(t.Context(), door, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	if d := find(t, all, closed); d.Passwords || d.Size != 0 || d.Owner != cluster.User {
		t.Errorf("to a login without rights the database is told as %+v", d)
	}
	globals := &source.Globals{Label: "roles", Server: server}
	check, err := globals.Check(t.Context(), door)
	if err != nil || len(check.Warnings) != 1 || !strings.Contains(globals.Plan(door, "/x"), "--no-role-passwords") {
		t.Errorf("roles without the right to read passwords: %+v, %v, %s", check, err, globals.Plan(door, "/x"))
	}
	server.Password = "wrong"
	if _, err := server.Databases(t.Context(), door, "postgres"); err != nil && strings.Contains(err.Error(), "low-rights") {
		t.Errorf("the error shows a password: %v", err)
	}
}

// TestRealEmptyIsOnlyWhatHoldsNothingOfItsOwn: one object of any kind is enough.
func TestRealEmptyIsOnlyWhatHoldsNothingOfItsOwn(t *testing.T) {
	t.Parallel()
	cluster := testbed.Postgres(t)
	server, door := connect(t, cluster)
	database := cluster.CreateDatabase(t)
	empty := func() bool {
		t.Helper()
		is, err := server.Empty(t.Context(), door, database)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	if !empty() {
		t.Error("a new database is not empty")
	}
	for made, undo := range map[string]string{
		"CREATE TABLE t (n int)":                                     "DROP TABLE t",
		"CREATE VIEW v AS SELECT 1":                                  "DROP VIEW v",
		"CREATE SEQUENCE s":                                          "DROP SEQUENCE s",
		"CREATE SCHEMA other":                                        "DROP SCHEMA other",
		"CREATE TYPE mood AS ENUM ('well')":                          "DROP TYPE mood",
		"CREATE DOMAIN d AS int":                                     "DROP DOMAIN d",
		"SELECT lo_create(4711)":                                     "SELECT lo_unlink(4711)",
		"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'": "DROP FUNCTION f",
	} {
		cluster.SQL(t, database, made)
		if empty() {
			t.Errorf("after %s the database counts as empty", made)
		}
		cluster.SQL(t, database, undo)
		if !empty() {
			t.Errorf("after %s the database does not count as empty", undo)
		}
	}
	if _, err := server.Empty(t.Context(), door, database+"_none"); err == nil {
		t.Error("a database that is not there counts as empty or not")
	}
}

func TestRealDatabaseThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	cluster := testbed.Postgres(t)
	server, door := connect(t, cluster)
	missing := &source.Postgres{Label: "db", Database: "iact_none", Server: server}
	_, err := missing.Check(t.Context(), door)
	if fault.Code(err) != fault.Missing || fault.Hint(err) == "" || !strings.Contains(err.Error(), "iact_none") {
		t.Errorf("a database that is not there: %v (code %d, hint %q)", err, fault.Code(err), fault.Hint(err))
	}
	nobody := &source.Postgres{Label: "db", Database: "iact_none", Server: &source.Server{Host: t.TempDir(), Port: 1, Getenv: noEnvironment}}
	if _, err := nobody.Check(t.Context(), door); err == nil || fault.Code(err) == fault.Missing {
		t.Errorf("a server that is not there is told as a database that is not: %v", err)
	}
}
