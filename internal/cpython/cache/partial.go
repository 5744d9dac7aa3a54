package cache

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// partial is something unfinished beside its final name: .NAME.partial-RANDOM.
// Its maker holds a lock on it, which the kernel lets go of however that process
// ends; so what nobody holds is left over, and the next one who comes removes it.
type partial struct {
	path string
	file *os.File // open for writing when it is a file
}

// partialMark is in the name of everything unfinished.
const partialMark = ".partial-"

// newPartial makes a file, or a directory, that is to become path, and removes
// what others have left over of it.
func newPartial(path string, directory bool) (*partial, error) {
	dir, prefix := filepath.Dir(path), "."+filepath.Base(path)+partialMark
	if err := sweep(dir, prefix); err != nil {
		return nil, err
	}
	for {
		p, err := makePartial(dir, prefix, directory)
		if err != nil {
			return nil, err
		}
		if err := flock(p.file, unix.LOCK_EX); err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", p.path, err), p.drop())
		}
		// Somebody may have swept it away before it was locked.
		if _, err := os.Lstat(p.path); err == nil {
			return p, nil
		}
		p.file.Close() //nolint:errcheck // nothing was written to it, and it is gone
	}
}

func makePartial(dir, prefix string, directory bool) (*partial, error) {
	if !directory {
		f, err := os.CreateTemp(dir, prefix)
		if err != nil {
			return nil, err
		}
		return &partial{path: f.Name(), file: f}, nil
	}
	path, err := os.MkdirTemp(dir, prefix)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return &partial{path: path, file: f}, nil
}

// writeNew makes the file path of what write writes, durable when it returns. It
// appears whole or not at all, and replaces nothing.
func writeNew(path string, mode os.FileMode, write func(io.Writer) error) (err error) {
	p, err := newPartial(path, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.drop()) }()
	if err := write(p.file); err != nil {
		return err
	}
	if err := errors.Join(p.file.Chmod(mode), p.file.Sync()); err != nil {
		return err
	}
	if err := appear(p.path, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// drop removes it, if it has not become something else.
func (p *partial) drop() error {
	return errors.Join(os.RemoveAll(p.path), p.file.Close())
}

// appear gives something finished its name, and never replaces anything. Few
// file systems can't do both in one step; there it looks first.
func appear(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		if _, there := os.Lstat(to); there == nil {
			err = unix.EEXIST
		} else {
			err = unix.Rename(from, to)
		}
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// sweep removes what is unfinished, has that prefix and is held by nobody.
func sweep(dir, prefix string) error {
	found, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range found {
		if !strings.HasPrefix(e.Name(), prefix) || !strings.Contains(e.Name(), partialMark) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if flock(f, unix.LOCK_EX|unix.LOCK_NB) == nil {
			err = os.RemoveAll(path)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func flock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
