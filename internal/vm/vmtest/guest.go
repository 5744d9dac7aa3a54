package vmtest

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/provider"
)

// Guest is the inside of a machine, as a transport.
type Guest struct {
	// Answer says what a command prints, and its exit code. Nil prints nothing.
	Answer func(c command.Command, input string) (said string, exit int)

	p  *Provider
	id string

	mu   sync.Mutex
	seen []command.Command
}

// Guest is the inside of a machine. It answers while the machine runs.
func (p *Provider) Guest(id string) *Guest { return &Guest{p: p, id: id} }

// Seen are the commands that were started, in their order.
func (g *Guest) Seen() []command.Command {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]command.Command(nil), g.seen...)
}

// Name implements command.Transport.
func (g *Guest) Name() string { return "vagrant:" + g.id }

// Show implements command.Transport.
func (g *Guest) Show(c command.Command) string { return c.String() }

// Look implements command.Transport: every program is there.
func (g *Guest) Look(_ context.Context, program string) (string, error) {
	return "/usr/bin/" + program, nil
}

// Start implements command.Transport.
func (g *Guest) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	if stdout != nil {
		defer stdout.Close()
	}
	if err := command.Stopped(ctx); err != nil {
		return nil, err
	}
	if err := g.answers(); err != nil {
		return nil, err
	}
	var input []byte
	if c.Stdin != nil {
		var err error
		if input, err = io.ReadAll(c.Stdin); err != nil {
			return nil, err
		}
	}
	g.mu.Lock()
	g.seen = append(g.seen, c)
	g.mu.Unlock()
	if c.Changes && strings.Contains(c.String(), "date -s") {
		g.p.set(g.id)
	}
	e := ended{}
	if g.Answer != nil {
		var said string
		said, e.Exit = g.Answer(c, string(input))
		if stdout != nil {
			if _, err := io.WriteString(stdout, said); err != nil {
				return nil, err
			}
		}
	}
	return e, nil
}

// answers says why nobody gets in.
func (g *Guest) answers() error {
	g.p.mu.Lock()
	defer g.p.mu.Unlock()
	m := g.p.machines[g.id]
	why := "Connection refused"
	switch {
	case m == nil || m.State != provider.Running:
		why = "the machine does not run"
	case m.deaf > 0:
		m.deaf--
	default:
		return nil
	}
	return &command.Unreachable{Place: g.Name(), Why: why, Err: errors.New(why)}
}

// set puts the clock right.
func (p *Provider) set(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.machines[id].lag = 0
}

// ended is a command that has ended.
type ended command.Ending

// Wait implements command.Process.
func (e ended) Wait() command.Ending { return command.Ending(e) }
