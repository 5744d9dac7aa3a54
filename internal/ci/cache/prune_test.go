package cache_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/cache"
)

func TestPruneRemovesWhatWasNotUsedForTheLongestTime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	object := func(name string, size int, hours int) (string, int, time.Time) {
		return name, size, now.Add(-time.Duration(hours) * time.Hour)
	}
	for _, test := range []struct {
		name  string
		limit int64
		used  []string
		want  []string // removed
		after int64
		over  int64
	}{
		{"enough room", 1000, nil, []string{"local/aa/orphan"}, 455, 0},
		{"the oldest", 400, nil, []string{"local/aa/orphan", "local/aa/old"}, 350, 0},
		{"as many as it takes", 200, nil, []string{"local/aa/orphan", "local/aa/old", "trusted/bb/middle"}, 150, 0},
		{"not what was used", 200, []string{"local/aa/old"}, []string{"local/aa/orphan", "trusted/bb/middle", "local/aa/new"}, 155, 0},
		{"even above the limit", 10, []string{"local/aa/old", "local/aa/new"}, []string{"local/aa/orphan", "trusted/bb/middle"}, 255, 245},
		{"a save under way", 0, nil, []string{"local/aa/orphan", "local/aa/old", "trusted/bb/middle", "local/aa/new"}, 50, 50},
	} {
		store := &cache.DirStore{Dir: t.TempDir()}
		put := func(name string, size int, used time.Time) {
			if err := store.Put(context.Background(), name, strings.NewReader(strings.Repeat("x", size))); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(filepath.Join(store.Dir, name), used, used); err != nil {
				t.Fatal(err)
			}
		}
		put(object("local/aa/old.json", 5, 40))
		put(object("local/aa/old.abc.tar.zst", 100, 50))
		put(object("trusted/bb/middle.json", 100, 20))
		put(object("trusted/bb/middle.abc.tar.zst", 100, 60))
		put(object("local/aa/new.json", 50, 10))
		put(object("local/aa/new.abc.tar.zst", 50, 70))
		put(object("local/aa/orphan.abc.tar.zst", 30, 45))
		put(object("local/aa/saving.abc.tar.zst", 50, 0))
		used := map[string]bool{}
		for _, name := range test.used {
			used[name] = true
		}
		got, err := cache.Prune(context.Background(), store, test.limit, now, used)
		if err != nil || !slices.Equal(got.Removed, test.want) || got.Before != 485 || got.After != test.after || got.Over != test.over {
			t.Errorf("%s: got %+v, %v", test.name, got, err)
		}
		left, err := store.List(context.Background())
		var size int64
		for _, o := range left {
			size += o.Size
		}
		if err != nil || size != test.after {
			t.Errorf("%s: %d bytes are left, %v", test.name, size, err)
		}
	}
}

func TestWhatThisRunHasSavedOrRestoredIsNotPruned(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	r.save(1)
	r.save(2)
	o := r.other()
	o.restored(1)
	o.build("three")
	o.save(3)
	got, err := cache.Prune(context.Background(), r.store, 0, time.Now(), o.cache.Used())
	if err != nil || len(got.Removed) != 1 || got.Entries != 2 || got.Over != got.After {
		t.Errorf("got %+v, %v", got, err)
	}
	r.other().restored(1)
	r.other().restored(3)
	if _, err := r.other().restore(2); err == nil {
		t.Error("what nobody used is still there")
	}
}
