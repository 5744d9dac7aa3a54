package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrLocked says that a process is at work on the run: it does it, continues it
// or undoes it. The kernel lets go of the lock when the process is gone.
const ErrLocked = sentinel("another process is at work on it")

// hold locks a journal for as long as the file is open. What only asks (Running)
// gets in the way for a moment; so a lock that cannot be had counts as held by a
// worker only when nobody could ask either.
func hold(file *os.File) error {
	for {
		err := flock(file, unix.LOCK_EX)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		if err := flock(file, unix.LOCK_SH); errors.Is(err, unix.EWOULDBLOCK) {
			return ErrLocked
		} else if err != nil {
			return err
		}
		if err := flock(file, unix.LOCK_UN); err != nil {
			return err
		}
		runtime.Gosched()
	}
}

// flock does not wait.
func flock(file *os.File, how int) error {
	for {
		if err := unix.Flock(int(file.Fd()), how|unix.LOCK_NB); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Running tells whether a process is at work on the run of a journal.
func Running(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("read journal %s: %w", path, cause(err))
	}
	defer file.Close()
	err = flock(file, unix.LOCK_SH)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	// A program that another goroutine is just starting shares the open file for a
	// moment: closing it would not be enough.
	if err := errors.Join(err, flock(file, unix.LOCK_UN)); err != nil {
		return false, fmt.Errorf("lock journal %s: %w", path, err)
	}
	return false, nil
}

// Reopen takes over the journal of a run that is no longer at work and reads it,
// or fails with ErrLocked. What is added goes on after the last whole line: a
// torn one, which no reader takes in, is cut off.
func Reopen(path string) (*Journal, Run, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, Run{}, fmt.Errorf("open journal %s: %w", path, cause(err))
	}
	r, err := takeOver(file, path)
	if err != nil {
		_ = file.Close()
		return nil, Run{}, err
	}
	return &Journal{path: path, run: strings.TrimSuffix(filepath.Base(path), suffix), file: file, size: r.size}, r, nil
}

func takeOver(file *os.File, path string) (Run, error) {
	if err := hold(file); err != nil {
		return Run{}, fmt.Errorf("lock journal %s: %w", path, err)
	}
	r, err := Read(path)
	if err != nil || !r.Torn {
		return r, err
	}
	if err := errors.Join(file.Truncate(r.size), file.Sync()); err != nil {
		return r, fmt.Errorf("mend journal %s: %w", path, cause(err))
	}
	r.Torn = false
	return r, nil
}
