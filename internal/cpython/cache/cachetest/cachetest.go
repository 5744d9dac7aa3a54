// Package cachetest is what every store of finished builds has to pass.
package cachetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"iact-infra/internal/cpython/cache"
)

// Run puts stores that open makes, each of them empty, to the test.
func Run(t *testing.T, open func(t *testing.T) cache.Store) {
	t.Helper()
	for _, promise := range []struct {
		name string
		test func(t *testing.T, s cache.Store)
	}{
		{"what is put is read and listed in order", putsAndLists},
		{"an object is never replaced", neverReplaces},
		{"of several that put the same name one wins", oneWins},
		{"a write that fails leaves nothing", leavesNothing},
		{"a cancelled put leaves nothing", isCancelled},
		{"what is not there is told or passed over", missing},
		{"a move goes over what is there", moves},
		{"names that could lead elsewhere are refused", names},
	} {
		t.Run(promise.name, func(t *testing.T) { promise.test(t, open(t)) })
	}
}

func put(ctx context.Context, s cache.Store, name, text string) error {
	return s.Put(ctx, name, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

func read(t *testing.T, s cache.Store, name string) string {
	t.Helper()
	r, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatalf("open %s: %v", name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return string(data)
}

// holds compares the list with names and their sizes.
func holds(t *testing.T, s cache.Store, want map[string]int) {
	t.Helper()
	objects, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range objects {
		got = append(got, o.Name)
		if size, ok := want[o.Name]; !ok || int64(size) != o.Size || o.Modified.IsZero() {
			t.Errorf("the store lists %+v, want %v", o, want)
		}
	}
	if len(got) != len(want) || !slices.IsSorted(got) {
		t.Errorf("the store lists %q, want the names of %v in order", got, want)
	}
}

func putsAndLists(t *testing.T, s cache.Store) {
	holds(t, s, nil)
	large := string(bytes.Repeat([]byte("build"), 1<<20))
	for name, text := range map[string]string{"b.json": "manifest", "a-1.tar.zst": large, "c": ""} {
		if err := put(t.Context(), s, name, text); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, name); got != text {
			t.Errorf("%s has %d bytes, want the %d that were put", name, len(got), len(text))
		}
	}
	holds(t, s, map[string]int{"a-1.tar.zst": len(large), "b.json": 8, "c": 0})
}

func neverReplaces(t *testing.T, s cache.Store) {
	if err := put(t.Context(), s, "a", "first"); err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), s, "a", "second"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the second put gave %v", err)
	}
	err := s.Put(t.Context(), "b", func(w io.Writer) error {
		if err := put(t.Context(), s, "b", "meanwhile"); err != nil {
			t.Error(err)
		}
		_, err := io.WriteString(w, "late")
		return err
	})
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("the put that came late gave %v", err)
	}
	if a, b := read(t, s, "a"), read(t, s, "b"); a != "first" || b != "meanwhile" {
		t.Errorf("the store holds %q and %q", a, b)
	}
	holds(t, s, map[string]int{"a": 5, "b": 9})
}

func oneWins(t *testing.T, s cache.Store) {
	var wins atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			switch err := put(t.Context(), s, "a", "text"); {
			case err == nil:
				wins.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if wins.Load() != 1 {
		t.Errorf("%d puts of 8 won", wins.Load())
	}
	holds(t, s, map[string]int{"a": 4})
}

func leavesNothing(t *testing.T, s cache.Store) {
	broken := errors.New("the tree cannot be read")
	err := s.Put(t.Context(), "a", func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			t.Error(err)
		}
		holds(t, s, nil)
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	holds(t, s, nil)
	if err := put(t.Context(), s, "a", "whole"); err != nil || read(t, s, "a") != "whole" {
		t.Errorf("the next put: %v", err)
	}
}

func isCancelled(t *testing.T, s cache.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Put(ctx, "a", func(w io.Writer) error {
		cancel()
		_, err := io.WriteString(w, "half")
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	holds(t, s, nil)
}

func missing(t *testing.T, s cache.Store) {
	if _, err := s.Open(t.Context(), "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open gave %v", err)
	}
	if err := errors.Join(s.Delete(t.Context(), "a"), s.Move(t.Context(), "a", "b")); err != nil {
		t.Errorf("delete and move gave %v", err)
	}
	if err := put(t.Context(), s, "a", "text"); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	holds(t, s, nil)
}

func moves(t *testing.T, s cache.Store) {
	for _, name := range []string{"a", "bad-a"} {
		if err := put(t.Context(), s, name, "of "+name); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Move(t.Context(), "a", "bad-a"); err != nil {
		t.Fatal(err)
	}
	holds(t, s, map[string]int{"bad-a": 4})
	if got := read(t, s, "bad-a"); got != "of a" {
		t.Errorf("got %q", got)
	}
}

func names(t *testing.T, s cache.Store) {
	for _, name := range []string{"", ".", "..", ".hidden", "-f", "../a", "a/b", "/a", "a b", "A", "a\x00", "é"} {
		if err := put(t.Context(), s, name, "text"); err == nil {
			t.Errorf("%q was put", name)
		}
		if _, err := s.Open(t.Context(), name); err == nil {
			t.Errorf("%q was opened", name)
		}
		if s.Delete(t.Context(), name) == nil || s.Move(t.Context(), name, "b") == nil || s.Move(t.Context(), "b", name) == nil {
			t.Errorf("%q was deleted or moved", name)
		}
	}
	holds(t, s, nil)
}
