package disk_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/disk"
)

// recorded is a disk that remembers what it was about to do, as "op name".
func recorded(ops *[]string) *disk.Disk {
	return disk.New(func(op disk.Op) error {
		*ops = append(*ops, op.Name+" "+filepath.Base(op.Path))
		return nil
	})
}

// everyChange does each thing that a disk can do, in a directory of its own.
func everyChange(d *disk.Disk, dir string) error {
	at := func(name string) string { return filepath.Join(dir, name) }
	return errors.Join(
		d.Mkdir(at("one")), d.MkdirAll(at("two/three")), d.Write(at("file"), []byte("text"), 0o400), d.Link(at("file"), at("second")),
		d.Rename(at("second"), at("third")), d.Remove(at("third")), d.RemoveAll(at("two")), d.Sync(dir), d.SyncPath(dir),
	)
}

func TestEveryChangePassesTheHookFirst(t *testing.T) {
	t.Parallel()
	var ops []string
	if err := everyChange(recorded(&ops), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	ops = ops[:len(ops)-2] // the two syncs, of a directory without a fixed name
	want := []string{
		"mkdir one", "mkdir three", "create .file.tmp", "write .file.tmp", "chmod .file.tmp", "close .file.tmp", "rename file",
		"link second", "rename third", "remove third", "remove three", "remove two",
	}
	if !slices.Equal(ops, want) {
		t.Errorf("the hook saw\n%q, want\n%q", ops, want)
	}
}

func TestAChangeThatTheHookRefusesIsNotMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := everyChange(disk.New(func(disk.Op) error { return unix.EROFS }), dir); !errors.Is(err, unix.EROFS) {
		t.Errorf("the hook's error came back as %v", err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Errorf("the hook refused everything and %v is there (%v)", names, err)
	}
}

func TestWithoutAHookADiskWrites(t *testing.T) {
	t.Parallel()
	var none *disk.Disk
	for _, d := range []*disk.Disk{none, {}, disk.New(nil)} {
		if err := everyChange(d, t.TempDir()); err != nil {
			t.Error(err)
		}
	}
}

// TestAFileIsWrittenWholeOrNotAtAll fails each change of a write in turn.
func TestAFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	for n := 0; ; n++ {
		dir := t.TempDir()
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
		count := 0
		err := disk.New(func(disk.Op) error {
			if count++; count == n+1 {
				return unix.ENOSPC
			}
			return nil
		}).Write(path, []byte("after"), 0o400)
		data, readErr := os.ReadFile(path)
		names, dirErr := os.ReadDir(dir)
		if readErr != nil || dirErr != nil || len(names) != 1 {
			t.Fatalf("change %d failed and %v is there (%v, %v)", n+1, names, readErr, dirErr)
		}
		if err == nil {
			if info, err := os.Stat(path); err != nil || string(data) != "after" || info.Mode() != 0o400 || n != 5 {
				t.Errorf("after %d changes the file holds %q, mode %v (%v)", n, data, info.Mode(), err)
			}
			return
		}
		if !errors.Is(err, unix.ENOSPC) || string(data) != "before" {
			t.Errorf("change %d failed with %v, and the file holds %q", n+1, err, data)
		}
	}
}

// TestACopyInPlaceOfALinkIsWholeOrNotAtAll fails each change of the copy.
func TestACopyInPlaceOfALinkIsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		dir := t.TempDir()
		from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
		if err := os.WriteFile(from, []byte("text"), 0o400); err != nil {
			t.Fatal(err)
		}
		count := 0
		err := disk.New(func(op disk.Op) error {
			if count++; op.Name == "link" {
				return unix.EMLINK
			}
			if count == n+1 {
				return unix.EIO
			}
			return nil
		}).Link(from, to)
		names, dirErr := os.ReadDir(dir)
		if dirErr != nil {
			t.Fatal(dirErr)
		}
		if err == nil {
			data, err := os.ReadFile(to)
			if err != nil || string(data) != "text" || n != 6 || len(names) != 2 {
				t.Errorf("after %d changes the copy holds %q (%v), beside it %v", n, data, err, names)
			}
			return
		}
		if !errors.Is(err, unix.EIO) || len(names) != 1 {
			t.Errorf("change %d of a copy failed with %v and %v is there", n, err, names)
		}
	}
}

// TestALinkToAnotherFileSystemIsACopy, where the machine has a second one to
// write to; else the hook above stands for it.
func TestALinkToAnotherFileSystemIsACopy(t *testing.T) {
	t.Parallel()
	from := filepath.Join(t.TempDir(), "from")
	if err := os.WriteFile(from, []byte("text"), 0o400); err != nil {
		t.Fatal(err)
	}
	other, err := os.MkdirTemp("/dev/shm", "iact-") //nolint:usetesting // another file system than the one of t.TempDir
	if err != nil {
		other = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(other) })
	to := filepath.Join(other, "to")
	if err := disk.New(nil).Link(from, to); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(to)
	info, statErr := os.Stat(to)
	if err != nil || statErr != nil || string(data) != "text" || info.Mode() != 0o400 {
		t.Errorf("the copy holds %q, mode %v (%v, %v)", data, info.Mode(), err, statErr)
	}
}

func TestALinkThatCannotBeMadeSaysBothNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := disk.New(nil).Link(filepath.Join(dir, "gone"), filepath.Join(dir, "to"))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "gone") || !strings.Contains(err.Error(), "to") {
		t.Errorf("a link from nothing: %v", err)
	}
}

// TestRemovingATreeGoesNowhereElse: a symbolic link in it is removed, and not
// what it leads to. What is gone already is fine.
func TestRemovingATreeGoesNowhereElse(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	tree := filepath.Join(dir, "tree")
	kept := filepath.Join(outside, "kept")
	err := errors.Join(os.MkdirAll(filepath.Join(tree, "a/b"), 0o700), os.WriteFile(kept, nil, 0o600),
		os.Symlink(outside, filepath.Join(tree, "a/way")), os.Symlink("nowhere", filepath.Join(tree, "dangling")))
	if err != nil {
		t.Fatal(err)
	}
	var ops []string
	d := recorded(&ops)
	for range 2 {
		if err := d.RemoveAll(tree); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Lstat(tree); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the tree is still there: %v", err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("what a symbolic link led to was removed: %v", err)
	}
	if want := []string{"remove b", "remove way", "remove a", "remove dangling", "remove tree"}; !slices.Equal(ops, want) {
		t.Errorf("the hook saw %q, want %q", ops, want)
	}
}
