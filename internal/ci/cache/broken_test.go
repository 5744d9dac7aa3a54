package cache_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"iact-infra/internal/ci/cache"
)

// objects are the files of a store.
func (r *rig) objects() []string {
	r.t.Helper()
	all, err := r.store.List(context.Background())
	r.must(err)
	var names []string
	for _, o := range all {
		names = append(names, filepath.Join(r.store.Dir, o.Name))
	}
	return names
}

// TestSlowADamagedEntryIsAMissIsRemovedAndIsTold flips and cuts both files of an
// entry at many places.
func TestSlowADamagedEntryIsAMissIsRemovedAndIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	r.save(1)
	o := r.other()
	o.build("old")
	before := o.seen()
	for i, file := range r.objects() {
		whole, err := os.ReadFile(file)
		r.must(err)
		for at := 0; at < len(whole); at += 1 + len(whole)/25 {
			flipped := []byte(string(whole))
			flipped[at] ^= 0x04
			for _, text := range [][]byte{flipped, whole[:at], append(flipped[:len(whole):len(whole)], 0)} {
				r.must(os.WriteFile(file, text, 0o600))
				_, err := o.restore(1)
				var miss *cache.MissError
				if !errors.As(err, &miss) || len(miss.Broken) != 1 || !strings.Contains(err.Error(), "ui:build") {
					t.Fatalf("object %d, byte %d: got %v", i, at, err)
				}
				o.looks("after a damaged entry", before)
				if text, err := os.ReadFile(o.at("restored.log")); err == nil {
					t.Fatalf("a log of a damaged entry: %q", text)
				}
				if there := r.objects(); len(there) > 1 || len(there) == 1 && strings.HasSuffix(there[0], ".json") {
					t.Fatalf("object %d, byte %d: not removed: %q", i, at, there)
				}
				r.save(1)
			}
		}
	}
	o.clean()
}

func TestAnEntryWithoutItsArchiveIsAMiss(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	r.save(1)
	for _, file := range r.objects() {
		if strings.HasSuffix(file, ".zst") {
			r.must(os.Remove(file))
		}
	}
	if _, err := r.other().restore(1); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("got %v", err)
	}
}

// TestABrokenArchiveIsReplacedByTheNextSave: one that nobody has read yet.
func TestABrokenArchiveIsReplacedByTheNextSave(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	r.save(1)
	want := r.seen()
	for _, file := range r.objects() {
		if strings.HasSuffix(file, ".zst") {
			r.must(os.WriteFile(file, []byte("rotten"), 0o600))
		}
	}
	r.save(1)
	o := r.other()
	o.put("ui/reports/kept.txt", "no output")
	o.restored(1)
	o.looks("after another save", want)
}

// TestSaversAndRestorersOfOneKeyAtOnce: what they save differs, as builds that are
// not reproducible do; whoever restores gets one of them, whole.
func TestSaversAndRestorersOfOneKeyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	contents := []string{"a", "b", "c"}
	var want []string
	var savers []*rig
	for _, content := range contents {
		o := r.other()
		o.build(content)
		savers, want = append(savers, o), append(want, o.seen())
	}
	savers[0].save(1)
	var group sync.WaitGroup
	for _, o := range savers {
		group.Go(func() {
			for range 8 {
				o.save(1)
			}
		})
	}
	var restorers []*rig // each in a checkout of its own: the pipeline is locked there
	for range 4 {
		o := r.other()
		o.put("ui/reports/kept.txt", "no output")
		restorers = append(restorers, o)
		log := filepath.Join(t.TempDir(), "log")
		group.Go(func() {
			c := &cache.Cache{Store: r.store, Level: cache.Level{Trust: cache.Local}, State: o.at(".iact/ci")}
			for range 12 {
				if got, err := c.Restore(context.Background(), key(1), o.job, o.root, log); err != nil || len(got.Broken) > 0 {
					t.Errorf("got %v, %v", got.Broken, err)
				}
			}
		})
	}
	group.Wait()
	for _, o := range restorers {
		o.restored(1)
		if got := o.seen(); got != want[0] && got != want[1] && got != want[2] {
			t.Errorf("a mixture:\n%s", got)
		}
		o.clean()
	}
}
