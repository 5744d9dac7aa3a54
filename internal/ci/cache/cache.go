// Package cache keeps what jobs have made and puts it back instead of running them
// again.
//
// An entry is two objects in a Store: KEY.SHA256.tar.zst, an ordinary archive with
// the job's log and its outputs below out/, and KEY.json, a small Header that is
// written last and names the archive by its hash. So an entry is there whole or
// not at all, savers of one key don't disturb each other, and `tar --zstd -x`
// reads it without this program.
//
// An entry is not believed. The header carries a hash of itself; the archive is
// unpacked beside the outputs under a name of its own, with no path of the archive
// ever resolved: each name is made in a directory that was opened for it. Links
// that leave the project, devices, double names and outputs that the job does not
// declare are refused. Only when the archive's hash and those of all outputs are
// right, the outputs are swapped, each by one rename. What is wrong counts as not
// there, is removed, and is told.
//
// Outputs that are on disk already are not unpacked: a stamp below placed/ knows
// sizes, times and inodes of what was saved or restored last. What tools keep for
// themselves inside of outputs (Volatile) is not looked at.
//
// # Trust
//
// The Level of a run is part of the name of an entry, and its first directory:
//
//	a run that is     writes             reads, in this order
//	trusted           trusted/           trusted/
//	local             local/             local/, trusted/
//	untrusted         untrusted-SCOPE/   untrusted-SCOPE/, trusted/
//
// A scope is one pull request or one branch. So what was made from a branch that
// nobody has looked at never reaches another one, nor a release. That holds among
// runs of this program; who runs programs of strangers on a machine that can write
// to the whole store must also keep them out of trusted/ by its permissions: mount
// it read-only there.
package cache

import (
	"sync"
	"time"

	"iact-infra/internal/ci/fingerprint"
	"iact-infra/internal/command"
)

// The causes that callers may want to tell apart.
const (
	// ErrMiss: no entry that may be used. MissError says what was found instead.
	ErrMiss = command.Sentinel("not in the cache")
	// ErrRefused: the outputs hold what no entry can: a socket, a link out of the project.
	ErrRefused = command.Sentinel("can't be kept in the cache")
	// ErrNone: no such object in a store.
	ErrNone = command.Sentinel("no such object in the store")
)

// Cache is a store as one run sees it.
type Cache struct {
	Store Store
	Level Level
	// State is the directory for what concerns this checkout alone: .iact/ci.
	State string
	// Hook, if there is one, is called before each change to a disk and may fail:
	// tests kill the process there, or say that the disk is full.
	Hook func(what string) error

	mu       sync.Mutex
	used     map[string]bool
	exchange func(int, string, int, string, uint) error // nil: renameat2
}

// Job is what the cache has to know of a job.
type Job struct {
	Name string
	// Outputs are paths below the project, or patterns of path.Match.
	Outputs []string
	// Placed says that links to absolute paths belong to the outputs: a venv has one
	// to its interpreter. What such a link names must be there.
	Placed bool
}

// Meta is what is kept with the outputs.
type Meta struct {
	Exit     int
	Duration time.Duration
	Created  time.Time
	Host     string
	Log      string // a file; "": none
}

// Restored is what came out of the cache.
type Restored struct {
	Header Header
	// Untouched says that the outputs on disk were those of the entry already.
	Untouched bool
	// Broken are entries that were not used, and why.
	Broken []error
}

// MissError says that there was no entry to use.
type MissError struct {
	Broken []error // entries that were there
}

func (e *MissError) Error() string {
	text := ErrMiss.Error()
	for _, err := range e.Broken {
		text += "; " + err.Error()
	}
	return text
}

// Is makes it an ErrMiss.
func (e *MissError) Is(target error) bool { return target == ErrMiss }

// Volatile are directories that tools keep inside of outputs for themselves, and
// change whenever they run: that does not make an output another one.
func Volatile() []string {
	return []string{".cache", ".vite", ".vite-temp", ".pytest_cache", ".mypy_cache", ".ruff_cache", "__pycache__"}
}

// Used lists the entries that this run has saved or restored, for Prune.
func (c *Cache) Used() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]bool{}
	for name := range c.used {
		all[name] = true
	}
	return all
}

func (c *Cache) use(entry string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used == nil {
		c.used = map[string]bool{}
	}
	c.used[entry] = true
}

func (c *Cache) before(what string) error {
	if c.Hook == nil {
		return nil
	}
	return c.Hook(what)
}

// entry is the name of an entry: LEVEL/ab/abcdef….
func entry(level Level, key fingerprint.Key) string {
	hash := key.For(level.String())
	return level.String() + "/" + hash[:2] + "/" + hash
}

func headerName(entry string) string       { return entry + ".json" }
func archiveName(entry, sum string) string { return entry + "." + sum + ".tar.zst" }
