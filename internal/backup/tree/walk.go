package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// walker visits a directory in a fixed order: a directory before what is in
// it, names by their bytes. It never follows a symbolic link.
type walker struct {
	ctx    context.Context
	ignore func(path string, dir bool) bool
	skip   map[fileID]bool                  // directories that are left out: the store, …
	note   func(format string, args ...any) // of what no backup can hold
	missed func(format string, args ...any) // of what is there but cannot be read
	visit  func(*entry) error
}

// fileID tells a directory whatever name leads to it.
type fileID struct{ device, inode uint64 }

// identify returns the identity of a path, false when there is none.
func identify(path string) (fileID, bool) {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return fileID{}, false
	}
	return fileID{uint64(st.Dev), st.Ino}, true
}

func (w *walker) walk(root string) error {
	f, err := os.OpenFile(root, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return fmt.Errorf("open directory: %w", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		_ = f.Close()
		return fmt.Errorf("read directory: %w", err)
	}
	e := fromStat(".", &st)
	if err := w.visit(&e); err != nil {
		_ = f.Close()
		return err
	}
	return w.directory(f, "")
}

// directory visits what is in f and closes it. prefix is "" or ends in a
// slash.
func (w *walker) directory(f *os.File, prefix string) error {
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		w.missed("%s: could not be listed: %v", prefix, errors.Unwrap(err))
	}
	slices.Sort(names)
	fd := int(f.Fd())
	for _, name := range names {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		path := prefix + name
		var st unix.Stat_t
		if err := unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				w.missed("%s: could not be read: %v", path, err)
			}
			continue // gone since it was listed: the set shows the tree without it
		}
		e := fromStat(path, &st)
		if w.ignore(path, e.kind == typeDir) || e.kind == typeDir && w.skip[fileID{e.device, e.inode}] {
			continue
		}
		if e.kind == 0 {
			w.note("%s: a %s, which no backup can hold", path, special(st.Mode))
			continue
		}
		if err := w.visit(&e); err != nil {
			return err
		}
		if e.kind != typeDir {
			continue
		}
		below, err := unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				w.missed("%s: could not be listed: %v", path, err)
			}
			continue
		}
		if err := w.directory(os.NewFile(uintptr(below), path), path+"/"); err != nil {
			return err
		}
	}
	return nil
}

func special(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFSOCK:
		return "socket"
	case unix.S_IFIFO:
		return "named pipe"
	default:
		return "device"
	}
}
