package cache_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"iact-infra/internal/cpython/cache"
)

// realTree names the variable that lets the benchmarks work on an installed
// build instead of a small made-up one.
const realTree = "IACT_CPYTHON_TREE"

func benchTree(b *testing.B) (dir, prefix string) {
	b.Helper()
	prefix = filepath.Join(b.TempDir(), "python-3.13.5")
	if dir := os.Getenv(realTree); dir != "" {
		return dir, prefix
	}
	return newTree(b, prefix), prefix
}

func BenchmarkSave(b *testing.B) {
	dir, prefix := benchTree(b)
	for b.Loop() {
		c := &cache.Cache{Store: cache.Dir(b.TempDir())}
		e, err := c.Save(b.Context(), key(), meta(prefix), dir)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(e.Bytes)
		b.ReportMetric(float64(e.Archive.Size), "archive-bytes")
	}
}

func BenchmarkUnpack(b *testing.B) {
	dir, prefix := benchTree(b)
	c := &cache.Cache{Store: cache.Dir(b.TempDir()), Now: time.Now}
	e, err := c.Save(b.Context(), key(), meta(prefix), dir)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(e.Bytes)
	for b.Loop() {
		if _, err := c.Unpack(b.Context(), key(), prefix); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		// Not removed: ext4 avoids inodes that were just freed, which would slow the next round down.
		if err := os.Rename(prefix, filepath.Join(b.TempDir(), "python-3.13.5")); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
