package endtoend_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/house"
)

// root is the checkout, seen from this package's directory.
const root = "../.."

// TestMain takes the built program away again.
func TestMain(m *testing.M) {
	m.Run()
	if dir, err := programDir(); err == nil {
		_ = os.RemoveAll(dir)
	}
}

// built is the program, made by the first test that wants it.
var built = sync.OnceValues(build)

// program is the path of the program under test.
func program(t *testing.T) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatalf("build the program: %v", err)
	}
	return path
}

// programDir lies beside the test binary, which go test makes in a directory of
// its own for each run.
func programDir() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(self), "program"), nil
}

func build() (string, error) {
	dir, err := programDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	checkout, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	if err := readSources(filepath.Join(checkout, "magefiles")); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "iact")
	_, err = house.Build(context.Background(), command.NewDoor(command.Local()), checkout, path, "v0-test")
	return path, err
}

// readSources reads the magefiles, which no package of the tests imports. go
// test notes what a test reads, so that a cached result is dropped when one of
// them changes.
func readSources(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		if _, err = os.ReadFile(path); errors.Is(err, fs.ErrNotExist) {
			return nil // what mage writes while it builds
		}
		return err
	})
}
