package release_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/release"
)

// The test binary, as a child, fetches 3.11.9 from the URL in urlEnv below the directory in dirEnv and dies by SIGKILL
// when the n-th piece has come.
const (
	urlEnv  = "RELEASE_TEST_URL"
	dirEnv  = "RELEASE_TEST_DIR"
	dieEnv  = "RELEASE_TEST_DIE"
	survive = 3 // pieces that each child takes
)

func TestMain(m *testing.M) {
	if os.Getenv(urlEnv) == "" {
		os.Exit(m.Run())
	}
	if err := child(os.Getenv(urlEnv), os.Getenv(dirEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(url, dir string) error {
	left, err := strconv.Atoi(os.Getenv(dieEnv))
	if err != nil {
		return err
	}
	f := &release.Fetcher{Source: release.Source{From: url}, Dir: filepath.Join(dir, "downloads"), Keys: filepath.Join(dir, "keys"),
		Lock: filepath.Join(dir, "config", "cpython.lock"), Say: func(int64, int64) {
			if left--; left == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // nothing after this runs
			}
		}}
	_, err = f.Fetch(context.Background(), release.Version{Major: 3, Minor: 11, Patch: 9})
	return err
}

func TestKilledOverAndOverADownloadGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	door := command.NewDoor(command.Local())
	kills := 0
	for {
		c := command.Read(os.Args[0])
		c.Env = []string{urlEnv + "=" + r.url, dirEnv + "=" + filepath.Dir(r.Dir), dieEnv + "=" + strconv.Itoa(survive)}
		err := door.Run(t.Context(), c)
		if err == nil {
			break
		}
		var failed *command.Error
		if !errors.As(err, &failed) || failed.Exit != -1 {
			t.Fatal(err)
		}
		if _, err := os.Stat(r.file("3.11.9", "")); err == nil {
			t.Fatal("half a tarball has its final name")
		}
		if kills++; kills > len(text) {
			t.Fatal("it never ends")
		}
	}
	got := r.fetched("3.11.9")
	if got.SHA256 != digest(text) || got.Bytes != 0 || kills < 2 {
		t.Errorf("after %d kills: %+v", kills, got)
	}
}
