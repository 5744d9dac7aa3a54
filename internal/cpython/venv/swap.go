package venv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// files are the calls that names change places with. Tests put others in.
type files struct {
	exchange func(a, b string) error
	rename   func(from, to string) error
}

func (f files) move(from, to string) error {
	if f.rename != nil {
		return f.rename(from, to)
	}
	return os.Rename(from, to)
}

func (f files) trade(a, b string) error {
	if f.exchange != nil {
		return f.exchange(a, b)
	}
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// swap lets dir and its sibling change places, in one call where the file system
// has it. Otherwise dir has no name for a moment, and repair ends what is cut
// off there.
func (f files) swap(dir, sibling string) error {
	err := f.trade(dir, sibling)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		err = f.swapByThree(dir, sibling)
	}
	if err != nil {
		return fmt.Errorf("swap %s with %s: %w", dir, filepath.Base(sibling), err)
	}
	parent, err := os.Open(filepath.Dir(dir))
	if err != nil {
		return err
	}
	defer parent.Close()
	return parent.Sync()
}

func (f files) swapByThree(dir, sibling string) error {
	rest, _ := strings.CutPrefix(filepath.Base(sibling), "."+filepath.Base(dir)+".")
	aside := beside(dir, was, rest)
	if err := f.move(dir, aside); err != nil {
		return err
	}
	if err := f.move(sibling, dir); err != nil {
		return errors.Join(err, f.move(aside, dir))
	}
	return f.move(aside, sibling)
}

// repair ends a swap by three renames that was cut off: before the second it is
// undone, after it done.
func (f files) repair(dir string) error {
	left, err := siblings(dir, was)
	if err != nil {
		return err
	}
	for rest, aside := range left {
		to := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+"."+rest)
		if _, err := os.Lstat(dir); errors.Is(err, os.ErrNotExist) {
			to = dir
		}
		if err := f.move(aside, to); err != nil {
			return fmt.Errorf("repair swap: %w", err)
		}
	}
	return nil
}
