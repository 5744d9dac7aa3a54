// Package store keeps sets in a directory.
//
// A set is written in .incomplete-ID and becomes a set by one rename, after its
// manifest; it is removed by renaming it to .deleting-ID first. So whatever
// is listed is complete, and what a crash left behind can be told by its name.
package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/fault"
)

const (
	incomplete = ".incomplete-"
	deleting   = ".deleting-"
	lockFile   = ".lock"
)

// Store is a directory of sets.
type Store struct {
	dir  string
	disk *disk.Disk
}

// New names a store; nothing is touched yet.
func New(dir string, d *disk.Disk) *Store { return &Store{dir: dir, disk: d} }

// Dir is where the store lies.
func (s *Store) Dir() string { return s.dir }

// Exists says whether there is a directory yet.
func (s *Store) Exists() bool {
	info, err := os.Stat(s.dir)
	return err == nil && info.IsDir()
}

// Check refuses a directory that can't be, or should not become, the store:
// it belongs to somebody else, is not writable, or holds other things. A
// directory that does not exist yet is fine.
func (s *Store) Check() error {
	info, err := os.Stat(s.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Missing, "check backup.store in the configuration (config:show prints it)", fmt.Errorf("open store: %w", err))
	}
	if !info.IsDir() {
		return fault.New(fault.Usage, "let backup.store name a directory", fmt.Errorf("open store %s: not a directory", s.dir))
	}
	var st unix.Stat_t
	if err := unix.Stat(s.dir, &st); err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	if me := os.Geteuid(); int(st.Uid) != me {
		return fault.New(fault.Missing, "run as the owner, or let backup.store name a directory of your own",
			fmt.Errorf("open store %s: it belongs to user %d, this is user %d: a store holds secrets and has one owner", s.dir, st.Uid, me))
	}
	if err := unix.Access(s.dir, unix.W_OK|unix.X_OK); err != nil {
		return fault.New(fault.Missing, "make it writable: chmod 700 "+s.dir, fmt.Errorf("open store %s: %w", s.dir, err))
	}
	if s.marked() {
		return nil
	}
	names, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	for _, n := range names {
		if !ours(n.Name()) {
			return fault.New(fault.Usage, "let backup.store name a new or an empty directory",
				fmt.Errorf("open store %s: it holds other things (%s) and is not a store", s.dir, n.Name()))
		}
	}
	return nil
}

// ours says whether a name may stand in a store: somebody may have run git init
// in one.
func ours(name string) bool {
	return slices.Contains([]string{".git", ".gitignore", ".gitkeep", lockFile}, name) ||
		strings.HasPrefix(name, incomplete) || strings.HasPrefix(name, deleting) || idForm().MatchString(name)
}

// mark is the file that tells a store. It lies in a minimal git directory,
// which makes `git clean -xfd` spare the sets.
func (s *Store) mark() string { return filepath.Join(s.dir, ".git", "HEAD") }

// marked is false for the git directory of a real repository, which has a
// configuration: a project is no store.
func (s *Store) marked() bool {
	_, err := os.Stat(s.mark())
	_, config := os.Stat(filepath.Join(s.dir, ".git", "config"))
	return err == nil && errors.Is(config, os.ErrNotExist)
}

// Prepare makes the store if need be, with mode 0700, and removes what an
// interrupted removal left.
func (s *Store) Prepare() error {
	if err := s.Check(); err != nil {
		return err
	}
	if err := s.disk.MkdirAll(s.dir); err != nil {
		return fault.New(fault.Missing, "check backup.store in the configuration (config:show prints it)", fmt.Errorf("make store: %w", err))
	}
	if err := os.Chmod(s.dir, 0o700); err != nil {
		return fmt.Errorf("protect store: %w", err)
	}
	if _, err := os.Stat(s.mark()); err != nil {
		for _, dir := range []string{"objects", "refs"} {
			if err := s.disk.MkdirAll(filepath.Join(s.dir, ".git", dir)); err != nil {
				return fmt.Errorf("mark store: %w", err)
			}
		}
		if err := s.disk.Write(s.mark(), []byte("ref: refs/heads/main\n"), 0o600); err != nil {
			return fmt.Errorf("mark store: %w", err)
		}
	}
	names, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("read store: %w", err)
	}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), deleting) {
			if err := s.disk.RemoveAll(filepath.Join(s.dir, n.Name())); err != nil {
				return fmt.Errorf("remove %s: %w", n.Name(), err)
			}
		}
	}
	return nil
}

// Lock keeps other runs away until the process ends or unlock is called. A
// second run gets an error with exit code fault.Locked at once.
func (s *Store) Lock() (unlock func(), err error) {
	path := filepath.Join(s.dir, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock store: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder := make([]byte, 64)
		n, _ := f.ReadAt(holder, 0)
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fault.New(fault.Locked, "wait until it has finished, then try again",
				fmt.Errorf("lock store %s: another run%s is writing to it", s.dir, process(holder[:n])))
		}
		return nil, fmt.Errorf("lock store: %w", err)
	}
	// In one write, and as long as any other: whoever reads it sees no half.
	_, _ = f.WriteAt(fmt.Appendf(nil, "%-10d\n", os.Getpid()), 0)
	return func() { _ = f.Close() }, nil
}

