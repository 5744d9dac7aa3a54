package cache

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
)

// diskFault gives what the file system of dir says the way out.
func diskFault(err error, dir string) error {
	switch {
	case fault.Hint(err) != "":
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return fault.New(fault.Failed, "free space in "+dir, err)
	case errors.Is(err, unix.EROFS), errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Missing, "let this user write to "+dir+", or name another directory", err)
	}
	return err
}
