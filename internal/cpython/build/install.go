package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
)

const installing = "install"

// InfoFile is what marks a prefix as ours, and tells how it was made. The
// client's own scripts look for the same name.
const InfoFile = ".build-info"

// CheckPrefix refuses a prefix that is not a directory of the interpreter's
// own: what is installed there would become the system's python.
func CheckPrefix(prefix, version string) error {
	base := filepath.Base(prefix)
	if filepath.IsAbs(prefix) && filepath.Clean(prefix) == prefix && base == "python-"+version {
		return nil
	}
	return fault.New(fault.Usage, "an interpreter lives in PREFIX/python-"+version+", and cpython.prefix names PREFIX", fmt.Errorf("install python %s into %s: not a directory of its own", version, prefix))
}

// Installed says whether the prefix holds what this build would install. The
// error says why what is there is none of ours.
func (b *Build) Installed() (bool, error) {
	text, err := os.ReadFile(filepath.Join(b.Prefix, InfoFile))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(b.Prefix); err == nil {
			return false, fault.New(fault.Missing, "move it away first", fmt.Errorf("install python %s: %s is there, and was not made by this toolkit", b.Version, b.Prefix))
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return strings.Contains(string(text), "\nflags: "+strings.Join(b.Flags(), " ")+"\n"), nil
}

// Install installs into a directory beside the prefix, starts the interpreter
// there, and renames. info are further lines of InfoFile, each with its end. It
// returns what the interpreter says.
func (b *Build) Install(ctx context.Context, info string) (string, error) {
	if err := CheckPrefix(b.Prefix, b.Version); err != nil {
		return "", err
	}
	if !b.Compiled() {
		return "", errors.New("install: it is not compiled with these flags")
	}
	alone, err := b.alone()
	if err != nil {
		return "", err
	}
	defer alone()
	if err := b.Sweep(); err != nil {
		return "", err
	}
	staging, err := os.MkdirTemp(b.parent(), b.partial())
	if err != nil {
		return "", readOnly(err, b.parent())
	}
	defer func() { _ = os.RemoveAll(staging) }() // what is left of it; the next run sweeps
	_ = os.Remove(b.Log(installing))
	bar := b.progress("installing", 0)
	defer bar.Done()
	// altinstall leaves names without a version out.
	if err := b.run(ctx, installing, nil, "make", "altinstall", "DESTDIR="+staging); err != nil {
		return "", err
	}
	tree := filepath.Join(staging, b.Prefix)
	if err := b.links(filepath.Join(tree, "bin")); err != nil {
		return "", err
	}
	said, err := b.Imports(ctx, filepath.Join(tree, "bin", "python3"))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(tree, InfoFile), []byte(b.info(info)), 0o644); err != nil {
		return "", err
	}
	if err := b.Place(tree); err != nil {
		return "", err
	}
	return said, nil
}

func (b *Build) parent() string  { return filepath.Dir(b.Prefix) }
func (b *Build) partial() string { return "." + filepath.Base(b.Prefix) + stagingEnd + "-" }

// alone makes the directory of the prefixes this installation's own: another
// checkout may install into it, too.
func (b *Build) alone() (release func(), err error) {
	dir, err := os.Open(b.parent())
	if err != nil {
		return nil, readOnly(err, b.parent())
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = dir.Close()
		return nil, fault.New(fault.Locked, "wait for it, then again", fmt.Errorf("install into %s: another run is installing there: %w", b.parent(), err))
	}
	return unlock(dir), nil
}

// info is how the interpreter was made. The client's feature reads it.
func (b *Build) info(more string) string {
	return fmt.Sprintf("version: %s\nflags: %s\nmodules: %s\n%s", b.Version, strings.Join(b.Flags(), " "), strings.Join(b.Modules, " "), more)
}

