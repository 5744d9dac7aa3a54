package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// stagePrefix begins the names of what a restore has under way beside an output;
// package fingerprint knows it, and does not take it for an input.
const stagePrefix = ".iact-restore-"

// stages are directories beside outputs, on the same file system, in which the new
// ones are made. A lock says that its process lives: what a killed one has left is
// removed by the next.
type stages struct {
	root   *os.Root
	before func(string) error
	dirs   map[string]*stage
	// exchange is renameat2; not every file system has it.
	exchange func(fromDir int, from string, toDir int, to string, flags uint) error
}

type stage struct {
	name   string
	parent *os.File // the directory that holds the outputs
	f      *os.File // the stage, locked
}

func (c *Cache) newStages(root string) (*stages, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("open project: %w", err)
	}
	s := &stages{root: r, before: c.before, dirs: map[string]*stage{}, exchange: unix.Renameat2}
	if c.exchange != nil {
		s.exchange = c.exchange
	}
	return s, nil
}

// at returns the stage for outputs in a directory of the project. The directory is
// made if it has to be; one that leads out of the project by a link is refused.
func (s *stages) at(dir string) (*os.File, error) {
	if one := s.dirs[dir]; one != nil {
		return one.f, nil
	}
	if err := s.before("make stage"); err != nil {
		return nil, err
	}
	if err := s.root.MkdirAll(filepath.FromSlash(dir), 0o777); err != nil { //nolint:gosec // as readable as the umask says
		return nil, fmt.Errorf("make directory %s: %w", dir, err)
	}
	parent, err := s.root.Open(filepath.FromSlash(dir))
	if err != nil {
		return nil, fmt.Errorf("open directory %s: %w", dir, err)
	}
	sweepStages(parent)
	one, err := newStage(parent)
	if err != nil {
		_ = parent.Close()
		return nil, fmt.Errorf("make stage in %s: %w", dir, err)
	}
	s.dirs[dir] = one
	return one.f, nil
}

func newStage(parent *os.File) (*stage, error) {
	for range 100 {
		name := stagePrefix + random()
		if err := unix.Mkdirat(int(parent.Fd()), name, 0o700); err != nil {
			return nil, err
		}
		f, err := openDir(parent, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody has swept it before it was locked
		}
		if err != nil {
			return nil, err
		}
		// NFS may have no locks for directories: then nobody sweeps there either.
		_ = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		var st unix.Stat_t
		if unix.Fstatat(int(parent.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil {
			return &stage{name: name, parent: parent, f: f}, nil
		}
		_ = f.Close()
	}
	return nil, errors.New("it is removed again and again")
}

func openDir(parent *os.File, name string) (*os.File, error) {
	fd, err := unix.Openat(int(parent.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), filepath.Join(parent.Name(), name)), nil
}

// sweepStages removes stages whose process is gone.
func sweepStages(parent *os.File) {
	names, err := parent.Readdirnames(-1)
	if err != nil {
		return
	}
	for _, name := range names {
		if !strings.HasPrefix(name, stagePrefix) {
			continue
		}
		f, err := openDir(parent, name)
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			_ = removeAll(f.Name())
		}
		_ = f.Close()
	}
}

// sweep removes what a killed restore has left beside outputs.
func (s *stages) sweep(outputs []Output) {
	seen := map[string]bool{}
	for _, o := range outputs {
		dir := path.Dir(o.Path)
		if seen[dir] {
			continue
		}
		seen[dir] = true
		if parent, err := s.root.Open(filepath.FromSlash(dir)); err == nil {
			sweepStages(parent)
			_ = parent.Close()
		}
	}
}

// swap gives a finished output its place. What was there goes into the stage, by
// one call where the file system can exchange two names; where it can't, an output
// is away for a moment.
func (s *stages) swap(output string) error {
	one := s.dirs[path.Dir(output)]
	base := path.Base(output)
	from, to := int(one.f.Fd()), int(one.parent.Fd())
	if err := s.before("swap"); err != nil {
		return err
	}
	err := s.exchange(from, base, to, base, unix.RENAME_EXCHANGE)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOENT):
		err = unix.Renameat(from, base, to, base) // there was nothing
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOTSUP):
		err = s.turn(one, base)
	}
	if err != nil {
		return fmt.Errorf("put %s in place: %w", output, err)
	}
	return nil
}

// turn is swap by two renames.
func (s *stages) turn(one *stage, base string) error {
	from, to := int(one.f.Fd()), int(one.parent.Fd())
	aside := random()
	if err := unix.Renameat(to, base, from, aside); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	if err := s.before("swap, second half"); err != nil {
		return errors.Join(err, unix.Renameat(from, aside, to, base))
	}
	if err := unix.Renameat(from, base, to, base); err != nil {
		return errors.Join(err, unix.Renameat(from, aside, to, base))
	}
	return nil
}

// remove takes an output away.
func (s *stages) remove(output string) error {
	if _, err := s.at(path.Dir(output)); err != nil {
		return err
	}
	one := s.dirs[path.Dir(output)]
	if err := s.before("remove output"); err != nil {
		return err
	}
	base := path.Base(output)
	if err := unix.Renameat(int(one.parent.Fd()), base, int(one.f.Fd()), random()); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove %s: %w", output, err)
	}
	return nil
}

// close removes the stages with the old outputs in them. What can't be removed now
// is by the next restore.
func (s *stages) close() {
	for _, one := range s.dirs {
		if s.before("remove stage") == nil {
			_ = removeAll(one.f.Name())
		}
		_ = one.f.Close()
		_ = one.parent.Close()
	}
	_ = s.root.Close()
}

// removeAll removes directories that don't let themselves be emptied too: Go's
// module cache is made of such.
func removeAll(name string) error {
	err := os.RemoveAll(name)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(name, func(file string, e fs.DirEntry, _ error) error {
		if e != nil && e.IsDir() {
			_ = os.Chmod(file, 0o700) //nolint:gosec // a directory, on its way out
		}
		return nil
	})
	return os.RemoveAll(name)
}
