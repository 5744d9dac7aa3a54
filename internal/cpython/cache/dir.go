package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Dir is a store in a directory, which is made when the first object comes.
// Several processes may use it at once.
type Dir string

// Put writes beside, syncs, and renames.
func (d Dir) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "put", Path: path, Err: fs.ErrExist}
	}
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return d.cannot(err)
	}
	if err := sweep(string(d), "."); err != nil { // the directory is the store's own
		return d.cannot(err)
	}
	return d.cannot(writeNew(path, 0o444, func(w io.Writer) error {
		if err := write(w); err != nil {
			return err
		}
		return ctx.Err()
	}))
}

// Open opens the file.
func (d Dir) Open(_ context.Context, name string) (io.ReadCloser, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err // not f, which would be a reader that is nil
	}
	return f, nil
}

// List leaves out what is hidden or no file. A directory that is not there yet
// is an empty store.
func (d Dir) List(context.Context) ([]Object, error) {
	found, err := os.ReadDir(string(d))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var objects []Object
	for _, e := range found {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if _, err := d.path(e.Name()); err == nil && info.Mode().IsRegular() {
			objects = append(objects, Object{Name: e.Name(), Size: info.Size(), Modified: info.ModTime()})
		}
	}
	return objects, nil
}

// Move renames the file.
func (d Dir) Move(_ context.Context, from, to string) error {
	old, err := d.path(from)
	if err != nil {
		return err
	}
	path, err := d.path(to)
	if err != nil {
		return err
	}
	return d.cannot(present(os.Rename(old, path)))
}

// Delete removes the file.
func (d Dir) Delete(_ context.Context, name string) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	return d.cannot(present(os.Remove(path)))
}

// present passes over that a file is not there.
func present(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (d Dir) path(name string) (string, error) {
	if name == "" || name[0] == '.' || name[0] == '-' || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return "", fmt.Errorf("name %q in the cache: want a-z, 0-9, dot and hyphen", name)
	}
	return filepath.Join(string(d), name), nil
}

// cannot gives what the disk says the way out.
func (d Dir) cannot(err error) error { return diskFault(err, string(d)) }
