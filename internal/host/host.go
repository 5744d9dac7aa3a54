// Package host is the room of procedure PROCED-INFRA-002: from a bare machine to
// a Docker host that a devcontainer can live on, and back.
//
// A step changes as little as it can, notes what it found before, and proves its
// effect by using it: a user is in the group when docker answers that user, a
// daemon works when a container of it has spoken. Everything goes through a
// Door, so that the machine may be another one: -on=ssh:USER@HOST.
// steps.go is the procedure as a table.
package host

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/hello"
	"iact-infra/internal/host/survey"
	"iact-infra/internal/procedure"
)

// Options are what the room takes from the house.
type Options struct {
	Config func() (*config.Config, error) // asked by the first step that needs it
	Places func() (*command.Places, error)
	Getenv func(string) string
	Now    func() time.Time
	// Docker are variables for the docker client, as NAME=VALUE lines; nil: this
	// process's own say which daemon it is.
	Docker []string
	Files  Files // of the daemon; empty: where Docker keeps them
}

// Room runs the procedure. It lives as long as the process.
type Room struct {
	o Options

	mu     sync.Mutex
	on     string
	picked bool

	speaking  sync.Mutex // held while step 7 does so, as long as that takes
	spoke     *hello.Proof
	measuring sync.Mutex     // and while step 9 does
	seen      *survey.Report // what step 10 takes of them
}

// New returns a room that has touched nothing yet.
func New(o Options) *Room { return &Room{o: o} }

// Selection is what a command line asks for.
type Selection struct {
	On string // local, ssh:USER@HOST or vagrant:MACHINE; "" is what an earlier target said
}

// Select says which machine the next targets are about. Another one is refused:
// a step runs once in an invocation, and would be passed over for the second one.
func (r *Room) Select(s Selection) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.On != "" {
		if wrong := command.CheckPlace(s.On); wrong != "" {
			return fault.New(fault.Usage, "-on=ssh:USER@HOST or -on=vagrant:MACHINE; without it, this machine", fmt.Errorf("select host %q: it %s", s.On, wrong))
		}
	}
	if r.picked && s.On != "" && s.On != r.on {
		return fault.New(fault.Usage, "type the other machine in a command of its own", fmt.Errorf("select host %s: the targets before it are about %s", s.On, (&machine{on: r.on}).name()))
	}
	if s.On != "" {
		r.on = s.On
	}
	r.picked = true
	return nil
}

// Asked is what a command line asked for, as procedure:resume needs it.
func Asked(args []string) Selection {
	for _, arg := range args {
		if on, is := strings.CutPrefix(arg, "-on="); is {
			return Selection{On: on}
		}
	}
	return Selection{}
}

// Same tells whether two selections mean one machine.
func Same(a, b Selection) bool {
	return a.On == b.On || (&machine{on: a.On}).local() && (&machine{on: b.On}).local()
}

// machine is the host that a step works on.
type machine struct {
	*command.Door
	on   string   // as it was selected; "" is this one
	env  []string // of the docker client
	uid  string
	user string // who is logged in there

	once     sync.Once // who docker answers is found out once
	answered string
}

// machine is the selected host.
func (r *Room) machine(ctx context.Context, w *procedure.Work) (*machine, error) {
	r.mu.Lock()
	on := r.on
	r.mu.Unlock()
	return r.open(ctx, w, on)
}

// open goes to a host and asks who we are there. An undo opens the one that its
// run was about.
func (r *Room) open(ctx context.Context, w *procedure.Work, on string) (*machine, error) {
	m := &machine{Door: w.Door, on: on, env: r.o.Docker}
	if !m.local() {
		places, err := r.o.Places()
		if err != nil {
			return nil, err
		}
		transport, err := places.Transport(on)
		if err != nil {
			return nil, err
		}
		m.Door = w.Door.Via(transport)
	}
	said, err := m.Text(ctx, command.Read("sh", "-c", "id -u; id -un")).String()
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", m.name(), err)
	}
	m.uid, m.user, _ = strings.Cut(strings.TrimSpace(said), "\n")
	return m, nil
}

// recalled reads what a step of the run has noted, and opens the machine that it
// was about, which the note names at on. No machine: it came to nothing.
func (r *Room) recalled(ctx context.Context, w *procedure.Work, key string, note any, on *string) (*machine, error) {
	found, err := w.Recall(key, note)
	if err != nil || !found {
		return nil, err
	}
	return r.open(ctx, w, *on)
}

func (m *machine) local() bool { return m.on == "" || m.on == "local" }

// name is the machine for messages.
func (m *machine) name() string {
	if m.local() {
		return "this machine"
	}
	return m.on
}

// change is a command that only root may run: by sudo where we are not root, and
// then sudo must not ask.
func (m *machine) change(program string, args ...string) command.Command {
	c := command.Change(program, args...)
	c.As = m.root()
	return c
}

// root is who a command has to run as to be root's, "" where we are that.
func (m *machine) root() string {
	if m.uid == "0" {
		return ""
	}
	return "root"
}
