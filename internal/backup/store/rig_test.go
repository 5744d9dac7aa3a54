package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/store"
)

// newStore is a store that is ready, in a directory with a difficult name.
func newStore(t *testing.T) *store.Store {
	t.Helper()
	s := store.New(filepath.Join(t.TempDir(), "a [store", "sets"), disk.New(nil))
	if err := s.Prepare(); err != nil {
		t.Fatal(err)
	}
	return s
}

// id is that of the nth set; the clock goes back with each.
func id(n int) string { return fmt.Sprintf("202611%02dT101112Z-host-abc", 30-n) }

// begin starts a set and lays one source of one part down in it.
func begin(s *store.Store, n int, source, text string, shelf archive.Shelf) (*store.Draft, *manifest.Manifest, error) {
	m := &manifest.Manifest{ID: id(n), Sequence: int64(n), Host: "host"}
	draft, err := s.Begin(m.ID)
	if err != nil {
		return nil, nil, err
	}
	press, err := archive.NewPress("fast")
	if err != nil {
		return nil, nil, err
	}
	layer, err := archive.NewLayer(context.Background(), press, draft.Disk(), filepath.Join(draft.Dir, source), shelf, nil)
	if err != nil {
		return nil, nil, err
	}
	if _, err := layer.Stream(strings.NewReader(text)); err != nil {
		return nil, nil, layer.Abort(err)
	}
	laid, err := layer.Close()
	if err != nil {
		return nil, nil, err
	}
	m.Sources = []manifest.Source{{Name: source, Dir: source, State: manifest.Written, Parts: len(laid.Parts), List: laid.List, New: laid.New}}
	return draft, m, nil
}

// seal makes the nth set.
func seal(s *store.Store, n int) error {
	draft, m, err := begin(s, n, "db", "text of "+id(n), nil)
	if err != nil {
		return err
	}
	_, err = draft.Seal(m, map[string][]byte{"RESTORE.md": []byte("how")})
	return err
}

func mustSeal(t *testing.T, s *store.Store, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		if err := seal(s, n); err != nil {
			t.Fatal(err)
		}
	}
}

// whole says what is wrong with a set that is listed.
func whole(l store.Listed) error {
	if l.Err != nil {
		return l.Err
	}
	for i := range l.Set.Manifest.Sources {
		source := &l.Set.Manifest.Sources[i]
		parts, err := l.Set.Parts(source)
		if err != nil {
			return err
		}
		for _, p := range parts {
			if !archive.Present(filepath.Join(l.Set.Dir, source.Dir), p) {
				return fmt.Errorf("part %d is missing", p.Number)
			}
		}
	}
	_, err := os.Stat(filepath.Join(l.Set.Dir, "RESTORE.md"))
	return err
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func gone(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, os.ErrNotExist)
}
