// Package disk is the only door through which a store is written.
//
// Everything that changes the store (a file made, a byte written, a name
// moved, a sync) is one call here, and every call passes the hook first. Tests
// count those calls, kill the process at the Nth one, or let it fail as a full
// or a broken disk would. The product runs without a hook.
package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Op is one change that is about to be made.
type Op struct {
	Name string // mkdir, create, write, chmod, close, link, rename, remove, sync
	Path string
}

// Hook sees every change before it is made. An error from it is reported as
// if the system call had failed. It may be called from several goroutines.
type Hook func(Op) error

// Disk writes. The zero value writes without a hook.
type Disk struct{ hook Hook }

// New returns a disk whose every change passes hook, which may be nil.
func New(hook Hook) *Disk { return &Disk{hook: hook} }

// Pass tells the hook of a change that the caller makes by itself: a write into
// the middle of a large file.
func (d *Disk) Pass(name, path string) error { return d.pass(name, path) }

func (d *Disk) pass(name, path string) error {
	if d == nil || d.hook == nil {
		return nil
	}
	if err := d.hook(Op{Name: name, Path: path}); err != nil {
		return &os.PathError{Op: name, Path: path, Err: err}
	}
	return nil
}

// Mkdir makes one directory with mode 0700.
func (d *Disk) Mkdir(path string) error {
	if err := d.pass("mkdir", path); err != nil {
		return err
	}
	return os.Mkdir(path, 0o700)
}

// MkdirAll makes a directory and its parents, those that are missing with
// mode 0700.
func (d *Disk) MkdirAll(path string) error {
	if err := d.pass("mkdir", path); err != nil {
		return err
	}
	return os.MkdirAll(path, 0o700)
}

// Write makes the file path hold data, mode as given: a temporary file beside
// it, written, closed, renamed. It does not sync: a reader after a crash of
// the machine must check hashes, and Sync makes many files durable at once.
func (d *Disk) Write(path string, data []byte, mode os.FileMode) (err error) {
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := d.pass("create", temp); err != nil {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(temp)
		}
	}()
	if err := d.pass("write", temp); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := d.pass("chmod", temp); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := d.pass("close", temp); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return d.Rename(temp, path)
}

// Rename moves a name within one file system, which is atomic.
func (d *Disk) Rename(from, to string) error {
	if err := d.pass("rename", to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// Link gives the file at from a second name. Where links end (too many of
// them, another file system, one that knows no links) the bytes are copied,
// sharing blocks if the file system can.
func (d *Disk) Link(from, to string) error {
	err := d.pass("link", to)
	if err == nil {
		err = unix.Link(from, to)
	}
	for _, end := range []error{unix.EMLINK, unix.EPERM, unix.EXDEV, unix.ENOTSUP, unix.ENOSYS} {
		if errors.Is(err, end) {
			return d.copy(from, to)
		}
	}
	var hooked *os.PathError
	if errors.As(err, &hooked) {
		err = hooked.Err
	}
	if err != nil {
		return &os.LinkError{Op: "link", Old: from, New: to, Err: err}
	}
	return nil
}

func (d *Disk) copy(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	temp := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".tmp")
	if err := d.pass("create", temp); err != nil {
		return err
	}
	out, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = out.Close()
			_ = os.Remove(temp)
		}
	}()
	if err := d.pass("write", temp); err != nil {
		return err
	}
	if unix.IoctlFileClone(int(out.Fd()), int(in.Fd())) != nil {
		if _, err := io.Copy(out, in); err != nil {
			return fmt.Errorf("copy %s: %w", from, err)
		}
	}
	if err := d.pass("chmod", temp); err != nil {
		return err
	}
	if err := out.Chmod(0o400); err != nil {
		return err
	}
	if err := d.pass("close", temp); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return d.Rename(temp, to)
}

// Remove removes a file or an empty directory.
func (d *Disk) Remove(path string) error {
	if err := d.pass("remove", path); err != nil {
		return err
	}
	return os.Remove(path)
}

// RemoveAll removes a tree, each name of it through the hook. A symbolic link
// is removed as such: nothing outside the tree is touched.
func (d *Disk) RemoveAll(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := d.RemoveAll(filepath.Join(path, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := d.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Sync makes everything that was written to the file system of path durable:
// one call for any number of files, cheaper than one for each.
func (d *Disk) Sync(path string) error {
	if err := d.pass("sync", path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return &os.PathError{Op: "syncfs", Path: path, Err: err}
	}
	return nil
}

// SyncPath makes one file durable, or the names in one directory.
func (d *Disk) SyncPath(path string) error {
	if err := d.pass("sync", path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
