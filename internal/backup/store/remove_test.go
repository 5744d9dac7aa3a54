package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/fault"
)

// linked makes sets 1 to n of which neighbours share a part: 1 with 2, 3 with 4.
func linked(t testing.TB, s *store.Store, n int) {
	t.Helper()
	shelf := archive.Shelf{}
	for i := 1; i <= n; i++ {
		var text strings.Builder
		for k := range 20000 {
			fmt.Fprintf(&text, "%x ", (k+1)*((i+1)/2+7919)*2654435761)
		}
		draft, m, err := begin(s, i, "db", text.String(), shelf)
		if err != nil {
			t.Fatal(err)
		}
		set, err := draft.Seal(m, map[string][]byte{"RESTORE.md": []byte("how")})
		if err != nil {
			t.Fatal(err)
		}
		parts, err := set.Parts(&m.Sources[0])
		if err != nil {
			t.Fatal(err)
		}
		shelf.Add(filepath.Join(set.Dir, "db"), parts)
	}
}

// used is how many bytes of the disk a store takes.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	total, seen := int64(0), map[uint64]bool{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		var st unix.Stat_t
		if err := errors.Join(err, unix.Lstat(path, &st)); err != nil {
			return err
		}
		if path != dir && !seen[st.Ino] {
			seen[st.Ino] = true
			total += st.Blocks * 512
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

func TestWhatComesFreeIsKnownBefore(t *testing.T) {
	t.Parallel()
	for _, numbers := range [][]int{{}, {1}, {2}, {1, 2}, {2, 3}, {1, 2, 3}, {1, 2, 3, 4}} {
		s := newStore(t)
		linked(t, s, 4)
		var gone []string
		for _, n := range numbers {
			gone = append(gone, id(n))
		}
		before := used(t, s.Dir())
		freed, err := s.Freed(gone...)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Remove(t.Context(), gone...); err != nil {
			t.Fatal(err)
		}
		if really := before - used(t, s.Dir()); freed != really {
			t.Errorf("removing sets %v frees %d bytes, %d were expected", numbers, really, freed)
		}
		if both := slices.Contains(numbers, 1) && slices.Contains(numbers, 2); both != (freed > 50000) {
			t.Errorf("removing sets %v frees %d bytes, although the part that 1 and 2 share is large", numbers, freed)
		}
	}
}

func TestRemovedSetsAreGoneAndTheOthersWhole(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	linked(t, s, 5)
	if err := s.Remove(t.Context(), id(1), id(4), id(2)); err != nil {
		t.Fatal(err)
	}
	onlyWhole(t, s, 5, 3)
	nothingLeft(t, s)
}

// nothingLeft makes sure that no half of a set lies about.
func nothingLeft(t *testing.T, s *store.Store) {
	t.Helper()
	names, err := os.ReadDir(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), ".deleting-") {
			t.Errorf("%s is left", n.Name())
		}
	}
}

// onlyWhole makes sure that exactly these sets are listed and that each is whole.
func onlyWhole(t *testing.T, s *store.Store, numbers ...int) {
	t.Helper()
	listed, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, n := range numbers {
		want = append(want, id(n))
	}
	if !slices.Equal(ids(listed), want) {
		t.Errorf("listed are %q, want %q", ids(listed), want)
	}
	for _, l := range listed {
		if bad := whole(l); bad != nil {
			t.Errorf("set %s: %v", l.ID, bad)
		}
	}
}

func TestOnlyWhatIsNamedLikeASetIsRemoved(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	mustSeal(t, s, 1)
	put(t, filepath.Join(filepath.Dir(s.Dir()), "precious"), "x")
	for _, bad := range []string{"", ".", "..", "../precious", ".git", ".incomplete-" + id(1), id(1) + "/db", "photos"} {
		err := s.Remove(t.Context(), id(1), bad)
		if fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "that is no id of a set") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := s.Remove(t.Context(), id(2)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a set that is not there: %v", err)
	}
	onlyWhole(t, s, 1)
	if _, err := os.Stat(filepath.Join(filepath.Dir(s.Dir()), "precious")); err != nil {
		t.Error(err)
	}
}

func TestACancelledRemovalIsFinishedByTheNextRun(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	linked(t, s, 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Remove(ctx, id(1), id(2)); !errors.Is(err, context.Canceled) {
		t.Errorf("the removal says %v", err)
	}
	onlyWhole(t, s, 3)
	if err := s.Prepare(); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, s)
}

// TestAnErrorAtAnyChangeOfARemovalHarmsNoOtherSet fails each change in turn. A
// set is there as a whole or not at all, and the next run brings it to its end.
func TestAnErrorAtAnyChangeOfARemovalHarmsNoOtherSet(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		good := newStore(t)
		linked(t, good, 4)
		count := 0
		failing := store.New(good.Dir(), disk.New(func(disk.Op) error {
			if count++; count == n {
				return unix.EIO
			}
			return nil
		}))
		err := failing.Remove(t.Context(), id(1), id(3))
		if err == nil {
			onlyWhole(t, good, 4, 2)
			if n < 10 {
				t.Errorf("only %d changes were walked through", n-1)
			}
			return
		}
		if !errors.Is(err, unix.EIO) || fault.Hint(err) == "" {
			t.Errorf("change %d failed and the removal says %v, hint %q", n, err, fault.Hint(err))
		}
		listed, err := good.List()
		if err != nil {
			t.Fatal(err)
		}
		var again []string
		for _, l := range listed {
			if bad := whole(l); bad != nil {
				t.Errorf("change %d failed and set %s is listed: %v", n, l.ID, bad)
			}
			if l.ID == id(1) || l.ID == id(3) {
				again = append(again, l.ID)
			}
		}
		if err := errors.Join(good.Prepare(), good.Remove(t.Context(), again...)); err != nil {
			t.Errorf("change %d failed, and the next run: %v", n, err)
		}
		onlyWhole(t, good, 4, 2)
	}
}

// BenchmarkListAThousandSets is the store's share of deciding a rotation.
func BenchmarkListAThousandSets(b *testing.B) {
	s := store.New(filepath.Join(b.TempDir(), "sets"), disk.New(nil))
	if err := s.Prepare(); err != nil {
		b.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1000 {
		at := start.Add(time.Duration(i) * time.Hour)
		m := &manifest.Manifest{ID: at.Format("20060102T150405Z") + "-host-abc", Sequence: int64(i + 1), Time: at, Host: "host"}
		for _, name := range []string{"config", "iact", "ivr", "roles"} {
			m.Sources = append(m.Sources, manifest.Source{Name: name, Kind: "files", Dir: "files-" + name, State: manifest.Written})
		}
		data, err := manifest.Encode(m)
		if err != nil {
			b.Fatal(err)
		}
		state, err := manifest.EncodeState(&manifest.State{Sources: map[string]manifest.SourceState{"config": {State: manifest.Verified}}})
		if err != nil {
			b.Fatal(err)
		}
		dir := filepath.Join(s.Dir(), m.ID)
		if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, manifest.File), data, 0o400), os.WriteFile(filepath.Join(dir, manifest.StateFile), state, 0o600)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if all, err := s.List(); err != nil || len(all) != 1000 {
			b.Fatalf("%d sets, %v", len(all), err)
		}
	}
}
