// Package vmtest holds machines that are only kept in memory, for tests of what is
// done with machines: a provider with its disks and snapshots, and the inside of
// a machine as far as scripts are answered.
//
// A disk is a text. A machine that goes back to a snapshot has the text of then,
// and a clock that goes on from then. The provider refuses what the real ones
// refuse, and a test may have anything happen just before an operation.
package vmtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"iact-infra/internal/vm/provider"
)

// Provider keeps machines. It calls itself libvirt. What it does not have of a
// provider.Exporter is not for calling.
type Provider struct {
	provider.Exporter

	mu       sync.Mutex
	now      time.Time
	machines map[string]*machine
	before   map[string]func() error
}

type machine struct {
	provider.Machine
	disk      string
	lag       time.Duration // of its clock
	deaf      int           // how often it does not answer yet
	snapshots []snapshot
}

type snapshot struct {
	provider.Snapshot
	disk string
}

// New has no machines.
func New() *Provider {
	return &Provider{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), machines: map[string]*machine{}, before: map[string]func() error{}}
}

// Add makes a machine.
func (p *Provider) Add(id, domain string, state provider.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.machines[id] = &machine{Machine: provider.Machine{ID: id, Domain: domain, State: state, Memory: 1 << 30, CPUs: 2}}
}

// Drop removes a machine as somebody does who does not ask Vagrant.
func (p *Provider) Drop(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.machines, id)
}

// Write writes to the disk of a machine.
func (p *Provider) Write(id, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.machines[id].disk = text
}

// Disk is what was written.
func (p *Provider) Disk(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machines[id].disk
}

// Lag is how far the clock of a machine is behind.
func (p *Provider) Lag(id string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machines[id].lag
}

// Before has do happen before an operation on a machine: "take a", "restore a".
// Its error is that of the operation, which does not happen then.
func (p *Provider) Before(operation string, do func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before[operation] = do
}

// Now is the time of this world.
func (p *Provider) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Pass lets time pass.
func (p *Provider) Pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

// Name implements provider.Provider.
func (p *Provider) Name() string { return provider.Libvirt }

// Version implements provider.Provider.
func (p *Provider) Version(context.Context) (string, error) { return "kept in memory", nil }

// on does something with a machine.
func (p *Provider) on(operation, id string, do func(*machine) error) error {
	p.mu.Lock()
	before := p.before[operation+" "+id]
	p.mu.Unlock()
	if before != nil {
		if err := before(); err != nil {
			return fmt.Errorf("%s %s: %w", operation, id, err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.machines[id]
	if m == nil {
		return fmt.Errorf("%s %s: %w", operation, id, provider.ErrGone)
	}
	if err := do(m); err != nil {
		return fmt.Errorf("%s %s: %w", operation, id, err)
	}
	return nil
}

// Machines implements provider.Provider.
func (p *Provider) Machines(context.Context) (map[string]provider.Machine, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]provider.Machine{}
	for id, m := range p.machines {
		all[id] = provider.Machine{ID: id, Domain: m.Domain, State: m.State}
	}
	return all, nil
}

// Look implements provider.Provider.
func (p *Provider) Look(_ context.Context, id string) (found provider.Machine, err error) {
	err = p.on("look", id, func(m *machine) error {
		found = m.Machine
		return nil
	})
	return found, err
}

// Suspend implements provider.Provider.
func (p *Provider) Suspend(_ context.Context, id string) error {
	return p.on("suspend", id, func(m *machine) error { return m.become(provider.Paused, provider.Running, provider.Paused) })
}

// Resume implements provider.Provider.
func (p *Provider) Resume(_ context.Context, id string) error {
	return p.on("resume", id, func(m *machine) error {
		return m.become(provider.Running, provider.Paused, provider.Saved, provider.Running)
	})
}

// Start implements provider.Provider.
func (p *Provider) Start(_ context.Context, id string) error {
	return p.on("start", id, func(m *machine) error { return m.become(provider.Running, provider.Off, provider.Crashed) })
}

// Stop implements provider.Provider.
func (p *Provider) Stop(_ context.Context, id string) error {
	return p.on("stop", id, func(m *machine) error { return m.become(provider.Off, m.State) })
}

func (m *machine) become(state provider.State, from ...provider.State) error {
	if !slices.Contains(from, m.State) {
		return fmt.Errorf("it is %s: %w", m.State, provider.ErrState)
	}
	m.State = state
	return nil
}

func (m *machine) find(name string) int {
	return slices.IndexFunc(m.snapshots, func(s snapshot) bool { return s.Name == name })
}

// Snapshots implements provider.Provider.
func (p *Provider) Snapshots(_ context.Context, id string) (all []provider.Snapshot, err error) {
	err = p.on("snapshots", id, func(m *machine) error {
		for _, one := range m.snapshots {
			all = append(all, one.Snapshot)
		}
		return nil
	})
	return all, err
}

// Take implements provider.Provider. It holds a machine that runs for three
// seconds, in which its clock stands.
func (p *Provider) Take(_ context.Context, id, name, description string) error {
	return p.on("take", id, func(m *machine) error {
		if m.find(name) >= 0 {
			return provider.ErrExists
		}
		on := m.State == provider.Running
		if on {
			m.lag += 3 * time.Second
		}
		m.snapshots = append(m.snapshots, snapshot{disk: m.disk, Snapshot: provider.Snapshot{Name: name, Description: description, Time: p.now, Memory: on || m.State == provider.Paused}})
		return nil
	})
}

// Restore implements provider.Provider. What was running does not answer at once.
func (p *Provider) Restore(_ context.Context, id, name string) error {
	return p.on("restore", id, func(m *machine) error {
		at := m.find(name)
		if at < 0 {
			return provider.ErrNoSnapshot
		}
		one := m.snapshots[at]
		m.disk, m.State, m.lag, m.deaf = one.disk, provider.Off, p.now.Sub(one.Time), 1
		if one.Memory {
			m.State = provider.Running
		}
		return nil
	})
}

// Delete implements provider.Provider.
func (p *Provider) Delete(_ context.Context, id, name string) error {
	return p.on("delete", id, func(m *machine) error {
		at := m.find(name)
		if at < 0 {
			return provider.ErrNoSnapshot
		}
		m.snapshots = slices.Delete(m.snapshots, at, at+1)
		return nil
	})
}
