// Package backup is the room of procedure PROCED-INFRA-004: back up and restore.
//
// One invocation opens one set. Its capture steps (backup:db, backup:config,
// backup:volumes, backup:vm) lay sources down in it; when backup:seal or backup:all is
// among the targets that seals it, otherwise each capture step seals what it
// captured. A source that fails does not stop the others: the set is sealed without it, its
// manifest says so, and the run fails. steps.go is the procedure as a table.
package backup

import (
	"io"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/machine"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
)

// Options are what the room takes from the house.
type Options struct {
	Config  func() (*config.Config, error) // asked by the first step that needs it
	Getenv  func(string) string
	Now     func() time.Time
	Random  io.Reader
	Host    string
	Version string
	Targets []string // of the command line, in lower case
	// Places are the transports to other hosts and containers; nil where no
	// source is anywhere but on this machine.
	Places func() (*command.Places, error)
	// Machines is what runs virtual machines; nil where there are none.
	Machines func(door *command.Door) (machine.Host, error)
	Hook     disk.Hook // sees every write to the store, and to a machine that is restored; nil in the product
	Answers  io.Reader // of the person at the terminal; nil when there is none
}

// Room runs the backup procedure. It lives as long as the process.
type Room struct {
	o Options

	mu      sync.Mutex
	session *session // of this invocation, once backup:prepare has opened it
	pick    Selection
	plan    string // the set that a plan speaks of

	restored       *restoration       // the last one of this process
	restoredVolume *volumeRestoration // likewise
	restoredVM     *vmRestoration     // likewise
	volumes        volumes
}

// New returns a room that has touched nothing yet.
func New(o Options) *Room { return &Room{o: o} }

// Selection names a set, a source in it and a target directory or file, as a
// command line does. Empty fields mean the newest set, and all sources.
type Selection struct {
	Set, Source, To string
	Yes             bool   // backup:restoreDB may take the live name without a question
	Globals         string // what it does about roles that a server lacks: missing, none, "" to ask
	Dir             string // where backup:restoreVM puts the machine, "" beside the one that was backed up
	Drill           bool   // backup:restoreVM proves the machine and takes it away again
}

// Select says what the next target is about.
func (r *Room) Select(s Selection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pick = s
}

func (r *Room) selection() Selection {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pick
}

// sealsLater says whether a later step of this invocation seals the set.
func (r *Room) sealsLater() bool {
	return slices.Contains(r.o.Targets, "backup:seal") || slices.Contains(r.o.Targets, "backup:all")
}

// whole says whether this invocation makes a whole backup by one target.
func (r *Room) whole() bool { return slices.Contains(r.o.Targets, "backup:all") }

// store is the configured store.
func (r *Room) store(c *config.Config) *store.Store {
	return store.New(c.Backup.Store, disk.New(r.o.Hook))
}

// opened is the configuration and its store, for what only looks at sets.
func (r *Room) opened() (*config.Config, *store.Store, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, nil, err
	}
	return c, r.store(c), nil
}

// stateDir is where the toolkit keeps its own state; no backup holds it.
func stateDir(c *config.Config) string { return filepath.Join(c.Root, ".iact") }
