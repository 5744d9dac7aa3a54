package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/fault"
)

func ids(all []store.Listed) []string {
	var names []string
	for _, l := range all {
		names = append(names, l.ID)
	}
	return names
}

// TestSetsAreListedInTheOrderInWhichTheyWereMade whatever the clock said: the
// ids of these sets go back in time.
func TestSetsAreListedInTheOrderInWhichTheyWereMade(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	mustSeal(t, s, 2, 1, 4, 3)
	for _, other := range []string{".incomplete-" + id(9), ".deleting-" + id(9), "photos", id(9) + ".bak", "latest"} {
		put(t, filepath.Join(s.Dir(), other, manifest.File), "x")
	}
	put(t, filepath.Join(s.Dir(), id(8)), "a file")
	listed, err := s.List()
	if want := []string{id(4), id(3), id(2), id(1)}; err != nil || !slices.Equal(ids(listed), want) {
		t.Errorf("listed are %q (%v), want %q", ids(listed), err, want)
	}
	for _, l := range listed {
		if err := whole(l); err != nil {
			t.Errorf("set %s: %v", l.ID, err)
		}
	}
}

func TestASetWhoseManifestIsDamagedIsListedWithItsError(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	mustSeal(t, s, 1, 2, 3, 4, 5, 6)
	damage := func(n int, change func(data []byte) []byte) {
		path := filepath.Join(s.Dir(), id(n), manifest.File)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Remove(path), os.WriteFile(path, change(data), 0o400)); err != nil {
			t.Fatal(err)
		}
	}
	damage(2, func(data []byte) []byte {
		return bytes.Replace(data, []byte(`"sequence":2`), []byte(`"sequence":9`), 1)
	})
	damage(3, func(data []byte) []byte { return data[:len(data)/2] })
	damage(4, func(data []byte) []byte { return bytes.Replace(data, []byte(`"format":1`), []byte(`"format":7`), 1) })
	if err := os.Remove(filepath.Join(s.Dir(), id(5), manifest.File)); err != nil {
		t.Fatal(err)
	}
	renamed := strings.Replace(id(6), "-host-", "-other-", 1)
	if err := os.Rename(filepath.Join(s.Dir(), id(6)), filepath.Join(s.Dir(), renamed)); err != nil {
		t.Fatal(err)
	}
	listed, err := s.List()
	if err != nil || len(listed) != 6 || listed[0].ID != id(1) || whole(listed[0]) != nil {
		t.Fatalf("listed are %v (%v), want the good set first", ids(listed), err)
	}
	codes := map[string]int{id(2): fault.Invalid, id(3): fault.Invalid, id(4): fault.Missing, id(5): fault.Invalid, renamed: fault.Invalid}
	for _, l := range listed[1:] {
		if l.Set != nil || fault.Code(l.Err) != codes[l.ID] || fault.Hint(l.Err) == "" || !strings.Contains(l.Err.Error(), l.ID) {
			t.Errorf("set %s is listed with %v (code %d), want code %d and a hint", l.ID, l.Err, fault.Code(l.Err), codes[l.ID])
		}
		if _, err := s.Open(l.ID); err == nil {
			t.Errorf("set %s was opened", l.ID)
		}
	}
	if set, err := s.Open("latest"); err != nil || set.Manifest.ID != id(1) {
		t.Errorf("the newest set that can be read is %+v (%v)", set, err)
	}
}

func TestAListOfPartsThatIsNotTheOneOfTheManifestIsRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	mustSeal(t, s, 1)
	set, err := s.Open("")
	if err != nil {
		t.Fatal(err)
	}
	source := &set.Manifest.Sources[0]
	path := filepath.Join(set.Dir, source.Dir, manifest.PartsFile)
	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("{\"n\":1}\n"), 0o400)); err != nil {
		t.Fatal(err)
	}
	if parts, err := set.Parts(source); err == nil {
		t.Errorf("another list was taken for the set's: %+v", parts)
	}
}

func TestASetIsOpenedByAsMuchOfItsIDAsTellsIt(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if _, err := s.Open(""); fault.Code(err) != fault.Missing || fault.Hint(err) == "" {
		t.Errorf("an empty store: %v", err)
	}
	mustSeal(t, s, 1, 2, 12)
	for asked, want := range map[string]string{
		"": id(12), "latest": id(12), id(1): id(1), "20261129": id(1), id(2)[:20]: id(2), "20261118T": id(12),
	} {
		if set, err := s.Open(asked); err != nil || set.Manifest.ID != want || filepath.Base(set.Dir) != want {
			t.Errorf("asked for %q: %+v (%v), want %s", asked, set, err, want)
		}
	}
	for _, asked := range []string{
		"2026", "2026112", "20261101", "latest2", "..", "../sets", ".", "./" + id(1), id(1) + "/", id(1) + "/../" + id(2), "/etc", ".git", ".incomplete-x",
		`..\sets`, "2026\x00", "*", "?", "2026112[89]", " ",
	} {
		if set, err := s.Open(asked); err == nil || fault.Code(err) != fault.Usage || fault.Hint(err) == "" {
			t.Errorf("asked for %q: %+v, %v (code %d), want code %d and a hint", asked, set, err, fault.Code(err), fault.Usage)
		}
	}
}

// TestOneRunAtATimeWritesToAStore. A lock belongs to who opened the file, so a
// second store of this process stands for a second process.
func TestOneRunAtATimeWritesToAStore(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	unlock, err := s.Lock()
	if err != nil {
		t.Fatal(err)
	}
	second := store.New(s.Dir(), disk.New(nil))
	for range 2 {
		if _, err := second.Lock(); fault.Code(err) != fault.Locked || fault.Hint(err) == "" || !strings.Contains(err.Error(), "another run (process ") {
			t.Errorf("a second run: %v (code %d), want code %d", err, fault.Code(err), fault.Locked)
		}
	}
	unlock()
	again, err := second.Lock()
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	again()
	if _, err := store.New(filepath.Join(s.Dir(), "none"), disk.New(nil)).Lock(); err == nil || fault.Code(err) == fault.Locked {
		t.Errorf("a store that is not there is locked by somebody: %v", err)
	}
}
