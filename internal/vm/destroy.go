package vm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// isDestroyed is Done and Validate of vm:destroy: neither Vagrant nor the
// provider has anything of the machines.
func (r *Room) isDestroyed(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	all, err := s.machines(ctx)
	if err != nil {
		return "", err
	}
	for _, m := range all {
		if m.ID != "" {
			return "", fmt.Errorf("%w: %s is %s", procedure.ErrNotDone, m.Name, m.is())
		}
	}
	return states(all), nil
}

// destroy is vm:destroy. It says what is lost and asks.
func (r *Room) destroy(ctx context.Context, w *procedure.Work) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	all, err := s.machines(ctx)
	if err != nil {
		return err
	}
	var doomed []machine
	var names, losses []string
	for _, m := range all {
		if m.ID == "" {
			continue
		}
		doomed, names = append(doomed, m), append(names, m.Name)
		loss, err := r.loss(ctx, m)
		if err != nil {
			return err
		}
		losses = append(losses, loss)
	}
	question := fmt.Sprintf("%s: this is lost for good; go tool mage backup:vm keeps it as it is now. Destroy %s? [y/N]", strings.Join(losses, "; "), listed(doomed))
	if err := r.agreed(ctx, w, s.pick.Yes, "destroy "+listed(doomed), question); err != nil {
		return err
	}
	for _, m := range doomed {
		if err := s.unforward(ctx, m); err != nil {
			return err
		}
	}
	if err := r.vagrant(ctx, w, s, nil, "destroy", append(names, "--force")...); err != nil || w.Door.Planning() {
		return err
	}
	return each(ctx, doomed, func(ctx context.Context, m machine) error {
		if known, err := m.provider.Machines(ctx); err != nil {
			return err
		} else if left, there := known[m.ID]; there {
			return fmt.Errorf("destroy %s: vagrant has ended well, and %s still has %s", m.Name, m.Provider, left.Domain)
		}
		return r.forget(s, m.Name)
	})
}

// forget drops what is kept about a machine that is no more.
func (r *Room) forget(s *scene, name string) error {
	places, err := r.o.Places()
	if err != nil {
		return err
	}
	return errors.Join(s.marks.Forget(name), places.Vagrant(name).Forget())
}

// unforward ends what still forwards ports to a machine that was removed without
// Vagrant: they would be taken for the next one.
func (s *scene) unforward(ctx context.Context, m machine) error {
	pids := s.project.Forwarders(m.Made)
	if !m.gone || len(pids) == 0 {
		return nil
	}
	return s.Run(ctx, command.Change("kill", pids...))
}

// loss is what goes with a machine.
func (r *Room) loss(ctx context.Context, m machine) (string, error) {
	if m.gone {
		return m.Name + " is gone already, vagrant's note of it goes too", nil
	}
	seen, err := m.provider.Look(ctx, m.ID)
	if err != nil {
		return "", err
	}
	snapshots, err := m.provider.Snapshots(ctx, m.ID)
	if err != nil {
		return "", err
	}
	var used int64
	for _, d := range seen.Disks {
		used += d.Used
	}
	return fmt.Sprintf("%s is %s, with %s on its disks and %d snapshots; %s", m.Name, m.is(), report.Bytes(used), len(snapshots), r.saved(seen.Domain)), nil
}

// saved says which backup there is. A store that cannot be read holds none that
// anybody could rely on.
func (r *Room) saved(domain string) string {
	if r.o.Saved == nil {
		return "whether a backup holds it is not known"
	}
	held, err := r.o.Saved(domain)
	switch {
	case err != nil:
		return "whether a backup holds it could not be read: " + firstLine(err)
	case held == "":
		return "no backup holds it"
	}
	return held
}

// agreed asks for what cannot be taken back. Without a terminal somebody has to
// have said yes on the command line.
func (r *Room) agreed(ctx context.Context, w *procedure.Work, yes bool, what, question string) error {
	if yes || w.Planning || w.Door.Planning() {
		return nil
	}
	if r.o.Answers == nil {
		return fault.New(fault.Usage, "add -yes=true", fmt.Errorf("%s: nobody is at a terminal to be asked", what))
	}
	agreed, err := w.Say.Confirm(ctx, r.o.Answers, question)
	if err == nil && !agreed {
		err = fault.New(fault.Failed, "IACT_PLAN=1 shows what it would do", errors.New("not confirmed: nothing was changed"))
	}
	return err
}
