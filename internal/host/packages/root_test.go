package packages_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/host/packages"
	"iact-infra/internal/testbed"
)

// root is a throw-away system that a test may do anything to.
type root struct {
	*testbed.Root
	t       *testing.T
	list    string // where apt of this machine finds packages
	apt     *packages.Apt
	mu      sync.Mutex
	said    []string
	noted   []packages.Record
	changes *counter
}

func newRoot(t *testing.T) *root {
	t.Helper()
	r := &root{t: t, Root: testbed.OwnRoot(t)}
	r.list = r.Sh("cat /etc/apt/sources.list") + "\n"
	r.Write("/etc/apt/sources.list", "")
	r.changes = &counter{Transport: r.Transport()}
	r.apt = &packages.Apt{Door: command.NewDoor(r.changes), LockWait: time.Minute, Say: func(format string, args ...any) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = append(r.said, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}, Note: func(record packages.Record) error {
		r.noted = append(r.noted, record)
		return nil
	}}
	return r
}

// errKilled stands for the death of this process.
var errKilled = errors.New("killed here")

// counter counts changing commands and, from the one numbered killAt on, lets
// nothing run any more.
type counter struct {
	command.Transport
	mu     sync.Mutex
	n      int
	killAt int
	dead   bool
	lines  []string
}

func (c *counter) arm(killAt int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n, c.killAt, c.dead, c.lines = 0, killAt, false, nil
}

func (c *counter) Start(ctx context.Context, inner command.Command, stdout *os.File) (command.Process, error) {
	c.mu.Lock()
	if inner.Changes && !c.dead {
		c.n++
		c.lines = append(c.lines, inner.String())
		if c.killAt > 0 && c.n == c.killAt {
			c.dead = true
		}
	}
	dead := c.dead
	c.mu.Unlock()
	if dead {
		if stdout != nil {
			stdout.Close()
		}
		return nil, errKilled
	}
	return c.Transport.Start(ctx, inner, stdout)
}
