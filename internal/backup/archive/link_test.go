package archive_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
)

// TestSlowWhereLinksEndThePartIsCopied: the file system has had enough of links,
// or knows none. The set is whole all the same, and of its own files.
func TestSlowWhereLinksEndThePartIsCopied(t *testing.T) {
	t.Parallel()
	data := noise(50, 12<<20)
	for _, end := range []unix.Errno{unix.EMLINK, unix.EXDEV, unix.EPERM, unix.ENOTSUP, unix.ENOSYS} {
		first := lay(t, reader(data), nil)
		noLinks := disk.New(func(op disk.Op) error {
			if op.Name == "link" {
				return end
			}
			return nil
		})
		s := set{dir: filepath.Join(t.TempDir(), "second")}
		var err error
		if s.laid, err = stream(t.Context(), newPress(t), noLinks, s.dir, first.shelf(), reader(data)); err != nil {
			t.Fatalf("%v: %v", end, err)
		}
		if s.laid.New != 0 || s.laid.List != first.laid.List {
			t.Errorf("%v: %d bytes count as new, want copies of what an earlier set holds", end, s.laid.New)
		}
		// Gone or changed, the first set takes nothing from the second.
		if err := os.RemoveAll(first.dir); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(s.decoded(t), data) {
			t.Errorf("%v: the copies do not hold the stream", end)
		}
		info, err := os.Stat(filepath.Join(s.dir, manifest.PartName(1)))
		if err != nil || info.Mode() != 0o400 {
			t.Errorf("%v: a copy has mode %v (%v), want 0400", end, info.Mode(), err)
		}
	}
}

// TestALinkThatFailsOtherwiseIsWrittenAnew instead of losing the part.
func TestALinkThatFailsOtherwiseIsWrittenAnew(t *testing.T) {
	t.Parallel()
	data := noise(51, 9<<20)
	first := lay(t, reader(data), nil)
	broken := disk.New(func(op disk.Op) error {
		if op.Name == "link" {
			return unix.EIO
		}
		return nil
	})
	s := set{dir: filepath.Join(t.TempDir(), "second")}
	var err error
	if s.laid, err = stream(t.Context(), newPress(t), broken, s.dir, first.shelf(), reader(data)); err != nil {
		t.Fatal(err)
	}
	if s.laid.New != s.laid.Stored || !bytes.Equal(s.decoded(t), data) {
		t.Errorf("%d of %d bytes count as new", s.laid.New, s.laid.Stored)
	}
}

// TestKeptPartsKeepTheirIndexes and get the next numbers.
func TestKeptPartsKeepTheirIndexes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	press, d := newPress(t), disk.New(nil)
	first, err := archive.NewLayer(t.Context(), press, d, filepath.Join(dir, "1"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two", "three"} {
		buf, err := first.Buffer()
		if err != nil {
			t.Fatal(err)
		}
		first.Add(buf, func(buf []byte) ([]byte, []byte, error) { return append(buf, text...), []byte("index of " + text), nil })
	}
	old, err := first.Close()
	if err != nil {
		t.Fatal(err)
	}
	second, err := archive.NewLayer(t.Context(), press, d, filepath.Join(dir, "2"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []manifest.Part{old.Parts[0], old.Parts[2]} {
		if err := second.Keep(filepath.Join(dir, "1"), p); err != nil {
			t.Fatal(err)
		}
	}
	laid, err := second.Close()
	if err != nil {
		t.Fatal(err)
	}
	s := set{dir: filepath.Join(dir, "2"), laid: laid}
	if got := string(s.decoded(t)); got != "onethree" || laid.New != 0 || len(laid.Parts) != 2 {
		t.Errorf("kept were %q in %d parts, %d bytes new; want onethree in 2 parts, none new", got, len(laid.Parts), laid.New)
	}
	index, err := os.ReadFile(filepath.Join(dir, "2", manifest.IndexName(2)))
	if err != nil || string(index) != "index of three" || *laid.Parts[1].Index != manifest.Sum(index) {
		t.Errorf("the index of part 2 is %q (%v)", index, err)
	}
}
