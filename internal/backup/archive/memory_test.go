package archive_test

import (
	"io"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
)

// TestSlowMemoryStaysFlatHoweverLongTheStreamIs lays 1 GiB down and reads it
// back. It is not parallel: the heap belongs to the whole process.
func TestSlowMemoryStaysFlatHoweverLongTheStreamIs(t *testing.T) {
	const total, most = 1 << 30 / less, 200 << 20
	// As the program itself does, so that what is seen is not garbage.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(160 << 20))
	watched := &watched{words: noise(60, 1<<20)}
	s := set{dir: filepath.Join(t.TempDir(), "source")}
	var err error
	if s.laid, err = stream(t.Context(), newPress(t), disk.New(nil), s.dir, nil, io.LimitReader(watched, total)); err != nil {
		t.Fatal(err)
	}
	back := int64(0)
	err = archive.Each(t.Context(), s.dir, s.laid.Parts, func(p manifest.Part, _ []byte, err error) error {
		back += p.PlainSize
		watched.look()
		return err
	})
	if err != nil || s.laid.Plain != total || back != total {
		t.Errorf("%d bytes laid down and %d read back of %d, error %v", s.laid.Plain, back, total, err)
	}
	if watched.peak > most {
		t.Errorf("the heap grew to %d MiB, want at most %d", watched.peak>>20, most>>20)
	}
}

// watched repeats words and looks at the heap now and then.
type watched struct {
	words []byte
	reads int
	peak  uint64
}

func (w *watched) Read(p []byte) (int, error) {
	if w.reads++; w.reads%16 == 0 {
		w.look()
	}
	return copy(p, w.words), nil
}

func (w *watched) look() {
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	w.peak = max(w.peak, heap.HeapInuse)
}
