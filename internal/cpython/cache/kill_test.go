package cache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/cache"
)

// childEnv makes the test binary a program that saves or unpacks and kills
// itself at the nth thing it does: "save N STORE PREFIX TREE".
const childEnv = "CACHE_TEST_CHILD"

func TestMain(m *testing.M) {
	if order := os.Getenv(childEnv); order != "" {
		if err := child(strings.Fields(order)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(order []string) error {
	left, err := strconv.Atoi(order[1])
	if err != nil {
		return err
	}
	mortal := &mortal{Store: cache.Dir(order[2])}
	mortal.left.Store(int64(left))
	c := &cache.Cache{Store: mortal, Say: func(int64, int64) { mortal.step() }}
	switch order[0] {
	case "save":
		_, err = c.Save(context.Background(), key(), meta(order[3]), order[4])
	case "unpack":
		_, err = c.Unpack(context.Background(), key(), order[3])
	case "export":
		_, err = c.Export(context.Background(), key(), order[3], 1)
	}
	if err != nil {
		return err
	}
	return peak()
}

// mortal kills the process when its steps are used up. The compressor writes
// from a goroutine of its own.
type mortal struct {
	cache.Store
	left atomic.Int64
}

func (m *mortal) step() {
	if m.left.Add(-1) == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (m *mortal) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	m.step()
	err := m.Store.Put(ctx, name, func(w io.Writer) error {
		if err := write(stepping{w, m}); err != nil {
			return err
		}
		m.step()
		return nil
	})
	m.step()
	return err
}

func (m *mortal) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	m.step()
	return m.Store.Open(ctx, name)
}

type stepping struct {
	io.Writer
	m *mortal
}

func (s stepping) Write(p []byte) (int, error) {
	s.m.step()
	return s.Writer.Write(p)
}

// killed runs a child and reports whether it was killed. Otherwise it did its
// work.
func (r *rig) killed(what string, n int, args ...string) bool {
	r.t.Helper()
	c := command.Change(os.Args[0])
	c.Env = []string{childEnv + "=" + strings.Join(append([]string{what, strconv.Itoa(n), r.store}, args...), " ")}
	err := r.Door.Run(r.t.Context(), c)
	var failed *command.Error
	if errors.As(err, &failed) && strings.Contains(failed.Error(), "SIGKILL") {
		return true
	}
	must(r.t, err)
	return false
}

func TestSlowASaveThatIsKilledAnywhereLeavesNoEntryOrAWholeOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	n := 1
	for ; r.killed("save", n, r.prefix, r.tree); n++ {
		_, err := r.unpack()
		switch {
		case err == nil:
			same(t, r.prefix, r.tree)
			must(t, os.RemoveAll(r.prefix))
		case !errors.Is(err, cache.ErrNone):
			t.Errorf("killed at %d: %v", n, err)
		}
		r.save()
		if _, err := r.unpack(); err != nil {
			t.Errorf("killed at %d, saved anew: %v", n, err)
		}
		must(t, os.RemoveAll(r.prefix))
		must(t, r.Delete(t.Context(), key().ID()))
		if left := r.objects(); len(left) > 0 {
			t.Errorf("killed at %d: %q are left in the store", n, left)
		}
	}
	if n < 20 {
		t.Errorf("it was killed at %d places only", n-1)
	}
}

func TestAnUnpackThatIsKilledAnywhereLeavesNoBuildAndTheNextOneTidiesUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.save()
	n := 1
	for ; r.killed("unpack", n, r.prefix); n++ {
		for _, name := range ls(t, filepath.Dir(r.prefix)) {
			if !strings.HasPrefix(name, ".python-"+version+".partial-") {
				t.Errorf("killed at %d: beside the prefix lies %s", n, name)
			}
		}
	}
	if n < 10 {
		t.Errorf("it was killed at %d places only", n-1)
	}
	same(t, r.prefix, r.tree)
	if got := ls(t, filepath.Dir(r.prefix)); len(got) != 1 {
		t.Errorf("after the one that was not killed, beside the prefix lie %q", got)
	}
}

func TestAnExportThatIsKilledAnywhereLeavesNoArtefact(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.save()
	dir := t.TempDir()
	const name = "cpython-3.13.5-debian12-build1.tgz"
	n := 1
	for ; r.killed("export", n, dir); n++ {
		for _, left := range ls(t, dir) {
			if !strings.HasPrefix(left, "."+name+".partial-") {
				t.Errorf("killed at %d: %s is left", n, left)
			}
		}
	}
	if got := strings.Join(ls(t, dir), " "); n < 10 || got != name+" "+name+".sha256" {
		t.Errorf("after %d that were killed and one that was not there are %s", n-1, got)
	}
}
