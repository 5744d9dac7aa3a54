package venv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
)

// like gives made the mode and the owner of dir.
func like(dir, made string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if err := os.Chmod(made, info.Mode().Perm()); err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return os.Chown(made, int(stat.Uid), int(stat.Gid))
	}
	return nil
}

// flush lets what was made reach the disk before it replaces something.
func flush(dir string) error {
	at, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer at.Close()
	if err := unix.Syncfs(int(at.Fd())); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// writable says what to do about a place that takes nothing.
func writable(err error, dir string) error {
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return fault.New(fault.Failed, "free space in "+dir, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EROFS):
		return fault.New(fault.Missing, "run it as a user who may write to "+dir, err)
	}
	return err
}
