package testbed_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

func TestRealDatabasesAreSeparateAndGoneAfterTheTest(t *testing.T) {
	t.Parallel()
	server := testbed.Postgres(t)
	var first, second string
	t.Run("while it lasts", func(t *testing.T) {
		t.Cleanup(func() { server.SQL(t, "postgres", "SELECT 1") }) // a clean-up may ask, too
		first, second = server.CreateDatabase(t), server.CreateDatabase(t)
		server.SQL(t, first, "CREATE TABLE seen (n int, note text); INSERT INTO seen VALUES (1, 'a|b'), (2, NULL);")
		if got := server.SQL(t, first, "SELECT * FROM seen ORDER BY n"); got != "1|a|b\n2|" {
			t.Errorf("rows are %q", got)
		}
		if got := server.SQL(t, second, "SELECT count(*) FROM pg_tables WHERE tablename = 'seen'"); got != "0" {
			t.Errorf("the other database sees %s tables", got)
		}
	})
	left := server.SQL(t, "postgres", "SELECT count(*) FROM pg_database WHERE datname IN ('"+first+"', '"+second+"')")
	if left != "0" {
		t.Errorf("%s databases are left", left)
	}
}

func TestRealMariaDBDatabasesAreSeparateAndGoneAfterTheTest(t *testing.T) {
	t.Parallel()
	server := testbed.MariaDB(t)
	var first, second, user string
	t.Run("while it lasts", func(t *testing.T) {
		t.Cleanup(func() { server.SQL(t, "mysql", "SELECT 1") }) // a clean-up may ask, too
		first, second, user = server.CreateDatabase(t), server.CreateDatabase(t), server.CreateUser(t, `it's \ secret`)
		server.SQL(t, first, "CREATE TABLE seen (n int, note text); INSERT INTO seen VALUES (1, 'a\tñ'), (2, NULL);")
		if got := server.SQL(t, first, "SELECT * FROM seen ORDER BY n"); got != "1\ta\\tñ\n2\tNULL" {
			t.Errorf("rows are %q", got)
		}
		if got := server.SQL(t, second, "SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"); got != "0" {
			t.Errorf("the other database has %s tables", got)
		}
	})
	left := server.SQL(t, "mysql", "SELECT count(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ('"+first+"', '"+second+"') UNION ALL SELECT count(*) FROM mysql.user WHERE User = '"+user+"'")
	if left != "0\n0" {
		t.Errorf("databases and users that are left: %q", left)
	}
}

func TestRealClusterIsReachedByTheEnvironmentOfAClient(t *testing.T) {
	t.Parallel()
	server := testbed.Postgres(t)
	ready := command.Read(server.Program("pg_isready"))
	ready.Env = server.Client()
	if err := command.NewDoor(command.Local()).Run(t.Context(), ready); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(server.Bin, "pg_restore")); err != nil {
		t.Error(err)
	}
}

func TestRealPortAsksForThePasswordThatTheSocketDoesNotNeed(t *testing.T) {
	t.Parallel()
	server := testbed.Postgres(t)
	psql := command.Read(server.Program("psql"), "-X", "-w", "-d", "postgres", "-c", "SELECT 1")
	psql.Env = append(server.Client(), "PGHOST=127.0.0.1", "PGPASSWORD=", "PGPASSFILE=/dev/null")
	err := command.NewDoor(command.Local()).Run(t.Context(), psql)
	if err == nil || !strings.Contains(err.Error(), "no password supplied") {
		t.Errorf("psql over TCP without a password: %v", err)
	}
}
