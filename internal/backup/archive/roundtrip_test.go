package archive_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
)

// everything is a stream of each kind: empty, short, of the sizes at which the
// cutter changes its mind, and one that takes several parts.
func everything() map[string][]byte {
	all := map[string][]byte{
		"nothing": {}, "one byte": {7}, "several parts": noise(5, 14<<20),
		"the most that a part holds": make([]byte, archive.MaxPiece), "one byte more": make([]byte, archive.MaxPiece+1),
		"one byte less": make([]byte, archive.MaxPiece-1), "two full parts": make([]byte, 2*archive.MaxPiece),
	}
	for _, n := range []int{archive.MinPiece - 65, archive.MinPiece - 64, archive.MinPiece - 63, archive.MinPiece, archive.MinPiece + 1, archive.AvgPiece} {
		all[fmt.Sprintf("%d bytes", n)] = noise(6, n)
	}
	return all
}

// TestSlowZstdItselfDecodesTheParts is the promise that a backup is never locked
// into this program.
func TestSlowZstdItselfDecodesTheParts(t *testing.T) {
	t.Parallel()
	for name, data := range everything() {
		s := lay(t, reader(data), nil)
		if got := s.decoded(t); !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes in, %d bytes out of zstd, and not the same", name, len(data), len(got))
		}
		back, err := io.ReadAll(archive.Reader(t.Context(), s.dir, s.laid.Parts))
		if err != nil || !bytes.Equal(back, data) {
			t.Errorf("%s: %d bytes in, %d bytes read back, error %v", name, len(data), len(back), err)
		}
		if want := max(1, (len(data)+archive.MaxPiece-1)/archive.MaxPiece); len(s.laid.Parts) < want {
			t.Errorf("%s: %d parts, want %d or more", name, len(s.laid.Parts), want)
		}
	}
}

// TestWhatALayerTellsIsWhatLiesOnDisk compares the numbers that a manifest
// takes over with the files.
func TestWhatALayerTellsIsWhatLiesOnDisk(t *testing.T) {
	t.Parallel()
	data := noise(7, 12<<20)
	s := lay(t, reader(data), nil)
	list, err := os.ReadFile(filepath.Join(s.dir, manifest.PartsFile))
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Sum(list) != s.laid.List {
		t.Error("the hash of the list of parts is another one")
	}
	stored := int64(0)
	for i, p := range s.laid.Parts {
		frame, err := os.ReadFile(filepath.Join(s.dir, manifest.PartName(i+1)))
		if err != nil {
			t.Fatal(err)
		}
		stored += int64(len(frame))
		if p.Number != i+1 || p.Hash != manifest.Sum(frame) || p.Size != int64(len(frame)) || !p.ReadAt.IsZero() {
			t.Errorf("part %d is told as %+v", i+1, p)
		}
		info, err := os.Stat(filepath.Join(s.dir, manifest.PartName(i+1)))
		if err != nil || info.Mode() != 0o400 {
			t.Errorf("part %d has mode %v (%v), want it never to be changed: 0400", i+1, info.Mode(), err)
		}
	}
	if s.laid.Plain != int64(len(data)) || s.laid.Stored != stored || s.laid.New != stored {
		t.Errorf("told: %d bytes plain, %d stored, %d new; there are %d and %d", s.laid.Plain, s.laid.Stored, s.laid.New, len(data), stored)
	}
	names, err := os.ReadDir(s.dir)
	if err != nil || len(names) != len(s.laid.Parts)+1 {
		t.Errorf("%v (%v) lie beside the %d parts and their list", names, err, len(s.laid.Parts))
	}
}

func TestAnUnchangedStreamIsLinkedAndNotWritten(t *testing.T) {
	t.Parallel()
	data := noise(8, 12<<20)
	first := lay(t, reader(data), nil)
	var wrote []string
	var mu sync.Mutex
	watch := disk.New(func(op disk.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if op.Name == "write" {
			wrote = append(wrote, filepath.Base(op.Path))
		}
		return nil
	})
	dir := filepath.Join(t.TempDir(), "second")
	second, err := stream(t.Context(), newPress(t), watch, dir, first.shelf(), reader(data))
	if err != nil {
		t.Fatal(err)
	}
	if second.New != 0 || second.List != first.laid.List || second.Stored != first.laid.Stored {
		t.Errorf("the second set wrote %d bytes anew, its list is %v, the first set's %v", second.New, second.List, first.laid.List)
	}
	if len(wrote) != 1 || wrote[0] != "."+manifest.PartsFile+".tmp" {
		t.Errorf("written were %q, want the list of parts alone", wrote)
	}
	for i := range second.Parts {
		var a, b unix.Stat_t
		if err := unix.Stat(filepath.Join(first.dir, manifest.PartName(i+1)), &a); err != nil {
			t.Fatal(err)
		}
		if err := unix.Stat(filepath.Join(dir, manifest.PartName(i+1)), &b); err != nil || a.Ino != b.Ino {
			t.Errorf("part %d is inode %d in the first set and %d (%v) in the second", i+1, a.Ino, b.Ino, err)
		}
	}
}

// TestAPartThatIsGoneOrOfAnotherSizeIsWrittenAnew: what lies on the shelf is
// only what some manifest said once.
func TestAPartThatIsGoneOrOfAnotherSizeIsWrittenAnew(t *testing.T) {
	t.Parallel()
	data := noise(9, 16<<20)
	first := lay(t, reader(data), nil)
	if len(first.laid.Parts) < 3 {
		t.Fatalf("%d parts, want 3", len(first.laid.Parts))
	}
	if err := os.Remove(filepath.Join(first.dir, manifest.PartName(1))); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(first.dir, manifest.PartName(2)), 100); err != nil {
		t.Fatal(err)
	}
	second := lay(t, reader(data), first.shelf())
	if want := first.laid.Parts[0].Size + first.laid.Parts[1].Size; second.laid.New != want {
		t.Errorf("%d bytes were written anew, want the %d of the two bad parts", second.laid.New, want)
	}
	if !bytes.Equal(second.decoded(t), data) {
		t.Error("the second set does not hold the stream")
	}
}

func TestWhatAReaderFailsWithComesBackAsItIs(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]io.Reader{
		"at once":           iotest.ErrReader(os.ErrDeadlineExceeded),
		"after a few bytes": io.MultiReader(reader([]byte("few")), iotest.ErrReader(os.ErrDeadlineExceeded)),
		"after some parts":  io.MultiReader(reader(noise(10, 10<<20)), iotest.ErrReader(os.ErrDeadlineExceeded)),
		"with the last byte": iotest.DataErrReader(io.MultiReader(
			reader([]byte("few")), iotest.ErrReader(os.ErrDeadlineExceeded))),
	} {
		dir := filepath.Join(t.TempDir(), "source")
		if _, err := stream(t.Context(), newPress(t), disk.New(nil), dir, nil, r); err != os.ErrDeadlineExceeded { //nolint:errorlint // as it is, not wrapped
			t.Errorf("%s: %v, want the reader's own error", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, manifest.PartsFile)); err == nil {
			t.Errorf("%s: half a stream got a list of parts", name)
		}
	}
}

func TestDataThatComesWithTheEndIsKept(t *testing.T) {
	t.Parallel()
	data := noise(11, 3<<20)
	if got := lay(t, iotest.DataErrReader(reader(data)), nil).decoded(t); !bytes.Equal(got, data) {
		t.Errorf("%d bytes in, %d out", len(data), len(got))
	}
}
