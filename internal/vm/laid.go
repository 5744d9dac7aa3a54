package vm

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// laid is a file that a step is about to put down. It is noted before, so that an
// undo knows what is its own: a file that was changed since belongs to somebody.
type laid struct {
	Path string      `json:"path"`
	Hash string      `json:"hash"`
	Mode fs.FileMode `json:"mode"`
	Old  *string     `json:"old,omitempty"` // what stood there, which was ours as well

	text []byte
}

func newLaid(path string, text []byte, mode fs.FileMode) laid {
	return laid{Path: path, Hash: digest(text), Mode: mode, text: text}
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// lay puts the file down, whole or not at all. One that is there is left alone,
// unless it was ours.
func (l laid) lay() error {
	if err := os.MkdirAll(filepath.Dir(l.Path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(l.Path), ".iact-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(l.text)
	if err = errors.Join(err, f.Chmod(l.Mode), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", l.Path, err)
	}
	if l.Old != nil {
		return os.Rename(f.Name(), l.Path)
	}
	err = os.Link(f.Name(), l.Path)
	if errors.Is(err, fs.ErrExist) && !l.there() {
		return fmt.Errorf("write %s: there is another file of that name, and it is not overwritten", l.Path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		// A file system without links: the name is looked at instead.
		if _, lacks := os.Lstat(l.Path); errors.Is(lacks, fs.ErrNotExist) {
			return os.Rename(f.Name(), l.Path)
		}
		return fmt.Errorf("write %s: %w", l.Path, err)
	}
	return nil
}

// there tells whether the file is as it was put down.
func (l laid) there() bool {
	text, err := os.ReadFile(l.Path)
	return err == nil && digest(text) == l.Hash
}

// lift takes the file away again, or puts back what it replaced. It is false for
// one that was changed, which stays.
func (l laid) lift() (bool, error) {
	if _, err := os.Lstat(l.Path); errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if !l.there() {
		return l.Old != nil && (laid{Path: l.Path, Hash: digest([]byte(*l.Old))}).there(), nil
	}
	if l.Old == nil {
		return true, os.Remove(l.Path)
	}
	back := newLaid(l.Path, []byte(*l.Old), l.Mode)
	back.Old = l.Old
	return true, back.lay()
}

// fresh are the directories above a file that are not there yet, the deepest
// first: laying it down makes them.
func fresh(path string) []string {
	var all []string
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			return all
		}
		all = append(all, dir)
	}
}

func paths(files []laid) []string {
	all := make([]string, 0, len(files))
	for _, one := range files {
		all = append(all, one.Path)
	}
	return all
}
