package cluster_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed/cluster"
)

func TestWhatEnvWritesFromEnvReads(t *testing.T) {
	t.Parallel()
	want := cluster.Cluster{Host: "/tmp/x/socket", Port: 5499, User: "postgres", Bin: "/usr/lib/postgresql/15/bin"}
	got, found, err := cluster.FromEnv(among(want.Env()))
	if err != nil || !found || got != want {
		t.Errorf("got %+v, %v, %v", got, found, err)
	}
	if _, found, err = cluster.FromEnv(among(nil)); found || err != nil {
		t.Errorf("an empty environment: %v, %v", found, err)
	}
}

func TestHalfAnEnvironmentIsAnErrorThatNamesTheVariable(t *testing.T) {
	t.Parallel()
	whole := cluster.Cluster{Host: "/s", Port: 1, User: "u", Bin: "/b"}.Env()
	for i, want := range []string{1: "IACT_TEST_PGPORT", 2: "IACT_TEST_PGUSER", 3: "IACT_TEST_PGBIN"} {
		if want == "" {
			continue
		}
		_, _, err := cluster.FromEnv(among(slices.Delete(slices.Clone(whole), i, i+1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v", want, err)
		}
	}
}

func TestAMariaDBServerIsHandedOverByItsEnvironment(t *testing.T) {
	t.Parallel()
	want := cluster.MariaDB{Socket: "/tmp/x/socket", Port: 3399, User: "root", Data: "/tmp/x/data"}
	got, found, err := cluster.MariaDBFromEnv(among(want.Env()))
	if err != nil || !found || got != want {
		t.Errorf("got %+v, %v, %v", got, found, err)
	}
	if _, found, err = cluster.MariaDBFromEnv(among(nil)); found || err != nil {
		t.Errorf("an empty environment: %v, %v", found, err)
	}
	for i, missing := range []string{1: "IACT_TEST_MYSQL_PORT", 2: "IACT_TEST_MYSQL_USER", 3: "IACT_TEST_MYSQL_DATA"} {
		if missing == "" {
			continue
		}
		_, _, err := cluster.MariaDBFromEnv(among(slices.Delete(want.Env(), i, i+1)))
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

func TestRootIsTheFolderOfThisModuleAndNoOther(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	below := filepath.Join(root, "tools", "deep")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "go.mod"), "module iact-infra\n\ngo 1.25.0\n")
	write(t, filepath.Join(root, "tools", "go.mod"), "module iact-infra/tools\n")
	if got, err := cluster.Root(below); err != nil || got != root {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := cluster.Root(t.TempDir()); err == nil {
		t.Error("a folder outside of every checkout has a root")
	}
}

func TestRealClusterStopsWithoutATrace(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(command.Local())
	server, stop, err := cluster.Start(t.Context(), door, filepath.Join("..", "..", ".."))
	if errors.Is(err, cluster.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skip(err) //nolint:forbidigo // package testbed cannot be asked about what it is made of
	}
	if err != nil {
		t.Fatal(err)
	}
	ready := command.Read(filepath.Join(server.Bin, "pg_isready"), "-h", server.Host, "-p", strconv.Itoa(server.Port))
	if err := door.Run(t.Context(), ready); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := door.Run(t.Context(), ready); err == nil {
		t.Error("it still answers")
	}
	if _, err := os.Stat(filepath.Dir(server.Host)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its directory: %v", err)
	}
}

func TestRealMariaDBStopsWithoutATrace(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(command.Local())
	server, stop, err := cluster.StartMariaDB(t.Context(), door, filepath.Join("..", "..", ".."))
	if errors.Is(err, cluster.ErrNoMariaDB) && os.Getenv("CI") != "true" {
		t.Skip(err) //nolint:forbidigo // package testbed cannot be asked about what it is made of
	}
	if err != nil {
		t.Fatal(err)
	}
	ready := command.Read("mariadb", "--no-defaults", "--socket="+server.Socket, "--user="+server.User, "-e", "SELECT 1")
	if err := door.Run(t.Context(), ready); err != nil {
		t.Error(err)
	}
	open := command.Read("mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--port="+strconv.Itoa(server.Port), "--user="+server.User, "-e", "SELECT 1")
	if err := door.Run(t.Context(), open); err == nil {
		t.Error("its port needs no password")
	}
	for range 2 {
		if err := stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := door.Run(t.Context(), ready); err == nil {
		t.Error("it still answers")
	}
	if _, err := os.Stat(filepath.Dir(server.Socket)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its directory: %v", err)
	}
}

func among(lines []string) func(string) string {
	return func(name string) string {
		for _, line := range lines {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
