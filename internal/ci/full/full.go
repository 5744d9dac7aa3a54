// Package full says of an error which disk is full, and what makes room on it.
//
// The programs of a job only say that there is no space left; whoever reads it
// has a disk for the project, one for the cache and one for /tmp. What is free is
// asked for when it has failed: a program may have cleaned up after itself then,
// so that all disks that it can have meant are told with what they have.
package full

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

const (
	little      = 1 << 20 // a disk with less is taken for the one that is full
	fewInodes   = 16
	hint        = "make room there and type it again: ci:clean takes away builds, reports and the oldest of the cache; df -h and df -i show the disks, du -xh DIR | sort -h what fills one"
	nameOfError = "ENOSPC: no space left on device" // as the catalogue of symptoms knows it
)

// Explain adds to an error of a full disk which one it is; dirs are where it may
// have been written to. Any other error is returned as it is.
func Explain(err error, dirs ...string) error {
	if err == nil || !is(err) {
		return err
	}
	if dir := written(err); dir != "" {
		dirs = []string{dir}
	}
	var all, empty []string
	seen := map[uint64]bool{}
	for _, dir := range dirs {
		said, device, short := look(dir)
		if said == "" || seen[device] {
			continue
		}
		seen[device] = true
		all = append(all, said)
		if short {
			empty = append(empty, said)
		}
	}
	if len(empty) > 0 {
		all = empty
	}
	return fault.New(0, hint, fmt.Errorf("%w (%s; %s)", err, nameOfError, strings.Join(all, "; ")))
}

// Said tells whether a text of a program is about a full disk. What is said of
// watchers is about another limit.
func Said(text string) bool {
	return regexp.MustCompile(`(?i)no space left on device|disk quota exceeded`).MatchString(text) && !strings.Contains(text, "file watchers")
}

func is(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || Said(err.Error())
}

// written is the directory that the system refused to write to; "" when a program
// was refused, of which only words are known.
func written(err error) string {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EDQUOT):
	case errors.As(err, &path):
		return filepath.Dir(path.Path)
	case errors.As(err, &link):
		return filepath.Dir(link.New)
	}
	return ""
}

// look says what is free on the disk of a directory, or of the nearest one above
// that is there.
func look(dir string) (said string, device uint64, short bool) {
	var stat unix.Stat_t
	var disk unix.Statfs_t
	for unix.Stat(dir, &stat) != nil {
		if dir == filepath.Dir(dir) {
			return "", 0, false
		}
		dir = filepath.Dir(dir)
	}
	if unix.Statfs(dir, &disk) != nil {
		return "", 0, false
	}
	free := int64(disk.Bavail) * int64(disk.Bsize) //nolint:unconvert // its type is another one on other systems
	said = fmt.Sprintf("%s has %s", dir, report.Bytes(free))
	if disk.Files > 0 {
		said += fmt.Sprintf(" and %d inodes", disk.Ffree)
	}
	device = uint64(stat.Dev)
	return said + " free", device, free < little || disk.Files > 0 && disk.Ffree < fewInodes
}
