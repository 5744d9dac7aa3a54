package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/store"
)

// TestSlowSetIsListedWholeOrNotAtAll fails each change of a backup in turn, from
// the beginning of the set to the last sync.
func TestSlowSetIsListedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		good := newStore(t)
		mustSeal(t, good, 1)
		count := 0
		failing := store.New(good.Dir(), disk.New(func(disk.Op) error {
			if count++; count == n {
				return unix.EIO
			}
			return nil
		}))
		err := seal(failing, 2)
		listed, listErr := good.List()
		if listErr != nil || len(listed) == 0 {
			t.Fatalf("change %d failed and the store lists %v (%v)", n, ids(listed), listErr)
		}
		for _, l := range listed {
			if bad := whole(l); bad != nil {
				t.Errorf("change %d failed and set %s is listed: %v", n, l.ID, bad)
			}
		}
		if err == nil {
			if len(listed) != 2 || n < 20 {
				t.Errorf("after %d changes the store lists %v", n-1, ids(listed))
			}
			return
		}
		if !errors.Is(err, unix.EIO) {
			t.Errorf("change %d failed and the backup says: %v", n, err)
		}
		if err := errors.Join(good.Prepare(), seal(good, 3)); err != nil {
			t.Errorf("change %d failed, and the next run: %v", n, err)
		}
	}
}

// TestNoTwoSetsHaveOneID: neither a draft nor a set is written over.
func TestNoTwoSetsHaveOneID(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	draft, m, err := begin(s, 1, "db", "text", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(m.ID); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second draft of the same id: %v", err)
	}
	put(t, filepath.Join(s.Dir(), m.ID, "something"), "")
	if _, err := draft.Seal(m, nil); err == nil {
		t.Error("a draft took the place of what was there")
	}
}

// TestTheNextRunUsesWhatAnUnfinishedSetHolds, but only what is whole.
func TestTheNextRunUsesWhatAnUnfinishedSetHolds(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if _, _, err := begin(s, 1, "db", "text", nil); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(s.Dir(), ".incomplete-"+id(1), "db")
	frame, err := os.ReadFile(filepath.Join(old, manifest.PartName(1)))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(frame)
	flipped[len(flipped)-1] ^= 1
	for n, data := range [][]byte{{}, frame[:len(frame)-1], make([]byte, 4096), flipped, append(bytes.Clone(frame), 0)} {
		put(t, filepath.Join(old, manifest.PartName(n+2)), string(data))
	}
	put(t, filepath.Join(old, ".00000009.zst.tmp"), string(frame))
	draft, err := s.Begin(id(2))
	if err != nil {
		t.Fatal(err)
	}
	shelf := archive.Shelf{}
	if err := errors.Join(draft.Leftovers("db", shelf), draft.Leftovers("never-begun", shelf)); err != nil {
		t.Fatal(err)
	}
	known, ok := shelf[manifest.Sum([]byte("text"))]
	if len(shelf) != 1 || !ok || known.Path != filepath.Join(old, manifest.PartName(1)) || known.Part.Hash != manifest.Sum(frame) || !known.Part.ReadAt.IsZero() {
		t.Errorf("of one whole part and six that are not, the shelf holds %+v", shelf)
	}
	_, m, err := begin(s, 3, "db", "text", shelf)
	if err != nil || m.Sources[0].New != 0 {
		t.Errorf("the next run wrote %d bytes anew (%v)", m.Sources[0].New, err)
	}
}

// TestAnUnfinishedSetGoesOnceItsSourcesAreInASet: what a failed source has
// laid down waits for its next run.
func TestAnUnfinishedSetGoesOnceItsSourcesAreInASet(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for n, source := range []string{"db", "config"} {
		if _, _, err := begin(s, n+1, source, "text", nil); err != nil {
			t.Fatal(err)
		}
	}
	db, config := filepath.Join(s.Dir(), ".incomplete-"+id(1)), filepath.Join(s.Dir(), ".incomplete-"+id(2))
	put(t, filepath.Join(config, "RESTORE.md"), "")
	put(t, filepath.Join(config, "db", "00000001.zst"), "")
	draft, m, err := begin(s, 3, "db", "text", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := draft.Seal(m, map[string][]byte{"RESTORE.md": nil}); err != nil {
		t.Fatal(err)
	}
	if err := draft.Tidy(func(source string) bool { return source == "db" }); err != nil {
		t.Fatal(err)
	}
	if !gone(db) || gone(filepath.Join(config, "config", manifest.PartName(1))) || !gone(filepath.Join(config, "db")) {
		t.Errorf("db is gone: %v; config is gone: %v", gone(db), gone(config))
	}
	if listed, err := s.List(); err != nil || len(listed) != 1 || whole(listed[0]) != nil {
		t.Errorf("the store lists %v (%v)", ids(listed), err)
	}
	if err := draft.Tidy(func(string) bool { return true }); err != nil || !gone(config) {
		t.Errorf("with every source done: %v; it is gone: %v", err, gone(config))
	}
}

func TestADraftDropsOneSourceOrAll(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	draft, _, err := begin(s, 1, "db", "text", nil)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(draft.Dir, "config", "00000001.zst"), "")
	if err := draft.Drop("db"); err != nil || !gone(filepath.Join(draft.Dir, "db")) || gone(filepath.Join(draft.Dir, "config")) {
		t.Errorf("one source dropped: %v", err)
	}
	if err := draft.Drop("never-begun"); err != nil {
		t.Errorf("nothing to drop: %v", err)
	}
	if err := draft.Drop(""); err != nil || !gone(draft.Dir) {
		t.Errorf("all dropped: %v", err)
	}
}
