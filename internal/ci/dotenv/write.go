package dotenv

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// ErrEdited says that a file is not as it was left, so that it is somebody's work.
const ErrEdited = command.Sentinel("it was edited since")

// Change is what a journal may hold of a written file: where it is and where its
// text before and after is kept, but none of it.
type Change struct {
	Path string      `json:"path"`
	Keep string      `json:"keep"`
	Mode fs.FileMode `json:"mode"` // of the file before; 0 where there was none
}

// The names within Change.Keep.
const (
	keptBefore = "before"
	keptAfter  = "after"
)

// Prepare keeps what a way back needs in a directory of its own: the text before,
// nil for a file that is not there, and the text after. Nothing else has changed
// when it returns.
func Prepare(path string, was []byte, text, keep string) (Change, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	c := Change{Path: path, Keep: keep}
	if err := os.MkdirAll(keep, 0o700); err != nil {
		return c, fmt.Errorf("keep %s: %w", path, err)
	}
	if was != nil {
		info, err := os.Stat(path)
		if err != nil {
			return c, fmt.Errorf("keep %s: %w", path, err)
		}
		c.Mode = info.Mode().Perm()
		if err := put(filepath.Join(keep, keptBefore), was, 0o600); err != nil {
			return c, fmt.Errorf("keep %s: %w", path, err)
		}
	}
	if err := put(filepath.Join(keep, keptAfter), []byte(text), 0o600); err != nil {
		return c, fmt.Errorf("keep %s: %w", path, err)
	}
	return c, nil
}

// Apply writes the file, all at once and for its owner alone, unless it is no
// longer what it was. Twice is the same as once.
func (c Change) Apply() error {
	before, after, err := c.kept()
	if err != nil {
		return err
	}
	now, err := read(c.Path)
	if err != nil {
		return err
	}
	switch {
	case same(now, after):
		return os.Chmod(c.Path, 0o600)
	case !same(now, before):
		return fault.New(fault.Failed, "type the same again", fmt.Errorf("write %s: %w", c.Path, ErrEdited))
	}
	if err := put(c.Path, after, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", c.Path, err)
	}
	return nil
}

// IsBack is nil when the file is what it was before the change.
func (c Change) IsBack() error {
	before, _, err := c.kept()
	if err != nil {
		return err
	}
	now, err := read(c.Path)
	if err == nil && !same(now, before) {
		err = fmt.Errorf("%s is not as it was", c.Path)
	}
	return err
}

// Back puts the text before in its place again. A file that was edited since
// stays. Twice is the same as once.
func (c Change) Back() error {
	before, after, err := c.kept()
	if err != nil {
		return err
	}
	now, err := read(c.Path)
	switch {
	case err != nil:
		return err
	case same(now, before):
		if c.Mode != 0 {
			return os.Chmod(c.Path, c.Mode)
		}
		return nil
	case !same(now, after):
		return fault.New(fault.Failed, fmt.Sprintf("the text before is in %s; compare and merge it by hand", filepath.Join(c.Keep, keptBefore)), fmt.Errorf("put %s back: %w", c.Path, ErrEdited))
	case before == nil:
		err = os.Remove(c.Path)
	default:
		err = put(c.Path, before, c.Mode)
	}
	if err != nil {
		return fmt.Errorf("put %s back: %w", c.Path, err)
	}
	return nil
}

func (c Change) kept() (before, after []byte, err error) {
	if c.Mode != 0 {
		if before, err = os.ReadFile(filepath.Join(c.Keep, keptBefore)); err != nil {
			return nil, nil, fmt.Errorf("read what was kept of %s: %w", c.Path, err)
		}
	}
	if after, err = os.ReadFile(filepath.Join(c.Keep, keptAfter)); err != nil {
		return nil, nil, fmt.Errorf("read what was kept of %s: %w", c.Path, err)
	}
	return before, after, nil
}

// read is a file's text, nil for one that is not there.
func read(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if text == nil && err == nil {
		text = []byte{}
	}
	return text, err
}

func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// put writes a file beside its place and moves it there. What a run that was
// killed has left beside is replaced: it has one name.
func put(path string, text []byte, mode fs.FileMode) (err error) {
	beside := path + ".iact-new"
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(beside)
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(beside, path)
}
