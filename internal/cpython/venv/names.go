package venv

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
)

// The kinds of names beside an environment; the package comment explains them.
const (
	fresh = "new"
	old   = "old"
	was   = "was"
)

const stampLayout = "20060102T150405.000Z"

// siblingForm tells the names beside environments from those of their owners.
func siblingForm() *regexp.Regexp {
	return regexp.MustCompile(`^\.(.+)\.(?:(new)-([0-9]+)|(old)-([^-/]*-[0-9]{8}T[0-9]{6}\.[0-9]{3}Z)|(was)-(new-[0-9]+|old-[^-/]*-[0-9]{8}T[0-9]{6}\.[0-9]{3}Z))$`)
}

// anySibling takes the name apart that a move has given to what is beside an
// environment.
func anySibling(base string) (kind, name string, ok bool) {
	kind, name, _, ok = takeApart(base)
	return kind, name, ok
}

func takeApart(base string) (kind, name, rest string, ok bool) {
	// Most names are no such, and need no expression.
	if !strings.HasPrefix(base, ".") || !strings.Contains(base, "-") {
		return "", "", "", false
	}
	m := siblingForm().FindStringSubmatch(base)
	if m == nil {
		return "", "", "", false
	}
	return m[2] + m[4] + m[6], m[1], m[3] + m[5] + m[7], true
}

// siblings are what there is of one kind beside dir: path by the rest of its name.
func siblings(dir, kind string) (map[string]string, error) {
	all, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, entry := range all {
		k, name, rest, ok := takeApart(entry.Name())
		if ok && k == kind && name == filepath.Base(dir) {
			found[rest] = filepath.Join(filepath.Dir(dir), entry.Name())
		}
	}
	return found, nil
}

// beside is the path of a sibling.
func beside(dir, kind, rest string) string {
	return filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+"."+kind+"-"+rest)
}

// MarkFile is in each environment that was made here. It holds its token
// in the first line and the requirements that it was made from.
const MarkFile = ".iact-requirements.txt"

const markStart = "# iact-infra, token "

// token is the token of the environment in dir, "" when it was not made here.
func token(dir string) (string, error) {
	file, err := os.Open(filepath.Join(dir, MarkFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	line, _ := bufio.NewReader(file).ReadString('\n')
	t, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), markStart)
	if !ok {
		return "", nil
	}
	return t, nil
}

// lock makes the names in the directory of dir this caller's own. The lock ends
// with the process.
func lock(dir string) (unlock func(), err error) {
	parent, err := os.Open(filepath.Dir(dir))
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(parent.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return func() {
			// Closing is not enough: a program that another goroutine is just
			// starting holds the file, too, until it is loaded.
			_ = unix.Flock(int(parent.Fd()), unix.LOCK_UN)
			_ = parent.Close()
		}, nil
	}
	_ = parent.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fault.New(fault.Locked, "wait for it to end", fmt.Errorf("lock %s: another move is at work in it", filepath.Dir(dir)))
	}
	return nil, fmt.Errorf("lock %s: %w", filepath.Dir(dir), err)
}

// owner is the user to run as for the environment in dir; "" is this one. Root
// makes what belongs to another as that other, not as root.
func owner(dir string) (string, error) {
	if os.Geteuid() != 0 {
		return "", nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 {
		return "", nil
	}
	who, err := user.LookupId(strconv.Itoa(int(stat.Uid)))
	if err != nil {
		return "", fmt.Errorf("find the owner of %s: %w", dir, err)
	}
	return who.Username, nil
}
