package testbed

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed/cluster"
)

// MariaDBServer is a MariaDB server for tests, with every right. Other tests use it at the same time: a test makes its
// own databases and users, and changes no setting of the server.
type MariaDBServer struct {
	cluster.MariaDB
	door *command.Door
}

// sharedMariaDB is what shared is for PostgreSQL.
//
//nolint:gochecknoglobals // one server a test process, and testing has no other place to keep it
var sharedMariaDB = sync.OnceValues(func() (cluster.MariaDB, error) {
	root, err := checkout()
	if err != nil {
		return cluster.MariaDB{}, err
	}
	m, _, err := cluster.StartMariaDB(context.Background(), command.NewDoor(command.Local()), root)
	return m, err
})

// MariaDB is a running MariaDB server.
func MariaDB(t testing.TB) *MariaDBServer {
	t.Helper()
	realOnly(t)
	m, found, err := cluster.MariaDBFromEnv(os.Getenv)
	if err == nil && !found {
		m, err = sharedMariaDB()
	}
	installed(t, err, cluster.ErrNoMariaDB)
	return &MariaDBServer{MariaDB: m, door: command.NewDoor(command.Local())}
}

// OwnMariaDB is a server that only this test uses: to stop it, to change its settings, to damage its files.
func OwnMariaDB(t testing.TB) *MariaDBServer {
	t.Helper()
	realOnly(t)
	root, err := checkout()
	if err != nil {
		t.Fatal(err)
	}
	door := command.NewDoor(command.Local())
	m, stop, err := cluster.StartMariaDB(t.Context(), door, root)
	installed(t, err, cluster.ErrNoMariaDB)
	t.Cleanup(func() {
		if err := stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &MariaDBServer{MariaDB: m, door: door}
}

// CreateDatabase makes an empty database with a name of its own and drops it when the test ends.
func (m *MariaDBServer) CreateDatabase(t testing.TB) string {
	t.Helper()
	name := "iact_t_" + strings.ToLower(rand.Text()[:12])
	m.SQL(t, "mysql", "CREATE DATABASE "+name)
	t.Cleanup(func() {
		if _, err := m.query(t, "mysql", "DROP DATABASE IF EXISTS "+name); err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	return name
}

// CreateUser makes a user with a password, who may log in at the socket and at 127.0.0.1, and drops it when the test
// ends.
func (m *MariaDBServer) CreateUser(t testing.TB, password string) string {
	t.Helper()
	name := "iact_u_" + strings.ToLower(rand.Text()[:12])
	quoted := "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(password) + "'"
	m.SQL(t, "mysql", "CREATE USER "+name+"@'%' IDENTIFIED BY "+quoted)
	t.Cleanup(func() {
		if _, err := m.query(t, "mysql", "DROP USER IF EXISTS "+name+"@'%'"); err != nil {
			t.Errorf("drop user %s: %v", name, err)
		}
	})
	return name
}

// SQL runs statements in a database and returns their rows: one a line, columns separated by tabs, with line breaks,
// tabs and backslashes in values escaped, NULL as NULL, without the last newline. A failed statement fails the test.
func (m *MariaDBServer) SQL(t testing.TB, database, statements string) string {
	t.Helper()
	out, err := m.query(t, database, statements)
	if err != nil {
		t.Fatalf("in database %s: %v", database, err)
	}
	return out
}

// query does not end with the test's context: clean-ups, which come after it, use SQL too.
func (m *MariaDBServer) query(t testing.TB, database, statements string) (string, error) {
	t.Helper()
	client := command.Change("mariadb", append(m.Login(), "--batch", "--skip-column-names", "--default-character-set=utf8mb4",
		"--max-allowed-packet=1G", "--database="+database)...)
	client.Stdin = strings.NewReader(statements)
	client.Timeout = 5 * time.Minute
	out, err := m.door.Text(context.WithoutCancel(t.Context()), client).String()
	return strings.TrimSuffix(out, "\n"), err
}

// Login is how a client program of MariaDB reaches the server, whatever stands in the option files of this machine.
func (m *MariaDBServer) Login() []string {
	return []string{"--no-defaults", "--socket=" + m.Socket, "--user=" + m.User}
}

// installed ends the test unless the server is there: on a machine without the service it is skipped, in CI it fails.
func installed(t testing.TB, err, missing error) {
	t.Helper()
	if errors.Is(err, missing) && os.Getenv("CI") != "true" {
		t.Skipf("%v: `scripts/testbed/install.sh` installs them on Debian and Ubuntu", err) //nolint:forbidigo // the one place
	}
	if err != nil {
		t.Fatal(err)
	}
}
