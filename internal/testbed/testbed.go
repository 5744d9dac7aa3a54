// Package testbed gives tests the real services that they need.
//
// `go tool mage test:all` starts them once and names them in the environment (cluster.HostVariable and its neighbours).
// Without that environment, in a plain `go test ./...`, a test process starts its own on first use. On a machine
// without the service a test is skipped, with the reason; with CI=true it fails.
//
// A test that uses a service has a name that begins with TestReal, so that the fast loop can leave it out by name
// (docs/testing.md).
package testbed

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed/cluster"
)

// Cluster is a PostgreSQL server for tests, superuser and all. Other tests use it at the same time: a test makes its own
// databases and roles, and changes no setting of the server.
type Cluster struct {
	cluster.Cluster
	door *command.Door
}

// shared is the cluster that this process started, if it had to. It lives as long as the process, which the script
// watches: Go has no place to stop it in.
//
//nolint:gochecknoglobals // one cluster a test process, and testing has no other place to keep it
var shared = sync.OnceValues(start)

func start() (cluster.Cluster, error) {
	root, err := checkout()
	if err != nil {
		return cluster.Cluster{}, err
	}
	c, _, err := cluster.Start(context.Background(), command.NewDoor(command.Local()), root)
	return c, err
}

// checkout is the checkout that this test runs in.
func checkout() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return cluster.Root(here)
}

// realOnly insists on the name by which test:unit leaves a test out.
func realOnly(t testing.TB) {
	t.Helper()
	if name := t.Name(); strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "TestReal") && !strings.HasPrefix(name, "TestWhole") {
		t.Fatalf("%s uses a real service: begin its name with TestReal, by which test:unit leaves it out", name)
	}
}

// Postgres is a running PostgreSQL server.
func Postgres(t testing.TB) *Cluster {
	t.Helper()
	realOnly(t)
	c, found, err := cluster.FromEnv(os.Getenv)
	if err == nil && !found {
		c, err = shared()
	}
	installed(t, err, cluster.ErrNotInstalled)
	return &Cluster{Cluster: c, door: command.NewDoor(command.Local())}
}

// CreateDatabase makes an empty database with a name of its own and drops it when the test ends.
func (c *Cluster) CreateDatabase(t testing.TB) string {
	t.Helper()
	name := "iact_t_" + strings.ToLower(rand.Text()[:12])
	c.SQL(t, "postgres", "CREATE DATABASE "+name+" TEMPLATE template0")
	t.Cleanup(func() {
		drop := "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"
		if _, err := c.query(t, "postgres", drop); err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	return name
}

// SQL runs statements in a database, each in a transaction of its own, and returns their rows: one a line, columns
// separated by |, NULL as nothing, without the last newline. A failed statement fails the test.
func (c *Cluster) SQL(t testing.TB, database, statements string) string {
	t.Helper()
	out, err := c.query(t, database, statements)
	if err != nil {
		t.Fatalf("in database %s: %v", database, err)
	}
	return out
}

// query does not end with the test's context: clean-ups, which come after it, use SQL too.
func (c *Cluster) query(t testing.TB, database, statements string) (string, error) {
	t.Helper()
	psql := command.Change(c.Program("psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1",
		"-h", c.Host, "-p", strconv.Itoa(c.Port), "-U", c.User, "-d", database)
	psql.Stdin = strings.NewReader(statements)
	psql.Timeout = 5 * time.Minute
	out, err := c.door.Text(context.WithoutCancel(t.Context()), psql).String()
	return strings.TrimSuffix(out, "\n"), err
}

// Program is the path of one of the cluster's own programs, such as pg_dump.
func (c *Cluster) Program(name string) string { return filepath.Join(c.Bin, name) }

// Client is the environment by which PostgreSQL's programs find the cluster, as NAME=VALUE lines.
func (c *Cluster) Client() []string {
	return []string{"PGHOST=" + c.Host, "PGPORT=" + strconv.Itoa(c.Port), "PGUSER=" + c.User}
}
