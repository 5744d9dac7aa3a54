package house

import (
	"context"
	"time"

	"iact-infra/internal/backup/machine"
	"iact-infra/internal/command"
	"iact-infra/internal/vm"
	"iact-infra/internal/vm/holds"
	"iact-infra/internal/vm/provider"
)

// machines lets the room of the backup reach what the room of the machines knows.
func (h *House) machines(door *command.Door) (machine.Host, error) {
	whole, err := h.vm().Whole(door)
	if err != nil {
		return nil, err
	}
	return &machineHost{whole: whole, now: h.env.Now}, nil
}

// machineHost says in the words of the one what is said in those of the other.
type machineHost struct {
	whole *vm.Whole
	now   func() time.Time
}

func (m *machineHost) Look(ctx context.Context, name string) (machine.Seen, error) {
	known, err := m.whole.Look(ctx, name)
	if err != nil {
		return machine.Seen{}, err
	}
	return seen(known), nil
}

func (m *machineHost) Find(ctx context.Context, of, domain string) (*machine.Seen, error) {
	known, err := m.whole.Find(ctx, of, domain)
	if known == nil || err != nil {
		return nil, err
	}
	is := seen(*known)
	return &is, nil
}

func seen(known vm.Known) machine.Seen {
	s := machine.Seen{
		Name: known.Name, Domain: known.Domain, Provider: known.Made.Provider, ID: known.Made.ID,
		Running: known.State == provider.Running, Memory: known.Memory, CPUs: known.CPUs,
	}
	for _, d := range known.Disks {
		s.Disks = append(s.Disks, machine.Disk{Target: d.Target, Path: d.Path, Size: d.Size, Used: d.Used})
	}
	return s
}

func (m *machineHost) Capture(ctx context.Context, s machine.Seen, scratch string) (*machine.Capture, error) {
	name := s.Name
	if name == "" {
		name = s.Domain
	}
	known, err := m.whole.Look(ctx, name)
	if err != nil {
		return nil, err
	}
	c, facts, err := m.whole.Capture(ctx, known, scratch)
	if err != nil {
		return nil, err
	}
	captured := &machine.Capture{
		Definition: machine.Definition{Provider: c.Definition.Provider, Domain: c.Definition.Domain, Targets: c.Definition.Targets, Files: c.Definition.Files},
		Moment:     m.now(), Frozen: c.Frozen, Notes: c.Notes, Close: c.Close,
	}
	for _, f := range facts {
		captured.Facts = append(captured.Facts, machine.Fact(f))
	}
	for _, d := range c.Disks {
		captured.Disks = append(captured.Disks, machine.Image(d))
	}
	return captured, nil
}

func (m *machineHost) Define(ctx context.Context, d machine.Definition, as machine.Place) (string, error) {
	return m.whole.Define(ctx, provider.Definition{Provider: d.Provider, Domain: d.Domain, Targets: d.Targets, Files: d.Files}, provider.Place(as))
}

func (m *machineHost) Remove(ctx context.Context, of, id string) error {
	return m.whole.Remove(ctx, of, id)
}

func (m *machineHost) Prove(ctx context.Context, r machine.Restored) ([]machine.Check, error) {
	var before []holds.Fact
	for _, f := range r.Facts {
		before = append(before, holds.Fact(f))
	}
	found, err := m.whole.Prove(ctx, r.From.Provider, r.ID, r.From.Files[machine.KeyFile], before)
	var checks []machine.Check
	for _, c := range found {
		checks = append(checks, machine.Check(c))
	}
	return checks, err
}
