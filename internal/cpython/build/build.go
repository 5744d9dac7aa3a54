// Package build makes a CPython from the tarball of a release, up to an
// installed interpreter that was seen to start.
//
// A Build is one directory, Work, in which everything can be gone on with: the
// unpacked sources, what configure and make made of them, and their logs. Each
// part leaves a stamp when it has ended well, so that a run that was killed
// anywhere goes on where it was: make is called again, never started over.
//
// Nothing is believed that can be looked at. A module is there when the new
// interpreter imports it, not when make says so: make ends well without _ssl.
// The prefix appears by one rename, after the interpreter in it has started and
// imported everything that was promised; half an installation cannot exist.
package build

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Build is one version for one prefix, made in one directory.
type Build struct {
	Door    *command.Door
	Version string // 3.13.5
	Tarball string // of its sources, verified; .tar.xz or .tgz
	Work    string // a directory of its own
	Prefix  string // /opt/python-3.13.5

	Optimized bool     // at link time
	Profile   bool     // and guided by a profile, which takes a run of tests
	Jobs      int      // how many compile at once; 0: see Jobs
	Through   []string // what gcc is called through: ccache, distcc
	Modules   []string // that have to import, by the names that import takes
	Allowed   []string // that may be missing

	Progress func(label string, total int64) Bar // nil shows nothing
	Warn     func(format string, args ...any)    // nil drops it
}

// Bar is what a Progress shows.
type Bar interface {
	Add(n int64)
	Done()
}

// Names in Work.
const (
	sourceDir  = "source"
	stampDir   = "done"
	logDir     = "log"
	lockFile   = "lock"
	stagingEnd = ".partial"
)

// Source is the tree that is built in.
func (b *Build) Source() string { return filepath.Join(b.Work, sourceDir) }

// Log is the file with all that a part printed: "configure", "make", "test" or
// "install".
func (b *Build) Log(part string) string { return filepath.Join(b.Work, logDir, part+".log") }

// Series is 3.13 of 3.13.5.
func (b *Build) Series() string { return b.Version[:strings.LastIndex(b.Version, ".")] }

// Hold makes Work this process's own until the process ends, or fails when
// another one has it.
func (b *Build) Hold() (release func(), err error) {
	if err := os.MkdirAll(filepath.Join(b.Work, logDir), 0o755); err != nil {
		return nil, fmt.Errorf("make build directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(b.Work, lockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock build directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fault.New(fault.Locked, "wait for it, or end it", fmt.Errorf("build %s: another run is building in %s", b.Version, b.Work))
		}
		return nil, fmt.Errorf("lock %s: %w", b.Work, err)
	}
	return unlock(f), nil
}

// unlock gives a lock back. Closing is not enough: a program that another
// goroutine is just starting holds the file, too, until it is loaded.
func unlock(f *os.File) func() {
	return func() {
		_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
		_ = f.Close()
	}
}

// stamped says what a part has left, "" when it has not ended well.
func (b *Build) stamped(part string) string {
	text, err := os.ReadFile(filepath.Join(b.Work, stampDir, part))
	if err != nil {
		return ""
	}
	return string(text)
}

// stamp notes that a part has ended well, and with what.
func (b *Build) stamp(part, with string) error {
	dir := filepath.Join(b.Work, stampDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	fresh := filepath.Join(dir, "."+part)
	if err := os.WriteFile(fresh, []byte(with), 0o644); err != nil {
		return fmt.Errorf("note that %s has ended: %w", part, err)
	}
	return os.Rename(fresh, filepath.Join(dir, part))
}

// unstamp makes parts undone.
func (b *Build) unstamp(parts ...string) error {
	for _, part := range parts {
		if err := os.Remove(filepath.Join(b.Work, stampDir, part)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (b *Build) warn(format string, args ...any) {
	if b.Warn != nil {
		b.Warn(format, args...)
	}
}

type noBar struct{}

func (noBar) Add(int64) {}
func (noBar) Done()     {}

func (b *Build) progress(label string, total int64) Bar {
	if b.Progress == nil {
		return noBar{}
	}
	return b.Progress(label, total)
}
