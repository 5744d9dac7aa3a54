package cache_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"iact-infra/internal/ci/cache"
	"iact-infra/internal/ci/cache/storetest"
)

func TestADirectoryIsAStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	storetest.Run(t, &cache.DirStore{Dir: filepath.Join(dir, "new")})
	if err := os.Mkdir(filepath.Join(dir, "old"), 0o755); err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, &cache.DirStore{Dir: filepath.Join(dir, "old")})
}

func TestWhatAKilledWriterHasLeftGoesWhenItIsOld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	r.save(1)
	dir := filepath.Dir(r.objects()[0])
	for name, age := range map[string]time.Duration{".put-old": 25 * time.Hour, ".put-new": time.Hour} {
		r.must(os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		then := time.Now().Add(-age)
		r.must(os.Chtimes(filepath.Join(dir, name), then, then))
	}
	if all, err := r.store.List(context.Background()); err != nil || len(all) != 2 {
		t.Errorf("listed: %v, %v", all, err)
	}
	r.save(1)
	if _, err := os.Stat(filepath.Join(dir, ".put-old")); err == nil {
		t.Error("what is old is left")
	}
	if _, err := os.Stat(filepath.Join(dir, ".put-new")); err != nil {
		t.Error("what may be under way is removed")
	}
}
