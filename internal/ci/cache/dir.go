package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// DirStore is a Store in a directory, which may be shared over NFS: nothing is
// locked, an object gets its name by a rename. Its files are as readable as the
// umask says, the directory itself is made for its owner alone.
type DirStore struct {
	Dir  string
	Hook func(what string) error // as in Cache
}

// abandoned is the age from which on a temporary file has no writer any more.
const abandoned = 24 * time.Hour

const temporary = ".put-"

func (d *DirStore) before(what string) error {
	if d.Hook == nil {
		return nil
	}
	return d.Hook(what)
}

func (d *DirStore) file(name string) (string, error) {
	ok := fs.ValidPath(name) && name != "."
	for part := range strings.SplitSeq(name, "/") {
		ok = ok && !strings.HasPrefix(part, ".")
	}
	if !ok {
		return "", fmt.Errorf("find object: %q is no name of one", name)
	}
	return filepath.Join(d.Dir, filepath.FromSlash(name)), nil
}

// Get implements Store.
func (d *DirStore) Get(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := d.file(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if gone(err) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("get object: %w", err)
	}
	// Whoever may write the file may say that it was used; others use it silently.
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	_ = unix.UtimesNanoAt(unix.AT_FDCWD, file, now, 0)
	return f, nil
}

// gone is also what NFS says of a file that another host has just removed.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESTALE)
}

// Put implements Store.
func (d *DirStore) Put(ctx context.Context, name string, content io.Reader) (err error) {
	file, err := d.file(name)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("put object: %w", err)
		}
	}()
	if err := d.before("make directory"); err != nil {
		return err
	}
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return err
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o777); err != nil { //nolint:gosec // as readable as the umask says
		return err
	}
	sweep(dir)
	f, err := createBeside(dir)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = io.Copy(hooked{f, d.before, "write object"}, cancellable{ctx, content})
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.before("name object"); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// createBeside is os.CreateTemp with the mode that the umask gives.
func createBeside(dir string) (*os.File, error) {
	for range 100 {
		name := filepath.Join(dir, temporary+random())
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // as readable as the umask says
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, fs.ErrExist
}

// sweep removes what writers that were killed have left in a directory.
func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), temporary) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// Has implements Store.
func (d *DirStore) Has(_ context.Context, name string) (bool, error) {
	file, err := d.file(name)
	if err != nil {
		return false, err
	}
	_, err = os.Lstat(file)
	if gone(err) {
		return false, nil
	}
	return err == nil, err
}

// List implements Store.
func (d *DirStore) List(ctx context.Context) ([]Object, error) {
	var all []Object
	err := filepath.WalkDir(d.Dir, func(file string, e fs.DirEntry, err error) error {
		if gone(err) {
			return nil
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") && file != d.Dir {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		info, err := e.Info()
		if gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(d.Dir, file)
		all = append(all, Object{Name: path.Clean(filepath.ToSlash(name)), Size: info.Size(), Used: info.ModTime()})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list store: %w", err)
	}
	return all, nil
}

// Remove implements Store.
func (d *DirStore) Remove(_ context.Context, name string) error {
	file, err := d.file(name)
	if err != nil {
		return err
	}
	if err := d.before("remove object"); err != nil {
		return err
	}
	if err := os.Remove(file); err != nil && !gone(err) {
		return fmt.Errorf("remove object: %w", err)
	}
	return nil
}
