// Package vm is the room of procedure PROCED-INFRA-001: from a host with nothing
// on it to machines of Vagrant that are provisioned, proved from inside and from
// the host, and snapshotted, and back.
//
// What changes Vagrant's own state is done by Vagrant. Everything else asks the
// provider, which answers in milliseconds where Vagrant takes seconds.
// A machine that is there is never destroyed on the way to another step.
// steps.go is the procedure as a table.
package vm

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// Options are what the room takes from the house.
type Options struct {
	Config  func() (*config.Config, error) // asked by the first step that needs it
	Places  func() (*command.Places, error)
	Getenv  func(string) string
	Now     func() time.Time
	Random  io.Reader
	Answers io.Reader // of the person at the terminal; nil when there is none
	// Saved tells people which backup holds a machine, by its provider's name; ""
	// when none does. Nil: nobody knows.
	Saved func(domain string) (string, error)
	// Provider makes the provider of a name; nil is the real ones.
	Provider func(name string, door *command.Door) (provider.Exporter, error)
	// Enter leads into a machine; nil is by ssh, as Vagrant says.
	Enter func(machine string) (command.Transport, error)
}

// Room runs the procedure. It lives as long as the process.
type Room struct {
	o Options

	mu         sync.Mutex
	pick       Selection
	taken      []taking  // the snapshots of this invocation
	going      restoring // what it has gone back to
	exportedTo *Exported
}

// New returns a room that has touched nothing yet.
func New(o Options) *Room { return &Room{o: o} }

// Selection is what a command line asks for.
type Selection struct {
	Machine string // "" is all of them
	Name    string // of a snapshot
	To      string // a file or directory
	Yes     bool   // nobody is asked
}

// Select says what the next target is about. Another machine is refused: a step
// runs once in an invocation, and would be passed over for the second one.
func (r *Room) Select(s Selection) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Machine != "" && command.CheckPlace("vagrant:"+s.Machine) != "" {
		return fault.New(fault.Usage, "mage vm:status names the machines", fmt.Errorf("select machine %q: that is no name of a machine", s.Machine))
	}
	if r.pick.Machine != "" && s.Machine != "" && s.Machine != r.pick.Machine {
		return fault.New(fault.Usage, "type the other machine in a command of its own", fmt.Errorf("select machine %s: the targets before it are about %s", s.Machine, r.pick.Machine))
	}
	if s.Machine == "" {
		s.Machine = r.pick.Machine
	}
	r.pick = s
	return nil
}

func (r *Room) selection() Selection {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pick
}

// Asked is what a command line asked for, as procedure:resume needs it.
func Asked(args []string) Selection {
	var s Selection
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "-machine":
			s.Machine = value
		case "-name":
			s.Name = value
		case "-to":
			s.To = value
		case "-yes":
			s.Yes = value == "" || value == "true"
		}
	}
	return s
}

// RunsAbout picks, by their command lines, the runs that vm:rollback may take
// back: all of them, or those about one machine. A newer run about all machines
// stands in the way of these: it cannot be taken back for one alone, and what came
// before it not without it.
func RunsAbout(name string) func(args []string) (bool, error) {
	return func(args []string) (bool, error) {
		about := Asked(args).Machine
		if name != "" && about == "" {
			return false, fault.New(fault.Usage, "to undo it for all of them: mage vm:rollback", fmt.Errorf("roll back machine %s: the last run that changed it, %s, is about all machines", name, strings.Join(args, " ")))
		}
		return name == "" || about == name, nil
	}
}
