// Package discover finds database servers outside of this machine's own
// processes: in running containers and in Vagrant machines.
//
// What a container is called, or which image it has, is only a hint. A server
// counts as found when a process of it runs, and as one that can be backed up
// when its own client program, in the very place where a backup would run it,
// lists its databases. Nothing is started and nothing is changed. Values of the
// environment of a container never reach this process, but for the name of a
// database user: they hold passwords.
package discover

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
)

// State says what stands between a server and its backup.
type State string

// The states of a server.
const (
	Answers       State = "answers"
	NeedsPassword State = "needs password"
	NotRunning    State = "not running"
	NoAnswer      State = "no answer"
)

// Server is a database server in a place, and how to log in to it.
type Server struct {
	Via          string // the place, as a configuration names it
	Kind         string // of the sources that dump its databases
	Host         string // PostgreSQL: the directory of its socket; empty is the default
	Port         int    // 0 is the default
	Socket       string // MariaDB; empty is the default
	User, As     string
	PasswordFile string // where the password is; with NeedsPassword: where it would be looked for

	State     State
	Databases []Database
	Note, Fix string // why it does not answer, and what to type

	Reached   []Address // how this machine reaches it over TCP, as far as that is known
	container Container // that it runs in; the zero value for a machine
}

// Database is a database of a server.
type Database struct {
	Name string
	Size int64 // in bytes
}

// Address is a host and a port.
type Address struct {
	Host string
	Port int
}

// How long one place may take. Vagrant starts slowly, and so does the first
// connection to a machine.
const (
	containerTime = 10 * time.Second
	machineTime   = 60 * time.Second
)

// atOnce is how many containers are looked at side by side.
const atOnce = 6

// Finder looks for servers.
type Finder struct {
	Door     *command.Door
	Docker   *source.Docker
	Places   *command.Places
	Vagrant  string   // the directory of the Vagrantfile
	Machines []string // empty: those that Vagrant has made there
	// Password is where the password of the server of a kind in a place would
	// be, as a file of mode 0600.
	Password func(via, kind string) string
	// Say tells what was not looked at, and why.
	Say func(format string, args ...any)
}

// Look finds the servers in containers and machines, the containers first, each
// by name.
func (f *Finder) Look(ctx context.Context) ([]Server, error) {
	var inContainers, inMachines []Server
	var both sync.WaitGroup
	both.Go(func() { inContainers = f.containers(ctx) })
	// One machine after the other: Vagrant locks its directory.
	both.Go(func() { inMachines = f.machines(ctx) })
	both.Wait()
	return append(inContainers, inMachines...), command.Stopped(ctx)
}

func (f *Finder) containers(ctx context.Context) []Server {
	found, err := Containers(ctx, f.Door, f.Docker)
	if err != nil {
		if !noDocker(err) {
			f.Say("containers were not looked at: %v", err)
		}
		return nil
	}
	var mu sync.Mutex
	var all []Server
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, c := range found {
		if c.Unwanted {
			continue
		}
		group.Go(func() error {
			one, cancel := context.WithTimeoutCause(ctx, containerTime, late(containerTime))
			defer cancel()
			servers := f.container(one, c)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, servers...)
			return nil
		})
	}
	_ = group.Wait() // what went wrong stands beside the server
	slices.SortStableFunc(all, func(a, b Server) int { return cmp.Compare(a.Via, b.Via) })
	return all
}

// noDocker says whether there is nothing here to look at, rather than something
// that cannot be looked at.
func noDocker(err error) bool {
	var missing *command.NotFound
	return errors.As(err, &missing)
}

// late is the end of a place that has not answered.
type late time.Duration

func (l late) Error() string { return "no answer within " + time.Duration(l).String() }

func (l late) Is(target error) bool { return target == context.DeadlineExceeded }