// links are the names without a version, which in a prefix of its own are in
// nobody's way.
func (b *Build) links(bin string) error {
	for name, to := range map[string]string{"python3": "python" + b.Series(), "python": "python3", "pip3": "pip" + b.Series(), "pip": "pip3"} {
		if err := os.Symlink(to, filepath.Join(bin, name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// Replaced is where an interpreter of ours is kept that another one took the
// place of, for the way back.
func (b *Build) Replaced() string {
	return filepath.Join(b.parent(), "."+filepath.Base(b.Prefix)+".replaced")
}

// PutBack gives an interpreter that was replaced its place again. False means
// that none was.
func (b *Build) PutBack() (bool, error) {
	if _, err := os.Stat(b.Replaced()); err != nil {
		return false, nil //nolint:nilerr // it is not there
	}
	if pid, err := Running(b.Prefix); err != nil || pid != 0 {
		return false, errors.Join(err, fault.New(fault.Missing, "end it first", fmt.Errorf("put back %s: process %d runs from it", b.Prefix, pid)))
	}
	if err := unix.Renameat2(unix.AT_FDCWD, b.Replaced(), unix.AT_FDCWD, b.Prefix, unix.RENAME_EXCHANGE); err != nil {
		return false, fmt.Errorf("put back %s: %w", b.Prefix, err)
	}
	return true, os.RemoveAll(b.Replaced())
}

// Place lets a whole tree become the prefix. What of ours had the place is kept
// as Replaced.
func (b *Build) Place(tree string) error {
	dir, err := os.Open(tree)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return fmt.Errorf("sync %s: %w", tree, err)
	}
	err = os.Rename(tree, b.Prefix)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, unix.ENOTEMPTY) {
		if pid, err := Running(b.Prefix); err != nil || pid != 0 {
			return errors.Join(err, fault.New(fault.Missing, "end it first", fmt.Errorf("replace %s: process %d runs from it", b.Prefix, pid)))
		}
		if err := os.RemoveAll(b.Replaced()); err != nil {
			return err
		}
		// One call: the name is never without an interpreter.
		if err = unix.Renameat2(unix.AT_FDCWD, tree, unix.AT_FDCWD, b.Prefix, unix.RENAME_EXCHANGE); err == nil {
			err = os.Rename(tree, b.Replaced())
		}
	}
	if err != nil {
		return readOnly(err, b.parent())
	}
	parent, err := os.Open(b.parent())
	if err != nil {
		return err
	}
	defer parent.Close()
	return parent.Sync()
}

// Sweep removes what killed runs have left beside the prefix.
func (b *Build) Sweep() error {
	left, err := filepath.Glob(filepath.Join(b.parent(), b.partial()+"*"))
	if err != nil {
		return err
	}
	for _, one := range left {
		if err := os.RemoveAll(one); err != nil {
			return fmt.Errorf("remove what a killed run has left: %w", err)
		}
	}
	return nil
}

// Running is a process that has loaded something from below dir, its program or
// a library, 0 when there is none. Those of other users show it to root only.
func Running(dir string) (pid int, err error) {
	all, err := os.ReadDir("/proc")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if as, err := filepath.EvalSymlinks(dir); err == nil {
		dir = as // the kernel names it
	}
	for _, one := range all {
		if _, err := fmt.Sscan(one.Name(), &pid); err != nil || pid == os.Getpid() {
			continue
		}
		// A copy of the interpreter, as some environments have one, loads libpython
		// from here.
		loaded, err := os.ReadFile(filepath.Join("/proc", one.Name(), "maps"))
		if err == nil && bytes.Contains(loaded, []byte(" "+dir+"/")) {
			return pid, nil
		}
	}
	return 0, nil
}

// readOnly says what to do about a place that takes nothing.
func readOnly(err error, dir string) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		return fault.New(fault.Missing, "run it as a user who may write there, or let cpython.prefix name another directory", fmt.Errorf("write to %s: %w", dir, err))
	}
	return err
}
