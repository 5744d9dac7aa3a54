package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
)

// nth is a disk that calls at when the nth change is about to be made, and
// counts them all.
func nth(n int64, count *atomic.Int64, at func() error) *disk.Disk {
	return disk.New(func(disk.Op) error {
		if count.Add(1) >= n {
			return at()
		}
		return nil
	})
}

// TestSlowFullDiskEndsACaptureWhereverItStrikes fails every change from the nth
// one on. In a bubble of its own the test fails too when anything waits for
// ever, or goes on after the end.
func TestSlowFullDiskEndsACaptureWhereverItStrikes(t *testing.T) {
	t.Parallel()
	data := noise(12, 13<<20)
	var all atomic.Int64
	if _, err := stream(t.Context(), newPress(t), nth(1<<40, &all, nil), filepath.Join(t.TempDir(), "source"), nil, reader(data)); err != nil {
		t.Fatal(err)
	}
	if all.Load() < 15 {
		t.Fatalf("a capture of %d bytes is %d changes, want some parts", len(data), all.Load())
	}
	for n := int64(1); n <= all.Load(); n += less {
		synctest.Test(t, func(t *testing.T) {
			var count atomic.Int64
			full := nth(n, &count, func() error { return unix.ENOSPC })
			_, err := stream(t.Context(), newPress(t), full, filepath.Join(t.TempDir(), "source"), nil, reader(data))
			if !errors.Is(err, unix.ENOSPC) {
				t.Errorf("the disk is full at change %d of %d and the capture says: %v", n, all.Load(), err)
			}
		})
	}
}

// TestSlowCancelledCaptureEndsWhereverItIs cancels in the middle of every change.
func TestSlowCancelledCaptureEndsWhereverItIs(t *testing.T) {
	t.Parallel()
	data := noise(13, 13<<20)
	var all atomic.Int64
	if _, err := stream(t.Context(), newPress(t), nth(1<<40, &all, nil), filepath.Join(t.TempDir(), "source"), nil, reader(data)); err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= all.Load(); n += less {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var count atomic.Int64
			dir := filepath.Join(t.TempDir(), "source")
			laid, err := stream(ctx, newPress(t), nth(n, &count, func() error { cancel(); return nil }), dir, nil, reader(data))
			if err == nil { // too late to stop: then all of it is there
				if got := (set{dir: dir, laid: laid}).plain(t); !bytes.Equal(got, data) {
					t.Errorf("cancelled at change %d, done without an error, and %d bytes of %d are there", n, len(got), len(data))
				}
			} else if !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled at change %d, the capture says: %v", n, err)
			}
		})
	}
}

// TestManyLayersShareOnePress: each is filled while others are, and no layer
// waits for a buffer that only another one's waiting could free.
func TestManyLayersShareOnePress(t *testing.T) {
	t.Parallel()
	for _, layers := range []int{2, 12 / min(less, 2)} {
		synctest.Test(t, func(t *testing.T) {
			press, dir := newPress(t), t.TempDir()
			results := make(chan error, layers)
			for i := range layers {
				go func() {
					data := noise(byte(14+i), 9<<20)
					// Small reads let all of them hold what they have for a while.
					r := chunked{reader(data), func() int { return 64 << 10 }}
					s := set{dir: filepath.Join(dir, fmt.Sprint(i))}
					var err error
					if s.laid, err = stream(t.Context(), press, disk.New(nil), s.dir, nil, r); err == nil && !bytes.Equal(s.plain(t), data) {
						err = fmt.Errorf("layer %d holds something else", i)
					}
					results <- err
				}()
			}
			for range layers {
				if err := <-results; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestOneLayerFailsAndTheOtherGoesOn on one press.
func TestOneLayerFailsAndTheOtherGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		press, dir, data := newPress(t), t.TempDir(), noise(30, 13<<20)
		failed := make(chan error)
		go func() {
			var count atomic.Int64
			full := nth(5, &count, func() error { return unix.ENOSPC })
			_, err := stream(t.Context(), press, full, filepath.Join(dir, "full"), nil, reader(data))
			failed <- err
		}()
		s := set{dir: filepath.Join(dir, "well")}
		var err error
		if s.laid, err = stream(t.Context(), press, disk.New(nil), s.dir, nil, reader(data)); err != nil {
			t.Fatal(err)
		}
		if err := <-failed; !errors.Is(err, unix.ENOSPC) {
			t.Errorf("the layer on the full disk says: %v", err)
		}
		if !bytes.Equal(s.plain(t), data) {
			t.Error("the other layer holds something else")
		}
	})
}

// plain is the stream read back by this program.
func (s set) plain(t testing.TB) []byte {
	r := archive.Reader(t.Context(), s.dir, s.laid.Parts)
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("read back: %v", err)
	}
	return data
}