// process names the run that holds the lock, if it has said who it is.
func process(holder []byte) string {
	line, _, _ := strings.Cut(string(holder), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return ""
	}
	return " (process " + line + ")"
}

// Free says how many bytes an ordinary user may still write.
func (s *Store) Free() (int64, error) {
	dir := s.dir
	for {
		var st unix.Statfs_t
		err := unix.Statfs(dir, &st)
		if err == nil {
			return int64(st.Bavail) * st.Bsize, nil
		}
		up := filepath.Dir(dir)
		if !errors.Is(err, unix.ENOENT) || up == dir {
			return 0, fmt.Errorf("read free space of %s: %w", dir, err)
		}
		dir = up
	}
}

// idForm is what a set id looks like: time, host, three random characters.
func idForm() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[a-z0-9-]{1,64}-[a-z0-9]{3,8}$`)
}

// Listed is a set, or a directory that should be one and why it is not.
type Listed struct {
	ID  string
	Set *Set
	Err error
}

// List returns all sets, the one with the highest sequence number first, and
// after them those whose manifest can't be read.
func (s *Store) List() ([]Listed, error) {
	names, err := os.ReadDir(s.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if errors.Is(err, os.ErrPermission) {
		return nil, fault.New(fault.Missing, "run as the owner of the store", fmt.Errorf("read store: %w", err))
	}
	if err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	var all []Listed
	form := idForm()
	for _, n := range names {
		if !n.IsDir() || !form.MatchString(n.Name()) {
			continue
		}
		set, err := s.read(n.Name())
		all = append(all, Listed{ID: n.Name(), Set: set, Err: err})
	}
	slices.SortFunc(all, func(a, b Listed) int {
		switch {
		case (a.Set == nil) != (b.Set == nil):
			if a.Set == nil {
				return 1
			}
			return -1
		case a.Set != nil && a.Set.Manifest.Sequence != b.Set.Manifest.Sequence:
			if a.Set.Manifest.Sequence > b.Set.Manifest.Sequence {
				return -1
			}
			return 1
		}
		return strings.Compare(b.ID, a.ID)
	})
	return all, nil
}

// Open returns one set. An empty id or "latest" is the newest one; the
// beginning of an id will do when it is the only one.
func (s *Store) Open(id string) (*Set, error) {
	all, err := s.List()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Missing, "make one: run backup:all", fmt.Errorf("open set: the store %s holds no set yet", s.dir))
	}
	if id == "" || id == "latest" {
		return all[0].Set, all[0].Err
	}
	if strings.ContainsAny(id, "/\\\x00") || strings.HasPrefix(id, ".") {
		return nil, fault.New(fault.Usage, "backup:list shows the ids", fmt.Errorf("open set %q: an id is one name, without slashes", id))
	}
	var found []Listed
	for _, l := range all {
		if l.ID == id {
			return l.Set, l.Err
		}
		if strings.HasPrefix(l.ID, id) {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 1:
		return found[0].Set, found[0].Err
	case 0:
		return nil, fault.New(fault.Usage, "backup:list shows all; the newest is "+all[0].ID, fmt.Errorf("open set %q: there is no such set in %s", id, s.dir))
	}
	return nil, fault.New(fault.Usage, "write more of the id", fmt.Errorf("open set %q: %d sets begin like that", id, len(found)))
}

// Set is a complete set.
type Set struct {
	Dir      string
	Manifest *manifest.Manifest
	State    *manifest.State // nil when it was never read back
}

func (s *Store) read(id string) (*Set, error) {
	dir := filepath.Join(s.dir, id)
	data, err := os.ReadFile(filepath.Join(dir, manifest.File))
	if err != nil {
		return nil, fault.New(fault.Invalid, "take another set (backup:list shows them)", fmt.Errorf("open set %s: %w", id, err))
	}
	m, err := manifest.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("open set %s: %w", id, err)
	}
	if m.ID != id {
		return nil, fault.New(fault.Invalid, "give the directory its name back: "+m.ID, fmt.Errorf("open set %s: its manifest is that of set %s", id, m.ID))
	}
	set := &Set{Dir: dir, Manifest: m}
	if data, err := os.ReadFile(filepath.Join(dir, manifest.StateFile)); err == nil {
		// A state file that can't be read only means that nothing is known.
		set.State, _ = manifest.DecodeState(data)
	}
	return set, nil
}

// Parts reads the list of a source's parts, which the manifest pins.
func (s *Set) Parts(source *manifest.Source) ([]manifest.Part, error) {
	name := filepath.Join(source.Dir, manifest.PartsFile)
	data, err := os.ReadFile(filepath.Join(s.Dir, name))
	if err != nil {
		return nil, fmt.Errorf("read list of parts: %w", err)
	}
	if manifest.Sum(data) != source.List {
		return nil, fmt.Errorf("read list of parts: %s is not what was written", name)
	}
	return manifest.DecodeParts(data)
}

// SaveState replaces what is known of a set.
func (s *Store) SaveState(set *Set, state *manifest.State) error {
	data, err := manifest.EncodeState(state)
	if err != nil {
		return err
	}
	if err := s.disk.Write(filepath.Join(set.Dir, manifest.StateFile), data, 0o600); err != nil {
		return fmt.Errorf("save state of set %s: %w", set.Manifest.ID, err)
	}
	set.State = state
	return s.disk.SyncPath(set.Dir)
}
